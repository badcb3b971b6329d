#include "core/dedupe/repeat_counts.h"

#include <bit>
#include <cassert>

namespace sluice {
namespace {

size_t places_for(size_t capacity) { return std::bit_ceil(capacity * 2); }

// Ids are consecutive; Fibonacci hashing spreads them over the high bits.
uint64_t spread(uint64_t id) { return (id * 0x9E3779B97F4A7C15u) >> 32; }

}  // namespace

size_t RepeatCounts::bytes_for(size_t capacity) {
  return capacity * (sizeof(RepeatNote) + sizeof(uint32_t)) + places_for(capacity) * sizeof(uint32_t);
}

RepeatCounts::RepeatCounts(size_t capacity)
    : capacity_(capacity),
      mask_(places_for(capacity) - 1),
      notes_(capacity * sizeof(RepeatNote)),
      places_(capacity * sizeof(uint32_t)),
      index_(places_for(capacity) * sizeof(uint32_t)) {
  assert(capacity >= 1 && capacity < size_t{1} << 30);
}

bool RepeatCounts::add(uint64_t first_id, Nanos now) {
  size_t place = spread(first_id) & mask_;
  for (; index()[place] != 0; place = (place + 1) & mask_) {
    RepeatNote& note = notes()[index()[place] - 1];
    if (note.first_id != first_id) continue;
    ++note.count;
    note.last_time = now;
    return true;
  }
  if (size_ == capacity_) return false;
  notes()[size_] = {.first_id = first_id, .count = 1, .first_time = now, .last_time = now};
  places()[size_] = static_cast<uint32_t>(place);
  index()[place] = static_cast<uint32_t>(++size_);
  return true;
}

void RepeatCounts::take(std::vector<RepeatNote>& taken) {
  taken.insert(taken.end(), notes(), notes() + size_);
  for (size_t i = 0; i < size_; ++i) index()[places()[i]] = 0;
  size_ = 0;
}

}  // namespace sluice
