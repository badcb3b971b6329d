// DatagramRound: one recvmmsg. Datagrams go straight into a slot, `stride` bytes apart; what is longer than its stride
// goes on in an overflow area, so that no datagram is ever cut, whatever the stride.
//
//   DatagramRound round;
//   int got = round.receive(fd, to, stride, room_for);
//   for (int i = 0; i < got; ++i) {
//     if (round.length(i) > stride) ... to + i * stride has its beginning, round.overflow(i) the rest ...
//   }
//   got = round.discard(fd);                    // read and forget: only lengths and first bytes
//
// Threads: one at a time. Memory: kOverflowBytes, of which the kernel gives only the pages that long datagrams touch.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace sluice {

class DatagramRound {
 public:
  static constexpr size_t kDatagrams = 64;      // a call; more gained nothing, the call is shared enough
  static constexpr size_t kLongest = 64 << 10;  // bytes; UDP's own limit is 65,527
  static constexpr size_t kOverflowBytes = kDatagrams * kLongest;

  DatagramRound();

  // How many were received, at most `count`; -1 with errno. Never waits.
  int receive(int fd, char* to, size_t stride, size_t count);
  int discard(int fd);

  size_t length(int i) const { return headers_[static_cast<size_t>(i)].msg_len; }
  const sockaddr_in6& sender(int i) const { return senders_[static_cast<size_t>(i)]; }
  const char* overflow(int i) const { return overflow_.get() + static_cast<size_t>(i) * kLongest; }
  // After discard(): what a GELF chunk begins with, and no more.
  std::string_view beginning(int i) const;

 private:
  static constexpr size_t kBeginning = 16;

  int call(int fd, size_t count, int flags);

  std::array<mmsghdr, kDatagrams> headers_{};
  std::array<iovec, 2 * kDatagrams> parts_{};
  std::array<sockaddr_in6, kDatagrams> senders_{};  // holds an IPv4 address too
  std::array<std::array<char, kBeginning>, kDatagrams> beginnings_{};
  std::unique_ptr<char[]> overflow_;
};

}  // namespace sluice
