#include "daemon/net/datagram_round.h"

#include <algorithm>
#include <cerrno>

namespace sluice {

DatagramRound::DatagramRound() : overflow_(std::make_unique_for_overwrite<char[]>(kOverflowBytes)) {
  for (size_t i = 0; i < kDatagrams; ++i) {
    headers_[i].msg_hdr.msg_name = &senders_[i];
    headers_[i].msg_hdr.msg_iov = &parts_[2 * i];
    parts_[2 * i + 1] = {overflow_.get() + i * kLongest, kLongest};
  }
}

int DatagramRound::receive(int fd, char* to, size_t stride, size_t count) {
  count = std::min(count, kDatagrams);
  for (size_t i = 0; i < count; ++i) {
    parts_[2 * i] = {to + i * stride, stride};
    headers_[i].msg_hdr.msg_iovlen = 2;
  }
  return call(fd, count, 0);
}

int DatagramRound::discard(int fd) {
  for (size_t i = 0; i < kDatagrams; ++i) {
    parts_[2 * i] = {beginnings_[i].data(), kBeginning};
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
  return call(fd, kDatagrams, MSG_TRUNC);  // lengths are the datagrams', not those of what was copied
}

std::string_view DatagramRound::beginning(int i) const {
  return {beginnings_[static_cast<size_t>(i)].data(), std::min(length(i), kBeginning)};
}

int DatagramRound::call(int fd, size_t count, int flags) {
  for (size_t i = 0; i < count; ++i) headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
  int got = 0;
  do {
    got = recvmmsg(fd, headers_.data(), static_cast<unsigned>(count), MSG_DONTWAIT | flags, nullptr);
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace sluice
