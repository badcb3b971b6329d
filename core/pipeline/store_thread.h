// StoreThread: the one thread that writes. It takes sealed blocks from the workers, appends them to the store, counts
// their lines as stored, and gives the store time for its upkeep (sync, roll, merge, retention).
//
//   StoreThread thread(parts, /*waiting_blocks=*/4);
//   thread.start();
//   SealedBlock block = thread.take_empty();    // a recycled buffer
//   ... encode into block ...
//   thread.push(std::move(block));              // waits while the store is behind: that is the backpressure
//
// A store that cannot take a block (disk full, I/O error) is tried again until it can; the blocks wait, the workers
// wait, the readers stop reading. finish() ends that: what can't be written by its deadline is counted as
// dropped{store_failed}.
//
// Threads: push() and take_empty() from any thread; start(), finish() from the owner's.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/pulse.h"
#include "core/memory/allocation_tracker.h"
#include "core/pipeline/bounded_queue.h"
#include "core/record/block.h"
#include "core/runtime/ledger.h"
#include "core/store/store.h"

namespace sluice {

struct SealedBlock {
  EncodedBlock encoded;
  std::vector<std::pair<ListenerLedger*, uint64_t>> lines;  // how many lines of which listener
};

class StoreThread {
 public:
  StoreThread(Store& store, const Clock& clock, MemoryAccount& account, std::function<void(const std::string&)> report,
              size_t waiting_blocks);
  ~StoreThread();

  void start();
  SealedBlock take_empty();
  // False when the thread was finished meanwhile: the caller counts the lines as dropped.
  bool push(SealedBlock& block);
  // Writes what waits, then ends. After `timeout` the rest is counted as dropped{store_failed}.
  void finish(std::chrono::nanoseconds timeout);

  uint64_t blocks() const { return blocks_.load(std::memory_order_relaxed); }
  uint64_t rows_waiting() const { return rows_waiting_.load(std::memory_order_relaxed); }
  Nanos last_progress() const { return last_progress_.load(std::memory_order_relaxed); }
  const Pulse& pulse() const { return pulse_; }
  bool failing() const { return failing_.load(std::memory_order_relaxed); }

 private:
  void run();
  void write(SealedBlock& block);
  void recycle(SealedBlock block);
  bool wait_to_retry() EXCLUDES(mutex_);

  Store& store_;
  const Clock& clock_;
  MemoryAccount& account_;
  const std::function<void(const std::string&)> report_;

  BoundedQueue<SealedBlock> queue_;
  std::atomic<uint64_t> blocks_{0};        // written by the store thread
  std::atomic<uint64_t> rows_waiting_{0};  // added by workers, taken off by the store thread: once per block
  std::atomic<Nanos> last_progress_{0};    // monotonic
  std::atomic<bool> failing_{false};
  Pulse pulse_;  // of the store thread

  Mutex mutex_;
  CondVar changed_;
  bool give_up_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  std::vector<SealedBlock> empty_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace sluice
