// AllocationTracker: every long-lived byte is charged to a named account, so that an operator sees where memory is
// and the daemon can act before the limit.
//
//   AllocationTracker tracker({.limit = 256 << 20});
//   MemoryAccount& slots = tracker.account("slots");
//   slots.charge(65536);  ...  slots.release(65536);
//   tracker.on_threshold([](MemoryLevel level, uint64_t used) { ... });
//
// Limits:  thresholds at `warning` and `critical` of the limit; a callback runs once per crossing, upwards at the
//          threshold and downwards when use falls below it by `hysteresis`. Callbacks come from check(), called by the
//          MemoryMonitor: never from charge().
// Threads: charge() and release() are safe from any thread and take no lock: each thread adds to its own padded
//          cell. Sums are racy but exact once the threads are quiet. An account may be charged in one thread and
//          released in another.
// Not for: counting single small allocations on the way of a line; charge what lives long, by the block.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/memory/memory_level.h"

namespace sluice {

class MemoryAccount {
 public:
  static constexpr size_t kSizeClasses = 24;  // class i counts charges of [2^i, 2^(i+1)) bytes; the last: all above

  struct Stats {
    std::string name;
    uint64_t current = 0;  // bytes
    uint64_t peak = 0;     // bytes, highest seen by check() or stats()
    uint64_t charges = 0;
    std::array<uint64_t, kSizeClasses> by_size{};
  };

  void charge(uint64_t bytes);
  void release(uint64_t bytes);
  uint64_t current() const;
  Stats stats() const;

 private:
  friend class AllocationTracker;
  explicit MemoryAccount(std::string name);
  struct Cells;
  std::string name_;
  std::shared_ptr<Cells> cells_;
};

struct AllocationTrackerOptions {
  uint64_t limit = 0;        // bytes; 0: none
  double warning = 0.70;     // share of limit
  double critical = 0.90;    // share of limit
  double hysteresis = 0.05;  // share of limit
};

class AllocationTracker {
 public:
  explicit AllocationTracker(AllocationTrackerOptions options = {});
  ~AllocationTracker();

  // The account of that name, made on first use; lives as long as the tracker.
  MemoryAccount& account(std::string_view name);

  uint64_t current() const;
  uint64_t peak() const;
  MemoryLevel check();  // sums up, keeps peaks, runs callbacks of thresholds crossed
  void on_threshold(std::function<void(MemoryLevel, uint64_t used)> callback);
  std::vector<MemoryAccount::Stats> stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
