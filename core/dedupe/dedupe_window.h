// DedupeWindow: recognises a line that came again within the window, so that it is stored once with a count.
//
// The key is a 128-bit fingerprint (hash128 of the raw frame, seeded with the sender's address). A bloom filter answers
// "surely new" from one cache line; a "maybe" is confirmed in an exact table of fingerprints. A false positive of the
// filter costs a look-up and never a line.
//
//   window.check(lines, now);           // a batch at a time: one lock, look-ups prefetched
//   for (DedupeLine& line : lines) if (line.first_id != line.id) ... collapse: do not store the line ...
//                                       // and count it: whoever collapses a line stores the count (repeat_counts.h)
//   window.learn(lines, received);      // at start: what the store holds of the last minutes
//
// A line counts as a duplicate when its first copy came less than `window` ago; a later one starts anew.
//
// Limits:  bounded by `window` and `max_bytes`: when memory is short the oldest fingerprints go first, so that the
//          window gets shorter (stats().effective_window).
// Clock:   when it jumps, "less than `window` ago" means before or after. What lies outside is forgotten.
// Threads: safe from any thread; one lock per batch.
// Memory:  reserved at construction, charged to the account given. 0 allocations per line.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/memory/allocation_tracker.h"

namespace sluice {

struct DedupeLine {
  Hash128 fingerprint;
  uint64_t id = 0;        // this line's
  uint64_t first_id = 0;  // out: the first copy's; equal to id when the line is new
  bool keep = false;      // call it new, whatever came before
};

// "Line first_id came `count` more times." Counts are increments since the last note about that line.
struct RepeatNote {
  uint64_t first_id = 0;
  uint64_t count = 0;
  Nanos first_time = 0;  // wall clock of the first of these repeats
  Nanos last_time = 0;   // of the last
};

struct DedupeOptions {
  Nanos window = 30 * kSecond;
  uint64_t max_bytes = 32 << 20;
  uint32_t bloom_bits_per_entry = 12;  // knee of the curve in bench/README.md
  MemoryAccount* account = nullptr;    // may be null
};

class DedupeWindow {
 public:
  explicit DedupeWindow(DedupeOptions options);
  ~DedupeWindow();

  // Lines of one batch, in order of receipt. `now` is the batch's time of receipt (wall clock; it may jump).
  void check(std::span<DedupeLine> lines, Nanos now);

  // Remembers lines that were stored before, received at `received`: the oldest first. They are neither counted nor
  // checked.
  void learn(std::span<const DedupeLine> lines, Nanos received);

  struct Stats {
    uint64_t checked = 0, duplicates = 0;
    uint64_t maybe = 0;            // the filter said "maybe"
    uint64_t false_positives = 0;  // ... and the table said "new"
    uint64_t entries = 0, capacity = 0;
    Nanos effective_window = 0;  // age of the oldest fingerprint still known, at most `window`
    uint64_t bytes = 0;
  };
  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
