// Frame: the bytes of one message, cut from a stream or a datagram, not yet parsed. It is a range of its slot.
//
// Batch: consecutive frames of one slot, handed from a reader to a worker together: the unit of hand-over.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/intern/intern_id.h"

namespace sluice {

// What the framer had to do to a frame. Stored in records: never renumber.
enum FrameFlag : uint8_t {
  kFrameWhole = 0,
  kFrameTruncated = 1 << 0,  // over the listener's limit: the rest was thrown away and counted
  kFrameCutShort = 1 << 1,   // octet counting: the stream ended inside it
};

// What a start after a crash knows of a frame that it cuts again. Not stored.
enum class FrameReplay : uint8_t {
  no,
  skip,  // the store accounts for it already: it is here to keep the others' places
  keep,  // others were counted as its repeats: it must not become one itself
};

struct FrameRef {
  uint32_t offset = 0;           // from the slot's first byte
  uint32_t length = 0;           // trailer and octet count excluded; a CR or NUL before the trailer included
  InternId peer = kNotInterned;  // sender's address without its port
  uint8_t flags = kFrameWhole;   // FrameFlag
  FrameReplay replay = FrameReplay::no;
};

}  // namespace sluice
