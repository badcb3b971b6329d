// The UDP listener: one or more sockets that share a port, each emptied by a UdpReader in its I/O thread.
#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "daemon/net/listener.h"
#include "daemon/net/udp_reader.h"

namespace sluice {
namespace {

UdpSettings settings_of(const ListenerConfig& config) {
  UdpSettings settings;
  settings.overflow = config.overflow;
  settings.max_frame_bytes = std::max<uint64_t>(config.max_frame_bytes, 1);
  settings.gelf = config.format == FormatChoice::gelf || config.format == FormatChoice::automatic;
  settings.gelf_only = config.format == FormatChoice::gelf;
  return settings;
}

class UdpListener final : public Listener {
 public:
  explicit UdpListener(std::vector<std::shared_ptr<UdpReader>> readers)
      : readers_(std::move(readers)), port_(local_port(readers_.front()->fd())) {}

  // Chunks go to the first socket. Where there are more, the kernel sends a message's later chunks to one of them: chosen by
  // the message's id, it need not be this one.
  void adopt(std::vector<PendingSlot> slots) override { readers_.front()->adopt(std::move(slots)); }

  void start() override {
    for (const auto& reader : readers_) {
      boost::asio::post(reader->intake().io, [reader] { reader->start(); });
    }
  }

  void stop_intake(std::function<void()> done) override {
    auto left = std::make_shared<std::atomic<size_t>>(readers_.size());
    for (const auto& reader : readers_) {
      boost::asio::post(reader->intake().io, [reader, left, done] {
        reader->stop([left, done] {
          if (left->fetch_sub(1) == 1 && done) done();
        });
      });
    }
  }

  void close() override {
    for (const auto& reader : readers_) reader->close();
  }

  uint16_t port() const override { return port_; }

  ListenerStats stats() const override {
    ListenerStats stats;
    for (const auto& reader : readers_) reader->add_stats(stats);
    return stats;
  }

 private:
  const std::vector<std::shared_ptr<UdpReader>> readers_;
  const uint16_t port_;
};

}  // namespace

Result<std::unique_ptr<Listener>> make_udp_listener(const ListenerConfig& config, ListenerParts parts) {
  const std::string who = "listener " + config.name + ": ";
  auto sockets = open_udp(config.host, config.port, std::max(1u, config.sockets));
  if (!sockets) return Unexpected(Error{who + sockets.error().message, sockets.error().sys});
  std::vector<std::shared_ptr<UdpReader>> readers;
  uint64_t least = config.receive_buffer;
  for (Socket& socket : *sockets) {
    least = std::min(least, set_receive_buffer(socket.fd(), config.receive_buffer));
    boost::asio::io_context& io = *parts.io[readers.size() % parts.io.size()];
    auto poller = Poller::make(io);
    if (!poller) return Unexpected(system_error(who + "epoll_create1", errno));
    auto intake = std::make_unique<Intake>(config.name, parts, io, std::move(poller));
    readers.push_back(std::make_shared<UdpReader>(std::move(intake), std::move(socket), settings_of(config)));
  }
  if (least < config.receive_buffer && parts.report) {
    parts.report(who + "the kernel gave a receive buffer of " + std::to_string(least) + " bytes instead of " +
                 std::to_string(config.receive_buffer) +
                 "; \"sysctl net.core.rmem_max=" + std::to_string(config.receive_buffer) + "\" allows it");
  }
  return std::unique_ptr<Listener>(std::make_unique<UdpListener>(std::move(readers)));
}

}  // namespace sluice
