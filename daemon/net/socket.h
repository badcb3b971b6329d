// Sockets: opened, bound and named. The few system calls that Asio does not know are made on their descriptors.
//
//   auto socket = open_tcp("::1", 5514);            // listening, non-blocking
//   if (!socket) ... socket.error().message: "cannot listen on [::1]:5514 (tcp): Address already in use"
//
// Threads: the functions are safe from any thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/address.h"
#include "core/base/error.h"

namespace sluice {

// A descriptor that is closed with its owner.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void close();

 private:
  int fd_ = -1;
};

// `host` is an address, a name, or "*" for every address. IPv6 "::" takes IPv4 senders too.
Result<Socket> open_tcp(const std::string& host, uint16_t port);
// `count` sockets on one port. Datagrams are spread over them at random, so that even a single sender uses them all; the
// chunks of one GELF message stay together.
Result<std::vector<Socket>> open_udp(const std::string& host, uint16_t port, uint32_t count);

uint16_t local_port(int fd);

// Asks for a receive buffer, over the machine's limit where that is allowed. Returns what the kernel gave.
uint64_t set_receive_buffer(int fd, uint64_t bytes);

}  // namespace sluice
