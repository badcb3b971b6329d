// OpenBlock: the records that a worker has not yet sealed. Rows: an array of CompactRecord and an arena of payload
// text, both only ever appended to.
//
//   OpenBlock block(intern_cache, interner);                 // one per worker, reused
//   block.begin_batch(listener_name_id, received);
//   block.add(event, id, peer);                              // copies what it needs: the slot may go
//   block.add_repeat(note);
//   if (block.raw_bytes() >= target) { encoder.encode(block, encoded); block.clear(); }
//
// Limits:  raw_bytes() counts the frames' bytes; the caller seals at its target. At most 2^32-1 payload bytes.
// Threads: one thread.
// Memory:  keeps its capacity over clear(): 0 allocations per line in the steady state. Charged by bytes().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/dedupe/dedupe_window.h"
#include "core/intern/interner.h"
#include "core/parse/event.h"
#include "core/record/compact_record.h"
#include "core/record/stored_record.h"

namespace sluice {

class OpenBlock {
 public:
  OpenBlock(InternCache& cache, const Interner& interner);

  // The records that follow came through this listener (an interned name) at this time.
  void begin_batch(InternId listener, Nanos received);
  void add(const Event& event, uint64_t id, InternId peer);
  void add_repeat(const RepeatNote& note) { repeats_.push_back(note); }
  // For the merge: a record read back, with its own listener, peer and time of receipt.
  void add(const StoredRecord& record);

  size_t rows() const { return records_.size(); }
  bool empty() const { return records_.empty() && repeats_.empty(); }
  uint64_t raw_bytes() const { return raw_bytes_; }
  size_t bytes() const;  // memory held, capacity included
  void clear();
  void shrink();         // gives capacity back, under memory pressure

 private:
  friend class BlockEncoder;
  // Consecutive records that share these.
  struct Run {
    uint32_t first_row;
    InternId listener;
    InternId peer;
    Nanos received;
  };
  InternCache& cache_;
  const Interner& interner_;
  std::vector<CompactRecord> records_;
  std::string arena_;
  std::vector<Run> runs_;
  std::vector<RepeatNote> repeats_;
  uint64_t raw_bytes_ = 0;
};

}  // namespace sluice
