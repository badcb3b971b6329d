// Timeline: the records of many blocks as one sequence, ordered by time, ties by id (the order of receipt).
//
// Workers and connections write blocks whose time ranges overlap, and a sender with a wrong clock makes them overlap
// widely. Each block is sorted by itself and the sorted blocks are merged; a block is opened only when the sequence
// reaches its first time, or by other threads some way ahead (work_ahead.h): the order is the same.
//
//   Timeline timeline(reader, reader.blocks(), scan);
//   while (const TimelineEntry* entry = timeline.next()) print(entry->record, entry->times);
//   for (const Damage& d : timeline.damage()) ...            // what could not be read; the rest was given
//
// Newest first, only the last N lines, and each repeat as a line of its own are the Query's to say. The last N are
// found from the newest blocks back: a first look counts them without their text, a second one gives them in order.
//
// Memory:  open blocks hold at most `open_bytes` of frames. When more than that overlap, the rest are read in portions
//          of text that together keep within the same bound: blocks are then decoded several times, never all
//          at once. Blocks that other threads decoded ahead take a quarter as much besides.
// Errors:  a damaged block is left out and reported in damage().
// Threads: one; those that it starts read `reader` and `scan` until it is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/query/scan.h"
#include "core/store/store_reader.h"

namespace sluice {

struct TimelineEntry {
  StoredRecord record;  // its views end with the next call of next()
  uint64_t times = 1;   // how often the line came: 1 and its repeats
};

struct TimelineOptions {
  uint64_t open_bytes = 96 << 20;         // raw bytes of the blocks held open, and again of the portions
  uint64_t min_portion_bytes = 16 << 10;  // less text than this at a time would decode a block too often
  BlockParts parts = kAllParts;           // what is read of a record; the rest is empty (block.h)
  unsigned threads = 0;                   // that decode, the caller's among them; 0: one a core
  bool count_repeats = true;  // false: times is 1, unless the query wants every repeat; saves reading the notes
};

class Timeline {
 public:
  // `reader` and `scan` outlive the timeline; `refs` are copied.
  Timeline(const StoreReader& reader, std::span<const BlockRef> refs, const Scan& scan, TimelineOptions options = {});
  ~Timeline();
  Timeline(Timeline&&) noexcept;

  // The next record, or null at the end.
  const TimelineEntry* next();
  const std::vector<Damage>& damage() const;

  struct Stats {
    uint64_t blocks = 0;           // that may hold an answer
    uint64_t decoded = 0;          // blocks decoded, again or not
    uint64_t peak_open_bytes = 0;  // raw bytes of the blocks open at once
  };
  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
