// Retention: which whole segments go, so that the store keeps to its limits of size and age. The oldest go first; the
// open segment never goes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/store/segment_facts.h"

namespace sluice {

struct RetentionLimits {
  uint64_t bytes = 0;  // of all segments together; 0: no limit
  Nanos age = 0;       // of a segment's newest line; 0: no limit
};

// Indices into `sealed` (ascending by number) of the segments to remove. `open_bytes` counts towards the limit.
std::vector<size_t> overdue_segments(std::span<const SegmentFacts> sealed, uint64_t open_bytes, Nanos now,
                                     const RetentionLimits& limits);

}  // namespace sluice
