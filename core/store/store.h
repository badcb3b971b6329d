// Store: a directory of segments that the daemon appends blocks to. See segment_format.md.
//
//   auto store = Store::open(options, real_file_system(), system_clock(), reporter);
//   (*store)->append(encoded);            // written; synced by policy
//   (*store)->maintain();                 // every second or so: sync, roll, merge, retention
//   uint64_t id = (*store)->next_id();    // where ids of new lines begin
//
// One process at a time may have it open for writing (lock file). Readers need no lock: see store_reader.h.
//
// open() repairs what a crash left: the torn tail of the last segment is cut off, a missing index is made again by
// scanning, an interrupted merge is undone or finished. What is damaged is reported and left as it is; the store always
// opens unless its directory can't be read, written or locked.
//
// Errors:  append() fails with the system call's error and leaves the segment as it was before (what was half written
//          is cut off); the caller keeps the block and tries again. maintain() reports and goes on. What a failed sync
//          left in doubt is written again before the next one counts (segment_writer.h).
// Clock:   retention by age goes by believed_time.h, so that a wall clock that jumps ahead removes nothing at once. One
//          that jumps back changes nothing here: order is by number and line id.
// Threads: append(), maintain(), sync(), appended(), synced(), next_id() and keep_collapsed_from() from the store thread
//          only; stats() and pause_merging() from any.
// Memory:  about 130 bytes per segment and 150 per block of the open segment; a merge's buffers (merge.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/memory/allocation_tracker.h"
#include "core/record/block.h"

namespace sluice {

struct StoreOptions {
  std::string path;
  uint64_t segment_bytes = 256 << 20;  // roll when larger
  Nanos segment_age = 3600 * kSecond;  // roll when older and not empty
  uint64_t retention_bytes = 0;        // total of all segments; 0: no limit. Oldest whole segments go first
  Nanos retention_age = 0;             // 0: no limit
  Nanos sync_interval = kSecond;       // fdatasync at most this long after a write; 0: after every block
  uint64_t block_bytes = 8 << 20;      // raw bytes a merged block aims for; below half of it a block is small. At most
                                       // 16 MiB: more is smaller on disk and makes longer steps
  uint32_t small_blocks = 32;          // this many small blocks in the open segment make it roll and merge
  int merge_level = 1;      // zstd level of merged blocks. 2 to 4 come out larger, 6 saves 2 % at twice the CPU
  uint64_t pack_bytes = 0;  // the same for blocks that are compressed once more while few lines come (merge_plan.h);
                            // at most 16 MiB. 0: none are
  int pack_level = 9;       // zstd level of these
  // Raw bytes of a merged block that gets a filter (block_filter.h): a smaller one is decoded in a millisecond, and the
  // filter would be a tenth of it.
  uint64_t filter_from = 512 << 10;
  bool merge = true;
  Nanos merge_idle = 10 * kSecond;   // without an append for so long: merge what small blocks there are ...
  Nanos merge_quiet = 60 * kSecond;  // ... and after this long even unequal ones (merge_plan.h)
  MemoryAccount* account = nullptr;  // may be null
};

// Told to a person by the daemon (core never logs).
struct StoreEvent {
  enum class Kind { recovered, damaged, merged, removed, trouble } kind;
  std::string text;
};

struct StoreStats {
  uint64_t segments = 0, blocks = 0, stored_bytes = 0, rows = 0;
  uint64_t blocks_written = 0, bytes_written = 0, syncs = 0;
  uint64_t merges = 0, blocks_merged = 0, segments_removed = 0, damaged_blocks = 0;
  uint64_t sync_errors = 0;    // syncs that failed, of files and of the directory
  bool clock_doubted = false;  // the wall clock jumped ahead: see believed_time.h
};

class Store {
 public:
  using Reporter = std::function<void(const StoreEvent&)>;

  static Result<std::unique_ptr<Store>> open(StoreOptions options, FileSystem& fs, const Clock& clock,
                                             Reporter reporter);
  ~Store();  // closes the open segment with its index

  Result<void> append(const EncodedBlock& block);
  // Does what is due. At most one merge step (bounded work) per call; true when there is more to do at once.
  bool maintain();
  Result<void> sync();
  // How many blocks this Store has appended, and how many of them, the first ones, a power cut leaves.
  uint64_t appended() const;
  uint64_t synced() const;
  // One more than the highest line id that was ever stored here or accounted for as collapsed, also when retention removed it.
  uint64_t next_id() const;
  // From this id on a crash may ask whether a line was collapsed (covered_ids.h): merges begun from now on keep what says
  // so. At first they keep none.
  void keep_collapsed_from(uint64_t id);
  StoreStats stats() const;
  // Under memory pressure: a merge that is under way is given up (its inputs stay) and none is begun until false.
  void pause_merging(bool pause);

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
