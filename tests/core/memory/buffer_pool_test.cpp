#include "core/memory/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
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
    EXPECT_EQ(slot.size(), kSlotRoom[static_cast<size_t>(size)]);
    EXPECT_EQ(slot.bytes(), kSlotBytes[static_cast<size_t>(size)]);
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

TEST(BufferPool, KeepsTheLastQuarterForThoseWhoFreeMoreThanTheyTake) {
  BufferPool pool({.max_bytes = 4 << 20});
  std::vector<Slot> slots;
  while (Slot slot = pool.acquire(SlotSize::large)) slots.push_back(std::move(slot));
  EXPECT_EQ(slots.size(), 3u);
  EXPECT_FALSE(pool.acquire(SlotSize::small));
  EXPECT_TRUE(pool.acquire(SlotSize::large, BufferPool::Reserve::use));
  EXPECT_EQ(pool.stats().levels[kLarge].refused, 1u);
  EXPECT_EQ(pool.stats().levels[kSmall].refused, 1u);
  slots.pop_back();
  EXPECT_TRUE(pool.acquire(SlotSize::small));
}

TEST(BufferPool, SaysWhenSlotsAreScarce) {
  BufferPool pool({.max_bytes = 8 << 20});
  std::vector<Slot> slots;
  for (int i = 0; i < 5; ++i) slots.push_back(pool.acquire(SlotSize::large));
  EXPECT_FALSE(pool.scarce());
  slots.push_back(pool.acquire(SlotSize::small));
  EXPECT_TRUE(pool.scarce());
  slots.pop_back();
  EXPECT_FALSE(pool.scarce());
  EXPECT_EQ(pool.free_bytes(), uint64_t{3} << 20);
}

TEST(BufferPool, FreeSlotsOfOneSizeBecomeOneOfALarger) {
  BufferPool pool({.max_bytes = 1 << 20});
  {
    std::vector<Slot> all;
    for (int i = 0; i < 256; ++i) all.push_back(pool.acquire(SlotSize::small, BufferPool::Reserve::use));
    EXPECT_TRUE(all.back());
    EXPECT_FALSE(pool.acquire(SlotSize::small, BufferPool::Reserve::use));
  }
  EXPECT_TRUE(pool.acquire(SlotSize::large));
}

TEST(BufferPool, SharedSlotIsFreeWhenTheLastHandleLetsGo) {
  BufferPool pool({.max_bytes = 1 << 20});
  Slot a = pool.acquire(SlotSize::medium);
  Slot b = a.share();
  EXPECT_EQ(a.data(), b.data());
  a.reset();
  EXPECT_EQ(pool.stats().levels[kMedium].in_use, 1u);
  b.data()[0] = 'b';
  b.reset();
  EXPECT_EQ(pool.stats().levels[kMedium].in_use, 0u);
}

TEST(BufferPool, FreedSlotDescribesNothingAndOneThatWasLeftStaysAsItIs) {
  std::vector<char> region(2 << 20);
  char* const aligned = region.data() + (4096 - reinterpret_cast<uintptr_t>(region.data()) % 4096) % 4096;
  char* freed;
  char* left;
  {
    BufferPool pool({.max_bytes = 1 << 20, .region = aligned});
    Slot a = pool.acquire(SlotSize::small);
    Slot b = pool.acquire(SlotSize::small);
    freed = a.header();
    left = b.header();
    std::memset(freed, 'x', 8);
    std::memset(left, 'x', 8);
    Slot also_b = b.share();
    b.leave();
    also_b.reset();
    a.reset();
    EXPECT_EQ(pool.stats().levels[kSmall].in_use, 0u);
    EXPECT_EQ(pool.free_bytes(), (uint64_t{1} << 20) - 4096) << "a slot that was left is nobody's to take";
  }
  EXPECT_EQ(std::string(freed, 8), std::string(8, '\0'));
  EXPECT_EQ(std::string(left, 8), "xxxxxxxx");
}

TEST(BufferPool, AdoptsExactlyTheSlotsThatAreFree) {
  BufferPool pool({.max_bytes = 4 << 20});
  Slot medium = pool.adopt(3 * kSlotBytes[kMedium], SlotSize::medium);
  ASSERT_TRUE(medium);
  EXPECT_FALSE(pool.adopt(3 * kSlotBytes[kMedium] + 4096, SlotSize::small)) << "inside of it";
  EXPECT_FALSE(pool.adopt(0, SlotSize::large)) << "around it";
  EXPECT_FALSE(pool.adopt(100, SlotSize::small)) << "not where a slot can begin";
  EXPECT_FALSE(pool.adopt(4 << 20, SlotSize::small)) << "behind the end";
  EXPECT_TRUE(pool.adopt(2 * kSlotBytes[kMedium], SlotSize::small));
  EXPECT_TRUE(pool.adopt(1 << 20, SlotSize::large));
  medium.reset();
  EXPECT_TRUE(pool.adopt(0, SlotSize::large)) << "all of it is free again, and one";
}

TEST(BufferPool, ChargesWhatIsTouchedAndTrimGivesItBack) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("slots");
  {
    BufferPool pool({.max_bytes = 4 << 20, .account = &account});
    EXPECT_EQ(account.current(), 0u);
    Slot held = pool.acquire(SlotSize::small);
    EXPECT_EQ(account.current(), kSlotBytes[kMedium]) << "in steps of 64 KiB";
    for (int round = 0; round < 2; ++round) {
      Slot a = pool.acquire(SlotSize::medium);
      Slot b = pool.acquire(SlotSize::large);
      std::memset(a.data(), 1, a.size());
      std::memset(b.data(), 1, b.size());
      EXPECT_EQ(account.current(), 2 * kSlotBytes[kMedium] + kSlotBytes[kLarge]);
    }
    held.data()[0] = 'h';
    pool.trim();
    EXPECT_EQ(account.current(), kSlotBytes[kMedium]);
    EXPECT_EQ(held.data()[0], 'h');
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
        Slot slot = pool.acquire(static_cast<SlotSize>(static_cast<size_t>(i + t) % kSlotSizes));
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
