// receive_into_slot(): one read of a stream, straight behind the tail, whose length the kernel itself writes into the
// slot's header: a process that is killed while the call returns has the bytes and their number in the spool. recv()
// would give the number to a register.
//
//   describe_slot(slot, origin, sequence, framing, {previous, tail_bytes});
//   ssize_t got = receive_into_slot(fd, slot, room);        // as recv(2) with MSG_DONTWAIT; 0: end of stream
//
// recvmmsg(2) with one message: it stores msg_len before it returns.
//
//   got = receive_through_file(fd, slot, spool, buffer);    // the same, but by way of `buffer`, at most what it holds
//
// For senders who are answered after a sync: they send again what a killed process had not yet written down, and the sync
// is several times cheaper (spool_medium.h).
//
// Threads: the slot's owner.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "core/spool/slot_header.h"
#include "core/spool/spool.h"

namespace sluice {

inline ssize_t receive_into_slot(int fd, Slot& slot, size_t room) {
  SlotHeader& header = header_of(slot);
  iovec part{slot.data() + header.tail_bytes, room};
  header.message = {};
  header.message.msg_hdr.msg_iov = &part;
  header.message.msg_hdr.msg_iovlen = 1;
  if (recvmmsg(fd, &header.message, 1, MSG_DONTWAIT, nullptr) < 0) return -1;
  return header.message.msg_len;
}

inline ssize_t receive_through_file(int fd, Slot& slot, Spool& spool, std::span<char> buffer) {
  SlotHeader& header = header_of(slot);
  const size_t room = std::min(buffer.size(), slot.size() - header.tail_bytes);
  const ssize_t got = recv(fd, buffer.data(), room, MSG_DONTWAIT);
  if (got <= 0) return got;
  spool.write(slot.data() + header.tail_bytes, {buffer.data(), static_cast<size_t>(got)});
  header.message = {};
  header.message.msg_len = static_cast<unsigned>(got);
  return got;
}

}  // namespace sluice
