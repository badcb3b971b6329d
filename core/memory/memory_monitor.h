// MemoryMonitor: says how loaded memory is, and has memory given back before it runs out.
//
// It samples what the AllocationTracker knows, the resident size, the control group and memory pressure. The worst of
// them, as a share of its limit, is the load; the load gives the level.
//
//   MemoryMonitor monitor({.limit = 256 << 20}, tracker, files);
//   monitor.on_level([&](MemoryLevel level, const MemorySnapshot& m) { context.set_critical(level == critical); });
//   monitor.on_release("slots", [&](MemoryLevel) { pool.trim(); });
//   ...                                              // every 100 to 250 ms, in one thread:
//   context.set_memory_load(monitor.sample(clock.monotonic()).load);
//
// Levels:  see memory_level.h. A callback runs at each change of level, with the new one.
// Release: at warning and critical the release hooks run, at once when the level rises and then every
//          `release_interval`, so that giving back costs little when there is nothing left to give.
// Pressure: a machine that waits for memory makes the daemon careful (warning), but never stop: refusing lines would
//          not help when somebody else has taken the memory. 10 % of waiting counts as the warning threshold.
// Cost:    a few small files; the control group and pressure at most once per `slow_interval`, as reading them makes
//          the kernel sum up counters.
// Threads: owns none. sample() from one thread at a time; callbacks and hooks run in it, without a lock. last() is safe
//          from any thread. Callbacks and hooks are added before the first sample().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/memory/allocation_tracker.h"
#include "core/memory/memory_files.h"
#include "core/memory/memory_level.h"

namespace sluice {

struct MemoryMonitorOptions {
  uint64_t limit = 0;  // bytes; 0: none, then only the control group and pressure count
  MemoryThresholds thresholds;
  Nanos release_interval = kSecond;
  Nanos slow_interval = kSecond;
};

// What a sample found; for metrics.
struct MemorySnapshot {
  MemoryLevel level = MemoryLevel::normal;
  double load = 0;              // 0 to 1: the worst of the shares
  std::string_view worst = "";  // which it was: "tracked", "rss", "cgroup" or "pressure"; empty before the first sample
  uint64_t limit = 0;           // bytes
  uint64_t tracked = 0;         // bytes, by the AllocationTracker
  uint64_t rss = 0;             // bytes
  uint64_t peak_rss = 0;        // bytes, highest sampled
  uint64_t cgroup_used = 0;     // bytes, without page cache; 0 without a limited group
  uint64_t cgroup_limit = 0;    // bytes
  double pressure = 0;          // 0 to 1: share of time in which tasks waited for memory
  uint64_t releases = 0;        // rounds of release hooks
  uint64_t level_changes = 0;
};

class MemoryMonitor {
 public:
  // Both must outlive the monitor.
  MemoryMonitor(MemoryMonitorOptions options, AllocationTracker& tracker, const MemoryFiles& files);

  void on_level(std::function<void(MemoryLevel, const MemorySnapshot&)> callback);
  void on_release(std::string name, std::function<void(MemoryLevel)> hook);

  // `now` is monotonic. Gives what last() gives from then on.
  MemorySnapshot sample(Nanos now);
  MemorySnapshot last() const;

 private:
  void read_slow_files(Nanos now, MemorySnapshot& snapshot);
  void find_load(MemorySnapshot& snapshot) const;
  void release_if_due(Nanos now, bool risen, MemorySnapshot& snapshot);

  const MemoryMonitorOptions options_;
  AllocationTracker& tracker_;
  const MemoryFiles& files_;
  std::vector<std::function<void(MemoryLevel, const MemorySnapshot&)>> level_callbacks_;
  struct ReleaseHook {
    std::string name;
    std::function<void(MemoryLevel)> give_back;
  };
  std::vector<ReleaseHook> release_hooks_;
  std::optional<Nanos> slow_read_;     // when the slow files were read; used by sample() only
  std::optional<Nanos> last_release_;  // used by sample() only

  mutable Mutex mutex_;
  MemorySnapshot last_ GUARDED_BY(mutex_);
};

}  // namespace sluice
