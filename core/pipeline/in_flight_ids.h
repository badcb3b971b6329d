// InFlightIds: gives out line ids, and knows from which id on lines are not yet safe in the store.
//
//   uint64_t first = ids.take(400);         // a batch's lines are first, first + 1, ...
//   ids.put(first);                         // or: a batch that a former process numbered; twice is as once
//   ids.settle(first);                      // all of the batch is stored and synced, or given up
//   if (ids.oldest() > id) ...              // everything up to `id` is
//
// Threads: safe from any; one short lock per batch.
// Memory:  16 bytes a batch between take() and settle(); none where nobody asks for oldest() (without track()).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "core/base/mutex.h"

namespace sluice {

class InFlightIds {
 public:
  explicit InFlightIds(uint64_t next) : next_(next) {}

  // From now on every batch is followed until it is settled.
  // REQUIRES: before the first take()
  void track() { tracking_ = true; }
  bool tracks() const { return tracking_; }

  uint64_t take(uint64_t lines) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const uint64_t first = next_;
    next_ += lines;
    if (tracking_) batches_.push_back({first, false});
    return first;
  }

  void put(uint64_t first) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!tracking_) return;
    const auto at = find(first);
    if (at == batches_.end() || at->first != first) batches_.insert(at, {first, false});
  }

  void settle(uint64_t first) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (const auto at = find(first); at != batches_.end() && at->first == first) at->settled = true;
    while (!batches_.empty() && batches_.front().settled) batches_.pop_front();
  }

  uint64_t oldest() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return batches_.empty() ? next_ : batches_.front().first;
  }

  void skip_to(uint64_t next) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    next_ = std::max(next_, next);
  }

 private:
  struct Entry {
    uint64_t first;
    bool settled;
  };
  std::deque<Entry>::iterator find(uint64_t first) REQUIRES(mutex_) {
    return std::lower_bound(batches_.begin(), batches_.end(), first,
                            [](const Entry& entry, uint64_t id) { return entry.first < id; });
  }

  mutable Mutex mutex_;
  uint64_t next_ GUARDED_BY(mutex_);
  std::deque<Entry> batches_ GUARDED_BY(mutex_);  // ascending
  bool tracking_ = false;                         // constant once batches come
};

}  // namespace sluice
