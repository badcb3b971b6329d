// CompactRecord: one event as it lies in an open block, 32 bytes, followed elsewhere by its payload text.
//
// | offset | size | field    | meaning                                                                |
// |--------|------|----------|------------------------------------------------------------------------|
// | 0      | 8    | id       | order of receipt, unique in the store; breaks ties between equal times |
// | 8      | 4    | flags    | PackedFlags                                                            |
// | 12     | 4    | hostname | InternId; kNotInterned: absent, or inline in the payload               |
// | 16     | 8    | time     | ns since 1970-01-01 UTC                                                |
// | 24     | 4    | app_name | InternId, likewise                                                     |
// | 28     | 4    | payload  | offset in the block's arena; the end is where the next record's begins |
//
// Rows while the block is open, columns once it is sealed (block_format.md): the hot path only writes forward.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/base/clock.h"
#include "core/intern/intern_id.h"
#include "core/record/packed_flags.h"

namespace sluice {

struct CompactRecord {
  uint64_t id;
  PackedFlags flags;
  InternId hostname;
  Nanos time;
  InternId app_name;
  uint32_t payload;
};

static_assert(sizeof(CompactRecord) == 32 && alignof(CompactRecord) == 8);
static_assert(offsetof(CompactRecord, flags) == 8 && offsetof(CompactRecord, time) == 16);
static_assert(std::is_trivial_v<CompactRecord>);

}  // namespace sluice
