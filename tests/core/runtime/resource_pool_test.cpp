#include "core/runtime/resource_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/support/manual_clock.h"

namespace sluice {
namespace {

struct Tool {
  int number;
};
using Pool = ResourcePool<Tool>;

class Resources : public testing::Test {
 protected:
  ManualClock clock_;
  int made_ = 0;
  Pool pool_{{.max = 2, .clock = clock_}, [this] { return std::make_unique<Tool>(Tool{++made_}); }};
};

TEST_F(Resources, AreMadeWhenNeededAndReusedLastReturnedFirst) {
  {
    auto a = pool_.try_acquire();
    auto b = pool_.try_acquire();
    EXPECT_EQ(a->number, 1);
    EXPECT_EQ((*b).number, 2);
    a.reset();
  }
  EXPECT_EQ(pool_.try_acquire()->number, 2);
  const auto stats = pool_.stats();
  EXPECT_EQ(stats.made, 2u);
  EXPECT_EQ(stats.reused, 1u);
  EXPECT_EQ(stats.idle, 2u);
  EXPECT_EQ(stats.in_use, 0u);
  EXPECT_EQ(stats.peak_in_use, 2u);
}

TEST_F(Resources, ThereAreNeverMoreThanTheLimit) {
  auto a = pool_.try_acquire();
  auto b = pool_.try_acquire();
  EXPECT_FALSE(pool_.try_acquire());
  EXPECT_EQ(pool_.stats().timeouts, 1u);
  b.reset();
  EXPECT_TRUE(pool_.try_acquire());
}

TEST_F(Resources, MovedHandleReturnsItsObjectOnce) {
  auto a = pool_.try_acquire();
  auto b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): a moved-from handle is empty
  auto c = pool_.try_acquire();
  c = std::move(b);
  EXPECT_EQ(c->number, 1);
  EXPECT_EQ(pool_.stats().in_use, 1u);
  c.reset();
  c.reset();
  EXPECT_EQ(pool_.stats().in_use, 0u);
  EXPECT_EQ(pool_.stats().idle, 2u);
}

TEST_F(Resources, DiscardedOnesAreReplaced) {
  auto a = pool_.try_acquire();
  a.discard();
  EXPECT_EQ(pool_.stats().idle, 0u);
  EXPECT_EQ(pool_.stats().in_use, 0u);
  EXPECT_EQ(pool_.try_acquire()->number, 2);
}

TEST_F(Resources, TrimDestroysOnlyTheIdle) {
  auto a = pool_.try_acquire();
  pool_.try_acquire().reset();
  pool_.trim();
  EXPECT_EQ(pool_.stats().idle, 0u);
  EXPECT_EQ(a->number, 1);
  EXPECT_EQ(pool_.try_acquire()->number, 3);
}

TEST_F(Resources, WaitingEndsEmptyWhenTheClockPassesTheDeadline) {
  auto a = pool_.try_acquire();
  auto b = pool_.try_acquire();
  std::atomic<bool> waited{false};
  std::thread time([&] {
    while (!waited) clock_.advance(kSecond);
  });
  EXPECT_FALSE(pool_.acquire(std::chrono::seconds(5)));
  waited = true;
  time.join();
  EXPECT_EQ(pool_.stats().waited, 1u);
  EXPECT_EQ(pool_.stats().timeouts, 1u);
}

TEST_F(Resources, WaitingEndsWhenOneIsReturned) {
  auto a = pool_.try_acquire();
  auto b = pool_.try_acquire();
  std::thread user([&] { a.reset(); });
  EXPECT_EQ(pool_.acquire(std::chrono::hours(1))->number, 1);
  user.join();
}

TEST(ResourcePool, MakerThatFailsCostsNoPlace) {
  int calls = 0;
  Pool pool({.max = 1}, [&]() -> std::unique_ptr<Tool> {
    if (++calls == 1) return nullptr;
    if (calls == 2) throw std::runtime_error("no");
    return std::make_unique<Tool>(Tool{calls});
  });
  EXPECT_FALSE(pool.try_acquire());
  EXPECT_THROW(pool.try_acquire(), std::runtime_error);
  EXPECT_EQ(pool.stats().in_use, 0u);
  EXPECT_EQ(pool.try_acquire()->number, 3);
}

TEST(ResourcePool, ThreadsNeverShareAnObject) {
  struct Busy {
    std::atomic<bool> busy{false};
  };
  ResourcePool<Busy> pool({.max = 3}, [] { return std::make_unique<Busy>(); });
  std::atomic<int> shared{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        auto tool = pool.acquire(std::chrono::hours(1));
        if (tool->busy.exchange(true)) ++shared;
        tool->busy = false;
        if (i % 50 == 0) tool.discard();
        if (i % 70 == 0) pool.trim();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(shared, 0);
  EXPECT_EQ(pool.stats().in_use, 0u);
  EXPECT_LE(pool.stats().peak_in_use, 3u);
}

}  // namespace
}  // namespace sluice
