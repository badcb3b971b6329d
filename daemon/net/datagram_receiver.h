// DatagramReceiver: one recvmmsg. Datagrams go straight into a round of a slot (core/spool/datagram_rounds.h); what is longer
// than its stride goes on in an overflow area, so that no datagram is ever cut, whatever the stride.
//
//   DatagramReceiver receiver;
//   int got = receiver.receive(fd, round);
//   for (int i = 0; i < got; ++i) {
//     if (round.length(i) > stride) ... round.data(i) has its beginning, receiver.overflow(i) the rest ...
//   }
//   got = receiver.discard(fd);                 // read and forget: only lengths and first bytes
//
// The overflow area is plain memory: a process killed before a long datagram was copied from it leaves its beginning.
//
// Threads: one at a time. Memory: kOverflowBytes, of which the kernel gives only the pages that long datagrams touch.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "core/spool/datagram_rounds.h"

namespace sluice {

class DatagramReceiver {
 public:
  static constexpr size_t kDatagrams = 64;      // a call; more gained nothing, the call is shared enough
  static constexpr size_t kLongest = 64 << 10;  // bytes; UDP's own limit is 65,527
  static constexpr size_t kOverflowBytes = kDatagrams * kLongest;

  DatagramReceiver();

  // How many were received, at most as many as the round holds; -1 with errno. Never waits.
  // REQUIRES: the round is for at most kDatagrams
  int receive(int fd, const DatagramRound& round);
  const char* overflow(size_t i) const { return overflow_.get() + i * kLongest; }

  int discard(int fd);
  // After discard(): the datagram's length, and what a GELF chunk begins with.
  size_t length(int i) const { return headers_[static_cast<size_t>(i)].msg_len; }
  std::string_view beginning(int i) const;

 private:
  static constexpr size_t kBeginning = 16;

  std::array<iovec, 2 * kDatagrams> parts_{};
  std::unique_ptr<char[]> overflow_;
  // For discard().
  std::array<mmsghdr, kDatagrams> headers_{};
  std::array<std::array<char, kBeginning>, kDatagrams> beginnings_{};
};

}  // namespace sluice
