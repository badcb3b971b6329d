// Store::Impl: the parts of a Store, written in store.cpp (its life) and store_recovery.cpp (its opening). Included by
// nobody else.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/base/mutex.h"
#include "core/store/believed_time.h"
#include "core/store/merge.h"
#include "core/store/merge_plan.h"
#include "core/store/retention.h"
#include "core/store/segment_directory.h"
#include "core/store/segment_facts.h"
#include "core/store/segment_reader.h"
#include "core/store/segment_writer.h"
#include "core/store/store.h"

namespace sluice {

class Store::Impl {
 public:
  Impl(StoreOptions options, FileSystem& fs, const Clock& clock, Reporter reporter);
  ~Impl();

  Result<void> lock();
  Result<void> recover();

  Result<void> append(const EncodedBlock& block);
  bool maintain();
  Result<void> sync();
  uint64_t next_id() const { return next_id_; }
  uint64_t appended() const { return appended_; }
  uint64_t synced() const { return synced_; }
  StoreStats stats() const;
  void keep_collapsed_from(uint64_t id) { keep_collapsed_from_ = id; }
  void pause_merging(bool pause) { merging_paused_.store(pause, std::memory_order_relaxed); }

 private:
  // store_recovery.cpp
  void recover_segment(const SegmentName& name, bool newest);
  void resume_or_finish(const SegmentReader& found, const SegmentName& name, bool newest);
  void go_beyond_repeats(const SegmentReader& found);
  void keep_sealed(const SegmentReader& found, const SegmentName& name, bool mergeable);
  void settle_found();
  void set_aside(const SegmentName& name);
  void report_damage(const SegmentReader& found);
  void remove_replaced(const SegmentListing& listing);

  Result<void> begin_segment();
  Result<void> sync_open();
  void note_sync_trouble();
  Result<void> sync_directory();
  bool roll();
  void abandon_open();
  std::unique_ptr<SegmentWriter> seal_open();
  bool roll_is_due(Nanos now) const;
  bool is_calm(Nanos now) const;
  void apply_retention();
  Nanos time_for_retention();
  void remove_obsolete();
  bool merge_some(Nanos now);
  bool begin_merge(Nanos now);
  void take_merge_result();

  void report(StoreEvent::Kind kind, std::string text) const;
  // The same trouble is told once until settle() says that it is over.
  void trouble(const std::string& what, const Error& error);
  void settle(const std::string& what) { troubles_.erase(what); }
  template <class Change>
  void update_stats(Change change);

  const StoreOptions options_;
  const BlockSizes sizes_{options_.block_bytes, options_.merge ? options_.pack_bytes : 0};
  FileSystem& fs_;
  const Clock& clock_;
  const Reporter reporter_;
  std::unique_ptr<File> lock_;

  // Of the store thread.
  uint64_t next_number_ = 1;
  uint64_t next_id_ = 1;
  std::vector<SegmentFacts> sealed_;     // ascending
  std::unique_ptr<SegmentWriter> open_;  // null until there is something to write
  SegmentFacts open_facts_;
  std::vector<std::unique_ptr<SegmentWriter>> unsynced_left_;  // sealed, and not yet known to be on the disk
  uint64_t appended_ = 0, synced_ = 0;                         // blocks
  Nanos opened_at_ = 0;                                        // monotonic: when the open segment got its first block
  Nanos last_append_ = 0;                                      // monotonic
  Nanos last_large_append_ = 0;                                // monotonic: of a block that was not small
  std::optional<Nanos> unsynced_since_;                        // monotonic
  std::optional<BelievedTime> time_;                           // set by recover()
  bool directory_changed_ = false;                             // names that are not durable yet
  std::vector<std::string> obsolete_;                          // paths to remove
  std::unique_ptr<Merge> merge_;
  Nanos merge_after_ = 0;  // monotonic
  uint64_t keep_collapsed_from_ = UINT64_MAX;
  std::unordered_set<std::string> troubles_;

  std::atomic<bool> merging_paused_{false};  // a flag on its own: relaxed
  mutable Mutex stats_mutex_;
  StoreStats stats_ GUARDED_BY(stats_mutex_);
};

template <class Change>
void Store::Impl::update_stats(Change change) {
  MutexLock lock(stats_mutex_);
  change(stats_);
  stats_.segments = sealed_.size() + (open_ ? 1 : 0);
  stats_.blocks = open_ ? open_facts_.blocks : 0;
  stats_.rows = open_ ? open_facts_.rows : 0;
  stats_.stored_bytes = open_ ? open_facts_.stored_bytes : 0;
  for (const SegmentFacts& facts : sealed_) {
    stats_.blocks += facts.blocks;
    stats_.rows += facts.rows;
    stats_.stored_bytes += facts.stored_bytes;
  }
}

}  // namespace sluice
