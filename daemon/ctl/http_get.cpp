#include "daemon/ctl/http_get.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>

namespace sluice {
namespace {

constexpr int kStepSeconds = 5;
constexpr size_t kMaxAnswerBytes = 16 << 20;

// A socket, closed at the end.
class Connection {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

int connect_to(const addrinfo& address) {
  const int descriptor = socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
  if (descriptor < 0) return -1;
  const timeval patience{.tv_sec = kStepSeconds, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // connect() keeps to it too
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return descriptor;
  const int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

Result<int> connect_to(const std::string& host, uint16_t port, const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unknown = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (unknown != 0) return Unexpected(Error{host + ": " + gai_strerror(unknown)});
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int descriptor = connect_to(*address);
    if (descriptor >= 0) return descriptor;
  }
  return Unexpected(system_error("nobody answers at " + name, errno));
}

Result<void> send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unexpected(system_error("send", errno));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<std::string> receive_all(int descriptor) {
  std::string answer;
  char piece[16384];
  for (;;) {
    const ssize_t n = recv(descriptor, piece, sizeof piece, 0);
    if (n == 0) return answer;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Unexpected(Error{"no answer in time"});
    if (n < 0) return Unexpected(system_error("recv", errno));
    answer.append(piece, static_cast<size_t>(n));
    if (answer.size() > kMaxAnswerBytes) return Unexpected(Error{"the answer is too long"});
  }
}

// The body of an answer with status 200.
Result<std::string> body_of(std::string answer) {
  const size_t head_end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || head_end == std::string::npos) {
    return Unexpected(Error{"the answer is not HTTP"});
  }
  const std::string status = answer.substr(9, answer.find("\r\n") - 9);
  if (!status.starts_with("200")) return Unexpected(Error{"the answer is " + status});
  return answer.substr(head_end + 4);
}

}  // namespace

Result<std::string> http_get(const std::string& host, uint16_t port, const std::string& path) {
  const bool bare_ipv6 = host.find(':') != std::string::npos;
  const std::string name = (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  const auto descriptor = connect_to(host, port, name);
  if (!descriptor) return Unexpected(descriptor.error());
  const Connection connection(*descriptor);
  const auto sent =
      send_all(connection.get(), "GET " + path + " HTTP/1.0\r\nHost: " + name + "\r\nConnection: close\r\n\r\n");
  auto answer = sent ? receive_all(connection.get()) : Result<std::string>(Unexpected(sent.error()));
  auto body = answer ? body_of(std::move(answer).value()) : std::move(answer);
  if (!body) return Unexpected(Error{name + path + ": " + body.error().message, body.error().sys});
  return body;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  uint16_t number = 0;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == port.data() + port.size() && number != 0;
  if (!whole || host.empty() || (!bracketed && host.find_first_of(":[]") != std::string_view::npos)) {
    return Unexpected(Error{"'" + std::string(text) + "' is not an address: give HOST:PORT or [IPV6]:PORT"});
  }
  return HostPort{std::string(host), number};
}

}  // namespace sluice
