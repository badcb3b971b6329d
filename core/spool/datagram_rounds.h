// DatagramRounds: how datagrams lie in a slot, so that their lengths and senders are in the spool the moment the kernel
// has written them. A slot holds rounds one behind the other; each is one recvmmsg(2):
//
//   RoundHead | mmsghdr x count | sender x count | stride x count
//
//   DatagramRounds rounds(slot);                  // REQUIRES: a slot described as SlotKind::datagrams
//   if (auto round = rounds.begin(stride, 64)) {
//     int got = round->receive(fd);
//     for (int i = 0; i < got; ++i) round->length(i), round->sender(i), round->data(i) ...
//     rounds.end(*round, got);                    // the room of what did not come is free again
//   }
//   rounds.add_copy(sender, bytes);               // a datagram that lay elsewhere: a round of its own
//   for_each_datagram(header, data, [](const sockaddr_in6& sender, uint32_t offset, uint32_t length) { ... });
//
// Threads: the slot's owner. Memory: none of its own.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/spool/slot_header.h"

namespace sluice {

struct RoundHead {
  uint32_t count;
  uint32_t stride;
};

// Where the parts of a round lie, from its beginning.
struct RoundShape {
  uint32_t count;
  uint32_t stride;

  static constexpr size_t kSenderBytes = 32;  // a sockaddr_in6, which an IPv4 address fits in too
  static constexpr size_t kPerDatagram = sizeof(mmsghdr) + kSenderBytes;

  size_t headers() const { return sizeof(RoundHead); }
  size_t senders() const { return headers() + count * sizeof(mmsghdr); }
  size_t data() const { return senders() + count * kSenderBytes; }
  size_t bytes() const { return (data() + size_t{count} * stride + 7) / 8 * 8; }
};

class DatagramRound {
 public:
  DatagramRound(char* at, RoundShape shape) : at_(at), shape_(shape) {}

  RoundShape shape() const { return shape_; }
  mmsghdr* headers() const { return reinterpret_cast<mmsghdr*>(at_ + shape_.headers()); }
  sockaddr_in6* sender(size_t i) const {
    return reinterpret_cast<sockaddr_in6*>(at_ + shape_.senders() + i * RoundShape::kSenderBytes);
  }
  char* data(size_t i) const { return at_ + shape_.data() + i * shape_.stride; }
  size_t length(size_t i) const { return headers()[i].msg_len; }

 private:
  char* at_;
  RoundShape shape_;
};

class DatagramRounds {
 public:
  DatagramRounds() = default;
  explicit DatagramRounds(Slot& slot) : header_(&header_of(slot)), data_(slot.data()), size_(slot.size()) {}

  // How many datagrams of that stride there is room for.
  size_t room(size_t stride) const {
    const size_t left = size_ - header_->rounds_end;
    return left < sizeof(RoundHead) + 8 ? 0 : (left - sizeof(RoundHead) - 8) / (stride + RoundShape::kPerDatagram);
  }

  // REQUIRES: 1 <= count <= room(stride). The headers are zero: nothing has come.
  DatagramRound begin(size_t stride, size_t count) {
    const RoundShape shape{static_cast<uint32_t>(count), static_cast<uint32_t>(stride)};
    char* const at = data_ + header_->rounds_end;
    std::memset(at, 0, shape.data());
    const RoundHead head{shape.count, shape.stride};
    std::memcpy(at, &head, sizeof head);
    header_->rounds_end += static_cast<uint32_t>(shape.bytes());
    return {at, shape};
  }
  size_t used() const { return header_->rounds_end; }  // bytes
  void cancel(const DatagramRound& round) { header_->rounds_end -= static_cast<uint32_t>(round.shape().bytes()); }

  // False when there is no room.
  bool add_copy(const sockaddr_in6& sender, std::string_view first, std::string_view rest, uint32_t& offset) {
    const size_t length = first.size() + rest.size();
    if (room(length) == 0) return false;
    const DatagramRound round = begin(length, 1);
    *round.sender(0) = sender;
    std::memcpy(round.data(0), first.data(), first.size());
    if (!rest.empty()) std::memcpy(round.data(0) + first.size(), rest.data(), rest.size());
    round.headers()[0].msg_len = static_cast<uint32_t>(length);
    offset = static_cast<uint32_t>(round.data(0) - data_);
    return true;
  }

 private:
  SlotHeader* header_ = nullptr;
  char* data_ = nullptr;
  size_t size_ = 0;
};

// Visits what came, in order: visit(sender, offset of data, length, the datagram's mmsghdr). A datagram that went on
// elsewhere has length 0 and is passed over. False when the rounds do not add up.
template <class Visit>
bool for_each_datagram(const SlotHeader& header, char* data, Visit visit) {
  const size_t end = std::min<size_t>(header.rounds_end, kSlotRoom[header.level]);
  for (size_t at = 0; at < end;) {
    RoundHead head;
    if (end - at < sizeof head) return false;
    std::memcpy(&head, data + at, sizeof head);
    const RoundShape shape{head.count, head.stride};
    if (head.count == 0 || head.count > end || head.stride > end || shape.bytes() > end - at) return false;
    const DatagramRound round(data + at, shape);
    for (size_t i = 0; i < head.count; ++i) {
      // Longer than its stride: it was about to be copied in full, and the rest was elsewhere.
      const size_t length = std::min<size_t>(round.length(i), head.stride);
      if (length == 0) continue;
      visit(*round.sender(i), static_cast<uint32_t>(round.data(i) - data), static_cast<uint32_t>(length),
            round.headers()[i]);
    }
    at += shape.bytes();
  }
  return true;
}

}  // namespace sluice
