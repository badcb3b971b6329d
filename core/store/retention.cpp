#include "core/store/retention.h"

namespace sluice {

std::vector<size_t> overdue_segments(std::span<const SegmentFacts> sealed, uint64_t open_bytes, Nanos now,
                                     const RetentionLimits& limits) {
  uint64_t total = open_bytes;
  for (const SegmentFacts& segment : sealed) total += segment.stored_bytes;

  std::vector<size_t> overdue;
  for (size_t i = 0; i < sealed.size(); ++i) {
    const bool too_much = limits.bytes > 0 && total > limits.bytes;
    const bool too_old = limits.age > 0 && sealed[i].newest < now - limits.age;
    if (!too_much && !too_old) continue;
    overdue.push_back(i);
    total -= sealed[i].stored_bytes;
  }
  return overdue;
}

}  // namespace sluice
