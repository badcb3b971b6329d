// SlotLines: the lines of a slot that a former process left, cut again as its reader cut them: the same frames in the same
// order, whatever the reader had got to.
//
//   SlotLines lines = cut_slot(slot, rest_went_on, interner);
//   lines.frames                        // line header.first_id + i, if they were handed over
//   lines.end                           // what the end of the stream makes of the rest: line header.end_id + i
//   lines.pending                       // datagrams that are no lines yet: chunks and compressed bodies of GELF
//
// A stream that went on in another slot (its partial frame was copied there) ends here with its last whole frame. One that
// did not, ended with the process: the rest is a frame, and flagged as cut short, unless the reader itself had seen the
// end.
//
// Errors:  bytes that make no sense give fewer lines, never a crash: `damaged` says so.
// Threads: as plain memory.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <vector>

#include "core/frame/frame.h"
#include "core/intern/interner.h"
#include "core/spool/slot_header.h"

namespace sluice {

struct PendingDatagram {
  sockaddr_in6 sender;
  uint32_t offset;
  uint32_t length;
  mmsghdr* header;  // in the slot: its msg_len is made 0 when the datagram has gone on elsewhere
};

struct SlotLines {
  std::vector<FrameRef> frames;
  std::vector<FrameRef> end;
  std::vector<PendingDatagram> pending;
  bool damaged = false;
};

// In a datagram slot's framing state: chunks and compressed bodies are looked for.
inline constexpr char kLooksForGelf = 1;

SlotLines cut_slot(Slot& slot, bool rest_went_on, Interner& interner);

}  // namespace sluice
