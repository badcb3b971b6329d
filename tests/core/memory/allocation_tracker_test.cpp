#include "core/memory/allocation_tracker.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace sluice {
namespace {

TEST(AllocationTracker, AccountHoldsWhatWasChargedAndNotReleased) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("slots");
  account.charge(1000);
  account.charge(24);
  account.release(1000);
  EXPECT_EQ(account.current(), 24u);
  EXPECT_EQ(tracker.current(), 24u);
}

TEST(AllocationTracker, SameNameIsSameAccount) {
  AllocationTracker tracker;
  tracker.account("slots").charge(10);
  tracker.account("blocks").charge(5);
  EXPECT_EQ(&tracker.account("slots"), &tracker.account("slots"));
  EXPECT_EQ(tracker.account("slots").current(), 10u);
  EXPECT_EQ(tracker.current(), 15u);
  ASSERT_EQ(tracker.stats().size(), 2u);
  EXPECT_EQ(tracker.stats()[0].name, "slots");
  EXPECT_EQ(tracker.stats()[1].name, "blocks");
}

TEST(AllocationTracker, SizeClassesSplitAtPowersOfTwo) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("a");
  for (uint64_t bytes : {0ull, 1ull, 2ull, 3ull, 4ull, 7ull, 8ull}) account.charge(bytes);
  account.charge((1u << 23) - 1);
  account.charge(1u << 23);
  account.charge(uint64_t{1} << 40);
  const auto stats = account.stats();
  EXPECT_EQ(stats.charges, 10u);
  EXPECT_EQ(stats.by_size[0], 2u);  // 0 and 1
  EXPECT_EQ(stats.by_size[1], 2u);  // 2 and 3
  EXPECT_EQ(stats.by_size[2], 2u);  // 4 and 7
  EXPECT_EQ(stats.by_size[3], 1u);  // 8
  EXPECT_EQ(stats.by_size[22], 1u);
  EXPECT_EQ(stats.by_size[23], 2u);  // the last takes all above
}

TEST(AllocationTracker, PeaksStayWhenUseFalls) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("a");
  account.charge(300);
  tracker.check();
  account.release(200);
  tracker.check();
  EXPECT_EQ(tracker.peak(), 300u);
  EXPECT_EQ(account.stats().peak, 300u);
  EXPECT_EQ(account.stats().current, 100u);
}

TEST(AllocationTracker, ReleaseInAnotherThreadBalances) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("a");
  account.charge(500);
  std::thread([&] { account.release(500); }).join();
  EXPECT_EQ(account.current(), 0u);
}

TEST(AllocationTracker, ManyThreadsSumExactly) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("a");
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        account.charge(64);
        if (i % 2 == 0) account.release(64);
      }
    });
  }
  for (int i = 0; i < 100; ++i) EXPECT_LE(tracker.check(), MemoryLevel::normal);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(account.current(), 8u * 1000 * 64);
  EXPECT_EQ(account.stats().charges, 16000u);
}

class Thresholds : public testing::Test {
 protected:
  void use(uint64_t bytes) {
    const uint64_t now = account_.current();
    if (bytes > now) account_.charge(bytes - now);
    if (bytes < now) account_.release(now - bytes);
    tracker_.check();
  }
  using Seen = std::vector<std::pair<MemoryLevel, uint64_t>>;

  AllocationTracker tracker_{{.limit = 1000, .warning = 0.70, .critical = 0.90, .hysteresis = 0.05}};
  MemoryAccount& account_ = tracker_.account("a");
  Seen seen_;
};

TEST_F(Thresholds, CallBackOncePerCrossingAndBackOnlyBelowTheHysteresis) {
  tracker_.on_threshold([&](MemoryLevel level, uint64_t used) { seen_.push_back({level, used}); });
  use(699);
  EXPECT_EQ(seen_, (Seen{}));
  use(700);
  use(899);
  EXPECT_EQ(seen_, (Seen{{MemoryLevel::warning, 700}}));
  use(900);
  use(850);  // still above 0.90 - 0.05
  EXPECT_EQ(seen_.size(), 2u);
  EXPECT_EQ(seen_.back(), (std::pair{MemoryLevel::critical, uint64_t{900}}));
  use(849);
  EXPECT_EQ(seen_.back(), (std::pair{MemoryLevel::warning, uint64_t{849}}));
  use(651);
  EXPECT_EQ(seen_.size(), 3u);
  use(649);
  EXPECT_EQ(seen_.back(), (std::pair{MemoryLevel::normal, uint64_t{649}}));
  EXPECT_EQ(seen_.size(), 4u);
}

TEST_F(Thresholds, JumpOverBothIsOneCallWithTheLastLevel) {
  tracker_.on_threshold([&](MemoryLevel level, uint64_t used) { seen_.push_back({level, used}); });
  use(5000);
  use(0);
  EXPECT_EQ(seen_, (Seen{{MemoryLevel::critical, 5000}, {MemoryLevel::normal, 0}}));
}

TEST_F(Thresholds, CallbackMayAskTheTracker) {
  uint64_t asked = 0;
  tracker_.on_threshold([&](MemoryLevel, uint64_t) { asked = tracker_.current() + tracker_.stats().size(); });
  use(950);
  EXPECT_EQ(asked, 951u);
}

TEST(AllocationTracker, WithoutLimitEverythingIsNormal) {
  AllocationTracker tracker;
  tracker.account("a").charge(uint64_t{1} << 50);
  EXPECT_EQ(tracker.check(), MemoryLevel::normal);
}

}  // namespace
}  // namespace sluice
