#include "daemon/check.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <filesystem>

#include "core/base/file.h"

namespace sluice {
namespace {

namespace ip = boost::asio::ip;

template <class Protocol_>
Result<void> check_port(const std::string& what, const std::string& host, uint16_t port) {
  boost::asio::io_context io;
  boost::system::error_code error;
  const ip::address address = ip::make_address(host, error);
  if (!error) {
    const typename Protocol_::endpoint endpoint(address, port);
    typename Protocol_::socket socket(io);
    socket.open(endpoint.protocol(), error);
    // As the listeners do: a port whose last connections linger is free.
    if (!error && endpoint.protocol().type() == SOCK_STREAM)
      socket.set_option(boost::asio::socket_base::reuse_address(true), error);
    if (!error) socket.bind(endpoint, error);
  }
  if (!error) return {};
  return Unexpected(
      Error{what + ": can't listen on " + host + ":" + std::to_string(port) + ": " + error.message(), error.value()});
}

}  // namespace

Result<void> check_store(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::path existing = fs::absolute(path, ignored);
  while (!fs::exists(existing, ignored) && existing.has_parent_path() && existing != existing.parent_path()) {
    existing = existing.parent_path();
  }
  if (!fs::is_directory(existing, ignored)) {
    return Unexpected(Error{"store.path " + path + ": " + existing.string() + " is not a directory", ENOTDIR});
  }
  if (access(existing.c_str(), W_OK | X_OK) != 0)
    return Unexpected(system_error("store.path " + path + ": write in " + existing.string(), errno));
  return {};
}

bool store_in_use(const std::string& path) {
  const std::string lock = path + "/lock";
  if (access(lock.c_str(), F_OK) != 0) return false;
  auto held = real_file_system().lock(lock);
  return !held && held.error().sys == EWOULDBLOCK;
}

Result<void> check_ports(const Config& config) {
  for (const ListenerConfig& listener : config.listeners) {
    auto checked = listener.protocol == Protocol::udp
                       ? check_port<ip::udp>(listener.name, listener.host, listener.port)
                       : check_port<ip::tcp>(listener.name, listener.host, listener.port);
    if (!checked) return checked;
  }
  if (!config.admin_enabled) return {};
  return check_port<ip::tcp>("admin.address", config.admin_host, config.admin_port);
}

}  // namespace sluice
