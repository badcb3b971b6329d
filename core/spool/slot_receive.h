// receive_into_slot(): one read of a stream, straight behind the tail, whose length the kernel itself writes into the
// slot's header: a process that is killed while the call returns has the bytes and their number in the spool. recv()
// would give the number to a register.
//
//   describe_slot(slot, origin, sequence, framing, {previous, tail_bytes});
//   ssize_t got = receive_into_slot(fd, slot, room);        // as recv(2) with MSG_DONTWAIT; 0: end of stream
//
// recvmmsg(2) with one message: it stores msg_len before it returns.
// Threads: the slot's owner.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>

#include "core/spool/slot_header.h"

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

}  // namespace sluice
