// MergePlan: which neighbouring segments are worth making into one.
//
// A slow trickle leaves a small block a second, and small blocks compress badly. Segments of such blocks are merged in
// tiers: one is taken together with the newer ones behind it only when those hold at least half as much. Its lines then
// lie in something 1.5 times as large, so that a line is rewritten O(log n) times.
//
//   auto run = plan_merge(sealed, {.segment_bytes = 256 << 20, .pace = MergePace::busy});
//   if (run) ... sealed[run->begin] to sealed[run->end - 1]
//
// The last segments, which may soon get newer neighbours, wait until four have come together, or until the store
// has been idle. Those that are followed by a full (or a damaged) segment have nothing to wait for.
#pragma once

#include <optional>
#include <span>

#include "core/store/segment_facts.h"

namespace sluice {

// A segment is worth rewriting (or finishing early) for the filters of its blocks when those take a part in so many of
// segment_bytes: less is searched fast without.
inline constexpr uint64_t kWorthFiltering = 16;

enum class MergePace : uint8_t {
  busy,   // lines keep coming
  idle,   // none came for a while: merge what is of a size
  quiet,  // none came for longer: merge even unequal ones, so that the tail is as small as it can be
};

struct MergeLimits {
  uint64_t segment_bytes = 256 << 20;  // stored bytes of the result, at most; from half of that on a segment is full
  Nanos span = 0;                      // time from the result's oldest to its newest line; 0: no limit
  MergePace pace = MergePace::busy;
  Nanos filter_before = 0;  // busy: segments whose newest line was received before this get their filters
};

struct MergeRun {
  size_t begin = 0, end = 0;
};

std::optional<MergeRun> plan_merge(std::span<const SegmentFacts> sealed, const MergeLimits& limits);

// Packing: lines that are to be kept for long are compressed once more, harder and in larger pieces, while the machine has
// nothing better to do. The oldest neighbours that have enough for a packed block; once it is quiet, any block that was
// never merged is enough. A segment that is packed but for a small part is left alone.
std::optional<MergeRun> plan_packing(std::span<const SegmentFacts> sealed, const MergeLimits& limits,
                                     uint64_t pack_bytes);

// Where nothing is to be joined or packed, a segment that was filled by a flood, of large blocks that no merge has seen, is
// merged with itself: its blocks are copied and get their filters (merge.h). That waits until the store has been idle, or
// until the segment is old (`filter_before`): a flood costs enough while it lasts.
std::optional<MergeRun> plan_filtering(std::span<const SegmentFacts> sealed, const MergeLimits& limits);

}  // namespace sluice
