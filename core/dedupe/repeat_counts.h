// RepeatCounts: how often which line came again since the counts were last taken. Only lines that did repeat have an
// entry here, so that the far more numerous others stay small.
//
//   RepeatCounts counts(1000);
//   if (!counts.add(first_id, now)) ...   // full: the caller stores the line instead of counting it
//   counts.take(notes);                   // and starts again from nothing
//
// Threads: as plain memory.
// Memory:  40 to 44 bytes a line, reserved at construction, touched as it fills. take() costs in proportion to what it
//          takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/clock.h"
#include "core/dedupe/dedupe_window.h"
#include "core/memory/mapped_region.h"

namespace sluice {

class RepeatCounts {
 public:
  // REQUIRES: 1 <= capacity < 2^30
  explicit RepeatCounts(size_t capacity);

  // One more of line `first_id`, received at `now`. False, and nothing counted, when it would be one line too many.
  bool add(uint64_t first_id, Nanos now);
  void take(std::vector<RepeatNote>& notes);

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  size_t bytes() const { return notes_.size() + places_.size() + index_.size(); }
  static size_t bytes_for(size_t capacity);

 private:
  RepeatNote* notes() const { return reinterpret_cast<RepeatNote*>(notes_.data()); }
  uint32_t* places() const { return reinterpret_cast<uint32_t*>(places_.data()); }
  uint32_t* index() const { return reinterpret_cast<uint32_t*>(index_.data()); }

  const size_t capacity_;
  const size_t mask_;  // places in the index - 1
  size_t size_ = 0;
  MappedRegion notes_;
  MappedRegion places_;  // u32 a note: where in the index it is, to clear only what was used
  MappedRegion index_;   // u32: 1 + number of a note, 0 for none; open addressing, at most half full
};

}  // namespace sluice
