#include "daemon/service/sd_notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace sluice {
namespace {

struct UnixAddress {
  sockaddr_un address{};
  socklen_t length = 0;
};

std::optional<UnixAddress> unix_address(const std::string& socket) {
  UnixAddress result;
  const size_t room = sizeof result.address.sun_path;
  if (socket.size() < 2 || socket.size() >= room || (socket[0] != '/' && socket[0] != '@'))
    return std::nullopt;
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path, socket.data(), socket.size());
  const bool abstract = socket[0] == '@';
  if (abstract) result.address.sun_path[0] = '\0';
  // An abstract name is exactly its bytes; a path ends with its NUL.
  result.length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() + (abstract ? 0 : 1));
  return result;
}

std::optional<uint64_t> environment_number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  const char* end = text + std::strlen(text);
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

std::chrono::microseconds watchdog_from_environment() {
  const auto limit = environment_number("WATCHDOG_USEC");
  const bool for_another = std::getenv("WATCHDOG_PID") != nullptr &&
                           environment_number("WATCHDOG_PID") != static_cast<uint64_t>(getpid());
  constexpr uint64_t kLongest =
      3'600'000'000'000;  // microseconds; 1000 h, so that sums with it can't overflow
  if (!limit || for_another) return {};
  return std::chrono::microseconds(std::min(*limit, kLongest));
}

// The protocol is lines of NAME=value.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

Notifier Notifier::from_environment() {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  Notifier notifier(socket == nullptr ? "" : socket, watchdog_from_environment());
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  return notifier;
}

Notifier::Notifier(std::string socket, std::chrono::microseconds watchdog) : socket_(std::move(socket)) {
  if (!unix_address(socket_)) return;
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return;
  watchdog_ = watchdog;
  constexpr timeval kPatience{5, 0};  // much longer than a manager that lives needs to read
  (void)::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
}

Notifier::Notifier(Notifier&& other) noexcept
    : socket_(std::move(other.socket_)), watchdog_(other.watchdog_), fd_(std::exchange(other.fd_, -1)) {}

Notifier& Notifier::operator=(Notifier&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(watchdog_, other.watchdog_);
  std::swap(fd_, other.fd_);
  return *this;
}

Notifier::~Notifier() {
  if (fd_ >= 0) ::close(fd_);
}

void Notifier::ready(std::string_view status) const { send("READY=1\nSTATUS=" + one_line(status)); }
void Notifier::stopping(std::string_view status) const { send("STOPPING=1\nSTATUS=" + one_line(status)); }
void Notifier::status(std::string_view text) const { send("STATUS=" + one_line(text), MSG_DONTWAIT); }
void Notifier::watchdog() const { send("WATCHDOG=1", MSG_DONTWAIT); }
void Notifier::extend_timeout(std::chrono::microseconds time) const {
  send("EXTEND_TIMEOUT_USEC=" + std::to_string(time.count()));
}

void Notifier::send(const std::string& state, int flags) const {
  if (fd_ < 0) return;
  const auto to = unix_address(socket_);
  // A lost READY or STOPPING would cost the service its life; a lost STATUS is followed by the next one.
  (void)::sendto(fd_, state.data(), state.size(), flags | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to->address), to->length);
}

}  // namespace sluice
