// SegmentFacts: what merge and retention decide by. The sums over a finished segment's blocks.
#pragma once

#include <algorithm>
#include <vector>

#include "core/store/segment_format.h"

namespace sluice {

// What a block counts for when it is merged: its raw bytes, but where lines are tiny, their number.
inline uint64_t block_weight(const BlockSummary& block) {
  constexpr uint64_t kBytesPerRow = 64;  // about what a record takes in memory beside its text
  return std::max(block.raw_bytes, kBytesPerRow * (uint64_t{block.rows} + block.repeat_notes));
}

inline bool is_small_block(const BlockSummary& block, uint64_t block_bytes) {
  return block_weight(block) < block_bytes / 2;
}

// Not yet written by a merge in pieces as large as they are to be kept in. `pack_bytes` 0: nothing is packed.
inline bool is_unpacked_block(const BlockSummary& block, uint64_t pack_bytes) {
  return pack_bytes > 0 && (block.merge_level == 0 || block_weight(block) < pack_bytes / 2);
}

// What merged blocks aim for: first, and at last.
struct BlockSizes {
  uint64_t merged = 0;
  uint64_t packed = 0;
};

// A block that a merge wrote or passed on has its filter (merge.h). Blocks of notes alone need none.
inline bool has_merged_form(const BlockSummary& block) { return block.merge_level != 0 || block.rows == 0; }

struct SegmentFacts {
  SegmentName name;
  uint64_t stored_bytes = 0;  // of the file
  uint64_t blocks = 0;
  uint64_t rows = 0;
  uint64_t weight = 0;        // block_weight() of all blocks
  uint64_t small_blocks = 0;  // worth merging: below half the weight that a merged block aims for
  uint64_t small_stored_bytes = 0;
  uint64_t unpacked_blocks = 0, unpacked_weight = 0, unpacked_stored_bytes = 0;
  uint64_t fresh_blocks = 0;             // of these: never merged
  uint64_t unfiltered_stored_bytes = 0;  // of blocks that no merge has seen
  Nanos oldest = 0, newest = 0;          // times of receipt; without lines, when the segment was made
  bool mergeable = true;                 // false: something in it can't be read, so it is left as it is

  SegmentFacts() = default;
  SegmentFacts(const SegmentName& segment, Nanos created) : name(segment), oldest(created), newest(created) {}

  void add(const SegmentEntry& entry, const BlockSizes& sizes) {
    const BlockSummary& block = entry.summary;
    if (block.rows > 0) {
      oldest = rows == 0 ? block.min_received : std::min(oldest, block.min_received);
      newest = rows == 0 ? block.max_received : std::max(newest, block.max_received);
    }
    ++blocks;
    rows += block.rows;
    weight += block_weight(block);
    const uint64_t stored = BlockEnvelope::kBytes + entry.length;
    if (!has_merged_form(block)) unfiltered_stored_bytes += stored;
    if (is_small_block(block, sizes.merged)) {
      ++small_blocks;
      small_stored_bytes += stored;
    }
    if (is_unpacked_block(block, sizes.packed)) {
      ++unpacked_blocks;
      unpacked_weight += block_weight(block);
      unpacked_stored_bytes += stored;
      fresh_blocks += block.merge_level == 0;
    }
  }
};

}  // namespace sluice
