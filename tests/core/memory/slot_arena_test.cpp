#include "core/memory/slot_arena.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sluice {
namespace {

TEST(SlotArena, GivesTheSlotFreedLastFirst) {
  SlotArena arena(4 << 20);
  const uint32_t a = *arena.take(SlotSize::large);
  const uint32_t b = *arena.take(SlotSize::large);
  arena.give_back(a, SlotSize::large);
  arena.give_back(b, SlotSize::large);
  EXPECT_EQ(arena.take(SlotSize::large), b);
  EXPECT_EQ(arena.take(SlotSize::large), a);
}

TEST(SlotArena, UsesWhatIsLeftBehindTheLastWholeLargeSlot) {
  SlotArena arena((1 << 20) + (64 << 10) + (8 << 10));
  EXPECT_TRUE(arena.take(SlotSize::large));
  EXPECT_FALSE(arena.take(SlotSize::large));
  EXPECT_TRUE(arena.take(SlotSize::medium));
  EXPECT_FALSE(arena.take(SlotSize::medium));
  const auto a = arena.take(SlotSize::small);
  const auto b = arena.take(SlotSize::small);
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(arena.take(SlotSize::small));
  arena.give_back(*a, SlotSize::small);
  arena.give_back(*b, SlotSize::small);
  EXPECT_FALSE(arena.take(SlotSize::medium)) << "two small ones are no medium one";
}

// Against a plain map of units: nothing is given out twice, all of it can be had, and all of it comes together again.
TEST(SlotArena, AgreesWithAMapOfUnitsWhateverIsTakenAndGivenBack) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const uint64_t bytes = (1 << 20) * (1 + random() % 4) + 4096 * (random() % 300);
    SlotArena arena(bytes);
    const uint64_t units = bytes / kSlotUnit;
    std::vector<bool> used(units);
    std::map<uint32_t, SlotSize> slots;
    const auto cover = [&](uint32_t unit, SlotSize size, bool use) {
      for (uint32_t i = 0; i < SlotArena::units_of(static_cast<size_t>(size)); ++i) {
        ASSERT_LT(unit + i, units);
        ASSERT_NE(used[unit + i], use) << "seed " << seed;
        used[unit + i] = use;
      }
    };
    for (int step = 0; step < 5000; ++step) {
      const auto size = static_cast<SlotSize>(random() % kSlotSizes);
      const uint64_t chance = random() % 10;
      if (chance < 5) {
        if (const auto unit = arena.take(size)) {
          EXPECT_EQ(*unit % SlotArena::units_of(static_cast<size_t>(size)), 0u);
          cover(*unit, size, true);
          slots[*unit] = size;
        }
      } else if (chance < 6) {
        const uint32_t length = SlotArena::units_of(static_cast<size_t>(size));
        const auto unit = static_cast<uint32_t>(random() % units / length * length);
        bool free = unit + length <= units;
        for (uint32_t i = 0; free && i < length; ++i) free = !used[unit + i];
        ASSERT_EQ(arena.take_at(unit, size), free) << "seed " << seed << " step " << step;
        if (free) {
          cover(unit, size, true);
          slots[unit] = size;
        }
      } else if (!slots.empty()) {
        const auto at = std::next(slots.begin(), static_cast<ptrdiff_t>(random() % slots.size()));
        cover(at->first, at->second, false);
        arena.give_back(at->first, at->second);
        slots.erase(at);
      }
    }
    for (const auto& [unit, size] : slots) arena.give_back(unit, size);
    EXPECT_EQ(arena.free_bytes(), arena.bytes());
    for (uint64_t i = 0; i < bytes >> 20; ++i) EXPECT_TRUE(arena.take(SlotSize::large));
  }
}

}  // namespace
}  // namespace sluice
