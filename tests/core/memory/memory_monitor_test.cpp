#include "core/memory/memory_monitor.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/core/memory/fake_machine.h"

namespace sluice {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class Monitor : public testing::Test {
 protected:
  Monitor() {
    machine_.write("/proc/self/cgroup", "0::/sluiced\n");
    machine_.rss(0);
    group(0);
    files_.emplace(machine_.root());
    monitor_.emplace(MemoryMonitorOptions{.limit = 100 * kMiB}, tracker_, *files_);
    monitor_->on_level([this](MemoryLevel level, const MemorySnapshot& snapshot) {
      EXPECT_EQ(level, snapshot.level);
      levels_ += memory_level_text(level)[0];
    });
    monitor_->on_release("test", [this](MemoryLevel) { ++released_; });
  }

  void group(uint64_t mib) { machine_.group_v2("/sluiced", mib * kMiB, std::to_string(200 * kMiB)); }
  void pressure(const std::string& percent) {
    machine_.write("/sys/fs/cgroup/sluiced/memory.pressure", "some avg10=" + percent + " avg60=0.00\n");
  }
  // A sample, a second after the last one.
  MemorySnapshot sample() { return monitor_->sample(now_ += kSecond); }

  FakeMachine machine_;
  AllocationTracker tracker_;
  MemoryAccount& account_ = tracker_.account("a");
  std::optional<MemoryFiles> files_;
  std::optional<MemoryMonitor> monitor_;
  Nanos now_ = 0;
  std::string levels_;  // first letters: n, w, c
  int released_ = 0;
};

TEST_F(Monitor, LoadIsTheWorstShareAndSaysWhich) {
  account_.charge(10 * kMiB);
  EXPECT_EQ(sample().worst, "tracked");
  EXPECT_DOUBLE_EQ(monitor_->last().load, 0.10);
  machine_.rss(20 * kMiB);
  EXPECT_EQ(sample().worst, "rss");
  EXPECT_DOUBLE_EQ(monitor_->last().load, 0.20);
  group(60);
  EXPECT_EQ(sample().worst, "cgroup");
  EXPECT_DOUBLE_EQ(monitor_->last().load, 0.30);
  pressure("5.00");
  EXPECT_EQ(sample().worst, "pressure");
  EXPECT_DOUBLE_EQ(monitor_->last().load, 0.35);
  EXPECT_EQ(levels_, "");
}

TEST_F(Monitor, SnapshotTellsWhatWasRead) {
  account_.charge(10 * kMiB);
  machine_.rss(40 * kMiB);
  group(60);
  pressure("5.00");
  sample();
  machine_.rss(30 * kMiB);
  const MemorySnapshot snapshot = sample();
  EXPECT_EQ(snapshot.limit, 100 * kMiB);
  EXPECT_EQ(snapshot.tracked, 10 * kMiB);
  EXPECT_EQ(snapshot.rss, 30 * kMiB);
  EXPECT_EQ(snapshot.peak_rss, 40 * kMiB);
  EXPECT_EQ(snapshot.cgroup_used, 60 * kMiB);
  EXPECT_EQ(snapshot.cgroup_limit, 200 * kMiB);
  EXPECT_DOUBLE_EQ(snapshot.pressure, 0.05);
}

TEST_F(Monitor, LoadIsAtMostOne) {
  machine_.rss(500 * kMiB);
  EXPECT_EQ(sample().load, 1.0);
  EXPECT_EQ(levels_, "c");
}

TEST_F(Monitor, LevelsChangeAtTheirThresholdsAndBackBelowTheHysteresis) {
  for (uint64_t mib : {69, 70, 66, 89, 90, 86, 84, 66, 64, 69}) {
    machine_.rss(mib * kMiB);
    sample();
  }
  EXPECT_EQ(levels_, "wcwn");
  EXPECT_EQ(monitor_->last().level_changes, 4u);
}

TEST_F(Monitor, PressureAloneWarnsAtTenPercentAndNeverStops) {
  pressure("9.90");
  EXPECT_EQ(sample().level, MemoryLevel::normal);
  pressure("10.00");
  EXPECT_EQ(sample().level, MemoryLevel::warning);
  pressure("100.00");
  EXPECT_EQ(sample().level, MemoryLevel::warning);
}

TEST_F(Monitor, PageCacheOfTheGroupDoesNotCount) {
  group(199);
  machine_.write("/sys/fs/cgroup/sluiced/memory.stat", "inactive_file " + std::to_string(180 * kMiB) + "\n");
  EXPECT_DOUBLE_EQ(sample().load, 19.0 / 200);
}

TEST_F(Monitor, ReleasesAtOnceWhenTheLevelRisesAndThenOncePerInterval) {
  sample();
  EXPECT_EQ(released_, 0);
  machine_.rss(75 * kMiB);
  monitor_->sample(now_ += 100 * kMillisecond);
  EXPECT_EQ(released_, 1);
  monitor_->sample(now_ += 999 * kMillisecond);
  EXPECT_EQ(released_, 1);
  monitor_->sample(now_ += 1 * kMillisecond);
  EXPECT_EQ(released_, 2);
  machine_.rss(95 * kMiB);
  monitor_->sample(now_ += 1 * kMillisecond);
  EXPECT_EQ(released_, 3);
  machine_.rss(75 * kMiB);  // falls to warning: no hurry
  monitor_->sample(now_ += 1 * kMillisecond);
  EXPECT_EQ(released_, 3);
  machine_.rss(10 * kMiB);
  monitor_->sample(now_ += 5 * kSecond);
  EXPECT_EQ(released_, 3);
  EXPECT_EQ(monitor_->last().releases, 3u);
}

TEST_F(Monitor, ControlGroupIsReadOncePerSlowInterval) {
  group(20);
  sample();
  group(100);
  EXPECT_EQ(monitor_->sample(now_ + 999 * kMillisecond).cgroup_used, 20 * kMiB);
  EXPECT_EQ(monitor_->sample(now_ + 1000 * kMillisecond).cgroup_used, 100 * kMiB);
}

TEST_F(Monitor, CallbackSeesTheNewLevelBeforeItIsTheLastOne) {
  MemoryLevel last = MemoryLevel::critical;
  monitor_->on_level([&](MemoryLevel, const MemorySnapshot&) { last = monitor_->last().level; });
  machine_.rss(75 * kMiB);
  sample();
  EXPECT_EQ(last, MemoryLevel::normal);  // last() may be called from a callback
  EXPECT_EQ(monitor_->last().level, MemoryLevel::warning);
}

TEST_F(Monitor, WithoutLimitOnlyTheGroupCounts) {
  MemoryMonitor monitor({.limit = 0}, tracker_, *files_);
  machine_.rss(5000 * kMiB);
  account_.charge(5000 * kMiB);
  group(20);
  EXPECT_DOUBLE_EQ(monitor.sample(1).load, 0.1);
}

TEST_F(Monitor, LastIsSafeFromOtherThreads) {
  std::thread reader([&] {
    for (int i = 0; i < 1000; ++i) EXPECT_LE(monitor_->last().load, 1.0);
  });
  for (int i = 0; i < 50; ++i) {
    machine_.rss(static_cast<uint64_t>(i) * 2 * kMiB);
    sample();
  }
  reader.join();
}

TEST(MemoryMonitor, SamplesTheRealMachine) {
  AllocationTracker tracker;
  const MemoryFiles files;
  MemoryMonitor monitor({.limit = uint64_t{1} << 40}, tracker, files);
  const MemorySnapshot snapshot = monitor.sample(kSecond);
  EXPECT_GT(snapshot.rss, 0u);
  EXPECT_GT(snapshot.load, 0.0);
}

}  // namespace
}  // namespace sluice
