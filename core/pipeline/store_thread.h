// StoreThread: the one thread that writes. It takes sealed blocks from the workers, appends them to the store, counts
// their lines as stored, and gives the store time for its upkeep (sync, roll, merge, retention).
//
//   StoreThread thread(parts, /*waiting_blocks=*/4);
//   thread.start();
//   SealedBlock block = thread.take_empty();    // a recycled buffer
//   ... encode into block ...
//   thread.push(block);                         // waits while the store is behind: that is the backpressure
//
// A store that cannot take a block (disk full, I/O error) is tried again until it can; the blocks wait, the workers
// wait, the readers stop reading. finish() ends that: what can't be written by its deadline stays in the spool for the
// next start; without a spool it is counted as dropped{store_failed}.
//
// Behind the blocks come their tickets (ticket.h): slots are freed and senders answered as their lines get safe. When slots
// are short or a sender waits, the store is synced at once.
//
// Threads: push() and take_empty() from any thread; start(), finish() from the owner's.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
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
#include "core/pipeline/in_flight_ids.h"
#include "core/pipeline/ticket.h"
#include "core/record/block.h"
#include "core/runtime/ledger.h"
#include "core/store/store.h"

namespace sluice {

struct SealedBlock {
  EncodedBlock encoded;
  std::vector<std::pair<ListenerLedger*, uint64_t>> lines;  // how many lines of which listener
  std::vector<Ticket> tickets;
};

class StoreThread {
 public:
  struct Parts {
    Store& store;
    const Clock& clock;
    MemoryAccount& account;
    std::function<void(const std::string&)> report;
    InFlightIds& ids;
    const BufferPool* pool = nullptr;  // may be null
    bool spooled = false;              // slots outlive the process
  };
  StoreThread(Parts parts, size_t waiting_blocks);
  ~StoreThread();

  void start();
  SealedBlock take_empty();
  // `block` without bytes only carries tickets. When the thread was finished meanwhile it is given up as finish() says.
  void push(SealedBlock& block);
  // Writes what waits, then ends. After `timeout` the rest is given up.
  void finish(std::chrono::nanoseconds timeout);

  uint64_t blocks() const { return blocks_.load(std::memory_order_relaxed); }
  uint64_t rows_waiting() const { return rows_waiting_.load(std::memory_order_relaxed); }
  uint64_t left_in_spool() const { return left_.load(std::memory_order_relaxed); }
  const Pulse& pulse() const { return pulse_; }
  bool failing() const { return failing_.load(std::memory_order_relaxed); }

 private:
  void run();
  void write(SealedBlock& block);
  bool append(const SealedBlock& block);
  void stored(SealedBlock& block);
  static void note_stored(const Ticket& ticket);
  void give_up(SealedBlock& block, DropReason reason);
  void sync_if_asked();
  void settle();
  void leave(Ticket& ticket) const;
  void leave_all();
  void recycle(SealedBlock block);
  bool wait_to_retry() EXCLUDES(mutex_);

  const Parts parts_;
  Store& store_;

  // Of the store thread.
  struct Written {
    uint64_t blocks;  // appended to the store with it
    Ticket ticket;
  };
  std::deque<Written> unsynced_;         // in the order of their blocks
  std::vector<Ticket> wait_for_firsts_;  // synced, but not yet the lines that theirs repeat
  bool answer_waits_ = false;            // an unsynced ticket has somebody to answer

  BoundedQueue<SealedBlock> queue_;
  std::atomic<uint64_t> blocks_{0};        // written by the store thread
  std::atomic<uint64_t> rows_waiting_{0};  // added by workers, taken off by the store thread: once per block
  std::atomic<uint64_t> left_{0};          // lines
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
