// ContextManager: decides whether one more batch may enter. Every batch between admission and completion is an
// operation: counted, bounded in number and bytes, with a deadline that grows with the load.
//
//   auto admission = context.try_admit({.lines = 400, .bytes = 65536});
//   if (admission.verdict == Verdict::admitted) queue.push(batch with std::move(admission.operation));
//   if (admission.verdict == Verdict::full)     context.notify_when_room([] { ... try again ... });
//   ...                                        // worker: the Operation is destroyed when the batch is done
//
// deadline = base_timeout * (1 + load * multiplier), load 0 to 1 here: the fuller the machine, the longer a reader
// waits before its overflow policy decides, because waiting is what slows senders down.
//
// Overflow policies are the listener's (config): `block` waits on past the deadline (and counts that it did),
// `drop_newest` gives the batch up at the deadline, `refuse` answers no.
//
// Shutdown: stop_intake() makes try_admit() say `stopping`; drain() waits until nothing is in flight or the timeout
// passed, and says what was left.
//
// Limits:  at most max_operations and max_bytes in flight, and less for a sender that can be held back; one operation larger than max_bytes is admitted when it is
//          alone. Every Operation must be completed before the manager is destroyed.
// Threads: all methods are safe from any thread; one short lock per batch. Room callbacks run in the thread that
//          completed an operation, without a lock held: they post to their own executor and return.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/clock.h"

namespace sluice {

class ContextManager;

struct OperationCost {
  uint32_t lines = 0;
  uint64_t bytes = 0;  // of the slot held, not only of the frames
  // The sender can be held back without a loss, so that no more of it is taken in than keeps the workers busy.
  bool can_wait = false;
};

// One admitted batch. Move-only; destroying it completes the operation.
class Operation {
 public:
  Operation() = default;
  Operation(Operation&& other) noexcept;
  Operation& operator=(Operation&& other) noexcept;
  ~Operation();
  explicit operator bool() const { return manager_ != nullptr; }
  OperationCost cost() const { return cost_; }
  void complete();

 private:
  friend class ContextManager;
  Operation(ContextManager* manager, OperationCost cost) : manager_(manager), cost_(cost) {}
  ContextManager* manager_ = nullptr;
  OperationCost cost_;
};

enum class Verdict : uint8_t { admitted, full, stopping };

struct Admission {
  Verdict verdict = Verdict::full;
  Operation operation;
};

struct ContextManagerOptions {
  uint32_t max_operations = 256;  // batches in flight
  uint64_t max_bytes = 32 << 20;  // slot bytes in flight
  // The same for those who can wait. What lies in the queue leaves the CPU's cache, and every later step pays for that;
  // what waits in its sender costs nothing.
  uint64_t max_bytes_if_can_wait = 32 << 20;
  std::chrono::milliseconds base_timeout{200};
  double load_multiplier = 4.0;  // at full load a deadline is 5 times base_timeout
};

class ContextManager {
 public:
  ContextManager(ContextManagerOptions options, const Clock& clock);
  ~ContextManager();

  Admission try_admit(OperationCost cost);
  // Calls back once, soon after room for `cost` appeared or stop_intake() was called; at once if there is room now.
  // First come, first served. Room is not reserved: somebody else may take it before the callback does. The default
  // is room for one large slot, so that a caller who does not say its cost is not called back in vain. Ask again only
  // after being called: each call keeps its own callback. What still waits when the manager is destroyed is never
  // called.
  void notify_when_room(std::function<void()> callback, OperationCost cost = {.lines = 0, .bytes = 1 << 20});

  // 0 to 1; the worse of memory (set_memory_load) and queue use.
  double load() const;
  void set_memory_load(double load);  // from the MemoryMonitor
  void set_critical(bool critical);   // past critical nothing is admitted until it is over
  bool critical() const;
  std::chrono::nanoseconds timeout() const;  // the formula above, now

  void stop_intake();
  struct Left {
    uint64_t operations = 0, lines = 0, bytes = 0;
  };
  Left drain(std::chrono::nanoseconds timeout);  // what is still in flight at its end

  struct Stats {
    uint64_t admitted = 0, completed = 0, refused = 0;  // refused: `full` verdicts
    uint64_t operations = 0, lines = 0, bytes = 0;      // in flight now
    uint64_t peak_operations = 0, peak_bytes = 0;
  };
  Stats stats() const;

 private:
  friend class Operation;
  void complete(OperationCost cost);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
