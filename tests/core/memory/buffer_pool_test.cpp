#include "core/memory/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace sluice {
namespace {

constexpr auto kSmall = static_cast<size_t>(SlotSize::small);
constexpr auto kMedium = static_cast<size_t>(SlotSize::medium);
constexpr auto kLarge = static_cast<size_t>(SlotSize::large);

TEST(BufferPool, HandsOutWritableSlotsOfEachSize) {
  BufferPool pool({.max_bytes = 4 << 20});
  for (SlotSize size : {SlotSize::small, SlotSize::medium, SlotSize::large}) {
    Slot slot = pool.acquire(size);
    ASSERT_TRUE(slot);
    EXPECT_EQ(slot.size(), kSlotBytes[static_cast<size_t>(size)]);
    std::memset(slot.data(), 'x', slot.size());
    EXPECT_EQ(slot.data()[slot.size() - 1], 'x');
  }
}

TEST(BufferPool, LastReturnedIsNextHandedOut) {
  BufferPool pool({.max_bytes = 1 << 20});
  Slot a = pool.acquire(SlotSize::medium);
  Slot b = pool.acquire(SlotSize::medium);
  char* at_a = a.data();
  char* at_b = b.data();
  EXPECT_NE(at_a, at_b);
  b.reset();
  a.reset();
  EXPECT_EQ(pool.acquire(SlotSize::medium).data(), at_a);
  Slot again_a = pool.acquire(SlotSize::medium);
  EXPECT_EQ(again_a.data(), at_a);
  EXPECT_EQ(pool.acquire(SlotSize::medium).data(), at_b);
}

TEST(BufferPool, RefusesExactlyAtItsLimit) {
  BufferPool pool({.max_bytes = 2 * (64 << 10) + (4 << 10)});
  Slot a = pool.acquire(SlotSize::medium);
  Slot b = pool.acquire(SlotSize::medium);
  EXPECT_FALSE(pool.acquire(SlotSize::medium));
  Slot c = pool.acquire(SlotSize::small);
  EXPECT_TRUE(c);
  EXPECT_FALSE(pool.acquire(SlotSize::small));
  EXPECT_FALSE(pool.acquire(SlotSize::large));
  b.reset();
  EXPECT_TRUE(pool.acquire(SlotSize::medium));
  const auto stats = pool.stats();
  EXPECT_EQ(stats.levels[kSmall].refused, 1u);
  EXPECT_EQ(stats.levels[kMedium].refused, 1u);
  EXPECT_EQ(stats.levels[kLarge].refused, 1u);
}

TEST(BufferPool, SlotsKeptInOneSizeMakeRoomForAnother) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("slots");
  BufferPool pool({.max_bytes = 1 << 20, .account = &account});
  {
    std::vector<Slot> all;
    for (int i = 0; i < 256; ++i) all.push_back(pool.acquire(SlotSize::small));
    EXPECT_TRUE(all.back());
  }
  EXPECT_EQ(pool.stats().levels[kSmall].kept, 256u);
  EXPECT_TRUE(pool.acquire(SlotSize::large));
  EXPECT_EQ(pool.stats().levels[kSmall].kept, 0u);
  EXPECT_EQ(account.current(), 1u << 20);
}

TEST(BufferPool, ChargesWhatIsMappedAndTrimGivesItBack) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("slots");
  {
    BufferPool pool({.max_bytes = 4 << 20, .account = &account});
    EXPECT_EQ(account.current(), 0u);
    Slot held = pool.acquire(SlotSize::small);
    for (int round = 0; round < 2; ++round) {
      Slot a = pool.acquire(SlotSize::medium);
      Slot b = pool.acquire(SlotSize::large);
      std::memset(a.data(), 1, a.size());
      std::memset(b.data(), 1, b.size());
      EXPECT_EQ(account.current(), kSlotBytes[kSmall] + kSlotBytes[kMedium] + kSlotBytes[kLarge]);
    }
    held.data()[0] = 'h';
    pool.trim();
    EXPECT_EQ(account.current(), kSlotBytes[kSmall]);
    EXPECT_EQ(held.data()[0], 'h');
    EXPECT_EQ(pool.stats().levels[kMedium].kept, 0u);
    Slot again = pool.acquire(SlotSize::medium);
    EXPECT_EQ(again.data()[0], 0);  // fresh pages
    EXPECT_EQ(pool.stats().levels[kMedium].misses, 2u);
    EXPECT_EQ(pool.stats().levels[kMedium].hits, 1u);
  }
  EXPECT_EQ(account.current(), 0u);
}

TEST(BufferPool, MovedHandleReturnsItsSlotOnce) {
  BufferPool pool({.max_bytes = 1 << 20});
  Slot a = pool.acquire(SlotSize::small);
  char* data = a.data();
  Slot b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): a moved-from handle is empty
  EXPECT_EQ(b.data(), data);
  Slot c = pool.acquire(SlotSize::small);
  c = std::move(b);  // returns c's own slot first
  EXPECT_EQ(c.data(), data);
  EXPECT_EQ(pool.stats().levels[kSmall].in_use, 1u);
  c.reset();
  c.reset();
  EXPECT_EQ(c.size(), 0u);
  EXPECT_EQ(pool.stats().levels[kSmall].in_use, 0u);
  EXPECT_EQ(pool.stats().levels[kSmall].kept, 2u);
}

TEST(BufferPool, TooSmallForASizeRefusesIt) {
  BufferPool pool({.max_bytes = 4095});
  EXPECT_FALSE(pool.acquire(SlotSize::small));
  EXPECT_FALSE(pool.acquire(SlotSize::large));
  pool.trim();
}

TEST(BufferPool, ThreadsNeverShareASlotWhileOneTrims) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("slots");
  BufferPool pool({.max_bytes = 2 << 20, .account = &account});
  std::vector<std::thread> threads;
  std::atomic<int> mixed_up{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        Slot slot = pool.acquire(static_cast<SlotSize>((i + t) % 3));
        if (!slot) continue;
        slot.data()[0] = static_cast<char>(t);
        slot.data()[slot.size() - 1] = static_cast<char>(t);
        Slot other = std::move(slot);
        if (other.data()[0] != t || other.data()[other.size() - 1] != t) ++mixed_up;
      }
    });
  }
  for (int i = 0; i < 50; ++i) pool.trim();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(mixed_up, 0);
  pool.trim();
  EXPECT_EQ(account.current(), 0u);
  for (const auto& level : pool.stats().levels) EXPECT_EQ(level.in_use, 0u);
}

#if defined(__SANITIZE_ADDRESS__) && GTEST_HAS_DEATH_TEST
TEST(BufferPoolDeathTest, ReadingAReturnedSlotIsCaught) {
  BufferPool pool({.max_bytes = 1 << 20});
  Slot slot = pool.acquire(SlotSize::small);
  char* data = slot.data();
  slot.reset();
  EXPECT_DEATH({ data[0] = 1; }, "use-after-poison");
}
#endif

}  // namespace
}  // namespace sluice
