// BatchPool: empty batches for reuse, so that their frame lists keep their capacity.
//
// Threads: any; one short lock per batch.
#pragma once

#include <memory>
#include <vector>

#include "core/base/mutex.h"
#include "core/pipeline/batch.h"

namespace sluice {

class BatchPool {
 public:
  std::unique_ptr<Batch> take() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (!free_.empty()) {
        auto batch = std::move(free_.back());
        free_.pop_back();
        return batch;
      }
    }
    return std::make_unique<Batch>();
  }

  void give_back(std::unique_ptr<Batch> batch) EXCLUDES(mutex_) {
    batch->clear();
    // A burst's worth: 64 KiB slots hold some 400 frames, 256 of them a megabyte of frame lists.
    constexpr size_t kKept = 256;
    MutexLock lock(mutex_);
    if (free_.size() < kKept) free_.push_back(std::move(batch));
  }

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<Batch>> free_ GUARDED_BY(mutex_);
};

}  // namespace sluice
