#include "core/memory/memory_monitor.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// Share of waiting at which pressure counts as the warning threshold. Below it, reclaim of page cache is everyday.
constexpr double kPressureAtWarning = 0.10;

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

MemoryMonitor::MemoryMonitor(MemoryMonitorOptions options, AllocationTracker& tracker, const MemoryFiles& files)
    : options_(options), tracker_(tracker), files_(files) {
  last_.limit = options.limit;
}

void MemoryMonitor::on_level(std::function<void(MemoryLevel, const MemorySnapshot&)> callback) {
  level_callbacks_.push_back(std::move(callback));
}

void MemoryMonitor::on_release(std::string name, std::function<void(MemoryLevel)> hook) {
  release_hooks_.push_back({std::move(name), std::move(hook)});
}

MemorySnapshot MemoryMonitor::last() const {
  MutexLock lock(mutex_);
  return last_;
}

MemorySnapshot MemoryMonitor::sample(Nanos now) {
  MemorySnapshot snapshot = last();
  const MemoryLevel before = snapshot.level;
  tracker_.check();
  snapshot.tracked = tracker_.current();
  snapshot.rss = files_.rss();
  snapshot.peak_rss = std::max(snapshot.peak_rss, snapshot.rss);
  read_slow_files(now, snapshot);
  find_load(snapshot);
  snapshot.level = next_level(before, snapshot.load, options_.thresholds);
  if (snapshot.level != before) {
    ++snapshot.level_changes;
    for (auto& callback : level_callbacks_) callback(snapshot.level, snapshot);
  }
  release_if_due(now, snapshot.level > before, snapshot);
  MutexLock lock(mutex_);
  last_ = snapshot;
  return snapshot;
}

void MemoryMonitor::read_slow_files(Nanos now, MemorySnapshot& snapshot) {
  if (slow_read_ && now - *slow_read_ < options_.slow_interval) return;
  slow_read_ = now;
  const CgroupMemory group = files_.cgroup().value_or(CgroupMemory{});
  snapshot.cgroup_used = group.used;
  snapshot.cgroup_limit = group.limit;
  snapshot.pressure = files_.pressure().value_or(0);
}

void MemoryMonitor::find_load(MemorySnapshot& snapshot) const {
  const MemoryThresholds& t = options_.thresholds;
  const double most_by_pressure = (t.warning + t.critical) / 2;  // see "Pressure" in the header
  const std::pair<std::string_view, double> shares[] = {
      {"tracked", share(snapshot.tracked, options_.limit)},
      {"rss", share(snapshot.rss, options_.limit)},
      {"cgroup", share(snapshot.cgroup_used, snapshot.cgroup_limit)},
      {"pressure", std::min(snapshot.pressure / kPressureAtWarning * t.warning, most_by_pressure)},
  };
  const auto& worst = *std::max_element(std::begin(shares), std::end(shares),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  snapshot.worst = worst.first;
  snapshot.load = std::min(1.0, worst.second);
}

void MemoryMonitor::release_if_due(Nanos now, bool risen, MemorySnapshot& snapshot) {
  if (snapshot.level == MemoryLevel::normal) return;
  if (!risen && last_release_ && now - *last_release_ < options_.release_interval) return;
  last_release_ = now;
  ++snapshot.releases;
  for (auto& hook : release_hooks_) hook.give_back(snapshot.level);
}

}  // namespace sluice
