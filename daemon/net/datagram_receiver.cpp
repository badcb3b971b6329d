#include "daemon/net/datagram_receiver.h"

#include <algorithm>
#include <cerrno>

namespace sluice {
namespace {

int receive_all(int fd, mmsghdr* headers, size_t count, int flags) {
  int got = 0;
  do {
    got = recvmmsg(fd, headers, static_cast<unsigned>(count), MSG_DONTWAIT | flags, nullptr);
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

DatagramReceiver::DatagramReceiver() : overflow_(std::make_unique_for_overwrite<char[]>(kOverflowBytes)) {}

int DatagramReceiver::receive(int fd, const DatagramRound& round) {
  mmsghdr* const headers = round.headers();
  const auto [count, stride] = round.shape();
  for (size_t i = 0; i < count; ++i) {
    parts_[2 * i] = {round.data(i), stride};
    parts_[2 * i + 1] = {overflow_.get() + i * kLongest, kLongest};
    msghdr& message = headers[i].msg_hdr;
    message.msg_name = round.sender(i);
    message.msg_namelen = sizeof(sockaddr_in6);
    message.msg_iov = &parts_[2 * i];
    message.msg_iovlen = 2;
  }
  return receive_all(fd, headers, count, 0);
}

int DatagramReceiver::discard(int fd) {
  for (size_t i = 0; i < kDatagrams; ++i) {
    parts_[i] = {beginnings_[i].data(), kBeginning};
    headers_[i] = {};
    headers_[i].msg_hdr.msg_iov = &parts_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
  return receive_all(fd, headers_.data(), kDatagrams, MSG_TRUNC);  // lengths are the datagrams', not what was copied
}

std::string_view DatagramReceiver::beginning(int i) const {
  return {beginnings_[static_cast<size_t>(i)].data(), std::min(length(i), kBeginning)};
}

}  // namespace sluice
