// OpenBlock: the records that a worker has not yet sealed. Rows: an array of CompactRecord and an arena of payload
// text, both only ever appended to.
//
//   OpenBlock block(intern_cache, interner);                 // one per worker, reused
//   block.begin_batch(listener_name_id, received);
//   block.add(event, id, peer);                              // copies what it needs: the slot may go
//   block.add_repeat(note);
//   if (block.full(target)) { encoder.encode(block, encoded); block.clear(); }
//
// Limits:  the caller seals when full(target), asked at least once a batch; a target above kMaxBlockTarget counts as
//          that. Besides the frames' bytes full() minds the rows and the memory, so that a flood of tiny frames can't
//          grow a block far over its target, nor make one that no reader takes (kMaxBlockRows).
// Threads: one thread.
// Memory:  keeps its capacity over clear(): 0 allocations per line in the steady state. Charged by bytes().
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/dedupe/dedupe_window.h"
#include "core/intern/interner.h"
#include "core/parse/event.h"
#include "core/record/buffer.h"
#include "core/record/compact_record.h"
#include "core/record/layout.h"
#include "core/record/stored_record.h"

namespace sluice {

inline constexpr uint32_t kMaxBlockRows = 1 << 20;     // a reader refuses more
inline constexpr uint64_t kMaxBlockTarget = 16 << 20;  // raw bytes; leaves a batch of room below kMaxBlockRawBytes

// Lines that were received and not stored, because each repeats line `first_id`: `count` of them, from `id` on. A note
// counts them for readers; this names them, so that after a crash it is known that they are accounted for.
struct CollapsedLines {
  uint64_t id = 0;
  uint64_t count = 0;
  uint64_t first_id = 0;
  // Behind all that are named here: the line that they repeat may be the later one.
  uint64_t end() const { return std::max(id + count, first_id + 1); }
  friend bool operator==(const CollapsedLines&, const CollapsedLines&) = default;
};

class OpenBlock {
 public:
  OpenBlock(InternCache& cache, const Interner& interner);

  // The records that follow came through this listener (an interned name) at this time.
  void begin_batch(InternId listener, Nanos received);
  void add(const Event& event, uint64_t id, InternId peer);
  void add_repeat(const RepeatNote& note) { repeats_.push_back(note); }
  // A line that repeats another. REQUIRES: a note counts it
  void add_collapsed(uint64_t id, uint64_t first_id) { add_collapsed(CollapsedLines{id, 1, first_id}); }
  void add_collapsed(const CollapsedLines& lines);
  // For the merge: a record read back, with its own listener, peer and time of receipt.
  void add(const StoredRecord& record);

  size_t rows() const { return records_.size(); }
  size_t repeat_notes() const { return repeats_.size(); }
  bool empty() const { return records_.empty() && repeats_.empty() && collapsed_.empty(); }
  uint64_t raw_bytes() const { return raw_bytes_; }  // of the frames
  bool full(uint64_t target) const;
  size_t bytes() const;  // memory held, capacity included
  void clear();
  void shrink();  // gives capacity back, under memory pressure. REQUIRES: empty()

 private:
  friend class BlockEncoder;
  // Consecutive records that share these. listener and peer: an InternId, or kSpilled | index in spilled_.
  struct Run {
    uint32_t first_row;
    uint32_t listener;
    uint32_t peer;
    Nanos received;
  };
  static constexpr uint32_t kSpilled = 1u << 31;

  struct Row;
  struct Texts;
  void append(const Row& row, Texts& texts, const Event* values_of);
  void begin_run(uint32_t listener, uint32_t peer, Nanos received);
  uint32_t keep(std::string_view text);  // interned, or spilled when the interner is full
  std::string_view kept(uint32_t ref) const {
    return ref & kSpilled ? std::string_view(spilled_[ref & ~kSpilled]) : interner_.text(ref);
  }

  InternCache& cache_;
  const Interner& interner_;
  std::vector<CompactRecord> records_;
  Buffer arena_;
  LayoutTable layouts_;
  std::vector<Run> runs_;
  std::vector<RepeatNote> repeats_;
  std::vector<CollapsedLines> collapsed_;
  std::vector<std::string> spilled_;
  std::string scratch_;
  uint64_t raw_bytes_ = 0;
  InternId listener_ = kNotInterned;
  Nanos received_ = 0;
};

}  // namespace sluice
