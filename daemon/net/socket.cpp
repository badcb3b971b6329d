#include "daemon/net/socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>

namespace sluice {
namespace {

// As much as net.core.somaxconn allows, which the kernel cuts it to: a burst of senders that reconnect at once.
constexpr int kBacklog = 4096;

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
};

std::string shown(const std::string& host, uint16_t port, const char* protocol) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port) + " (" + protocol + ")";
}

Result<Endpoint> resolve(const std::string& host, uint16_t port, int type, const char* protocol) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = type;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* node = host == "*" || host.empty() ? nullptr : host.c_str();
  const int error = getaddrinfo(node, std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    const std::string why = error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error);
    return Unexpected(Error{"cannot listen on " + shown(host, port, protocol) + ": " + why, 0});
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  Endpoint endpoint;
  endpoint.length = static_cast<socklen_t>(found->ai_addrlen);
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  return endpoint;
}

Error cannot_listen(const std::string& host, uint16_t port, const char* protocol, int error) {
  return system_error("cannot listen on " + shown(host, port, protocol), error);
}

void set_flag(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

// Opened and bound, or -1 with errno.
int open_bound(const Endpoint& endpoint, int type, bool share_port) {
  const int fd = ::socket(endpoint.address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  Socket socket(fd);
  if (type == SOCK_STREAM) set_flag(fd, SOL_SOCKET, SO_REUSEADDR);  // restart while old connections linger
  if (share_port) set_flag(fd, SOL_SOCKET, SO_REUSEPORT);
  if (endpoint.address.ss_family == AF_INET6) {
    const int off = 0;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (bind(fd, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.length) != 0) {
    const int error = errno;
    socket.close();
    errno = error;
    return -1;
  }
  return socket.release();
}

void set_port(Endpoint& endpoint, uint16_t port) {
  if (endpoint.address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(endpoint.address).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(endpoint.address).sin_port = htons(port);
  }
}

// The kernel's own choice is a hash of the addresses, which gives all of one sender's datagrams to one socket. This
// program chooses at random instead; a GELF chunk (1e 0f) by its message's id, because its siblings must meet it.
void spread(int fd, uint32_t count) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),  // too short: the program ends with socket 0
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x1e0f, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6),  // low half of the message id
      BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  const sock_fprog attached{static_cast<unsigned short>(std::size(program)), program};
  // Refused by an unusual kernel: the sockets still work, spread by sender.
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached);
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Socket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Socket> open_tcp(const std::string& host, uint16_t port) {
  const auto endpoint = resolve(host, port, SOCK_STREAM, "tcp");
  if (!endpoint) return Unexpected(endpoint.error());
  Socket socket(open_bound(*endpoint, SOCK_STREAM, false));
  if (!socket || ::listen(socket.fd(), kBacklog) != 0) return Unexpected(cannot_listen(host, port, "tcp", errno));
  return socket;
}

Result<std::vector<Socket>> open_udp(const std::string& host, uint16_t port, uint32_t count) {
  auto endpoint = resolve(host, port, SOCK_DGRAM, "udp");
  if (!endpoint) return Unexpected(endpoint.error());
  // Bound alone first: sockets that share their port would share it with another program of this user too.
  Socket first(open_bound(*endpoint, SOCK_DGRAM, false));
  if (!first) return Unexpected(cannot_listen(host, port, "udp", errno));
  std::vector<Socket> sockets;
  if (count <= 1) {
    sockets.push_back(std::move(first));
    return sockets;
  }
  set_port(*endpoint, local_port(first.fd()));
  first.close();
  for (uint32_t i = 0; i < count; ++i) {
    Socket socket(open_bound(*endpoint, SOCK_DGRAM, true));
    if (!socket) return Unexpected(cannot_listen(host, port, "udp", errno));
    sockets.push_back(std::move(socket));
  }
  spread(sockets.front().fd(), count);
  return sockets;
}

uint16_t local_port(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

uint64_t set_receive_buffer(int fd, uint64_t bytes) {
  const int asked = static_cast<int>(std::min<uint64_t>(bytes, 1 << 30));
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &asked, sizeof asked) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked);
  }
  int given = 0;
  socklen_t length = sizeof given;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &given, &length);
  return static_cast<uint64_t>(given) / 2;  // the kernel doubles what was asked, for its own overhead
}

}  // namespace sluice
