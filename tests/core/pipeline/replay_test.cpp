#include "core/pipeline/replay.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/core/pipeline/spooled_life.h"

namespace sluice {
namespace {

// What a random run (crash_test.cpp) meets seldom.
TEST(ReplayTest, APartialFrameThatWentOnElsewhereIsMarkedBeforeAnyLineIsHandedOver) {
  PowerCutFileSystem fs;
  ASSERT_TRUE(fs.make_directory(kLifeStore));
  PowerCutSpool file(Spool::file_bytes(1 << 20));
  ManualClock clock;
  std::unique_ptr<PowerCutSpool> left;
  {
    SpooledLife life(fs, file, clock, {.boot_id = "boot"});
    ASSERT_EQ(life.start(), "");
    LifeStream stream;
    ASSERT_TRUE(life.receive(stream, "<13>begin", SlotSize::small));
    life.on_received = [&](std::string_view) { left = file.snapshot(); };  // killed before the first slot is marked
    ASSERT_TRUE(life.receive(stream, " and more", SlotSize::small));
    stream = LifeStream();
  }
  ASSERT_TRUE(left);
  SpooledLife next(fs, *left, clock, {.boot_id = "boot"});
  ASSERT_EQ(next.start(), "");

  // From here on the slots may be freed in any order, and the process be killed between.
  const auto then = left->snapshot();
  auto spool = Spool::open(then->open(), {.boot_id = "boot"});
  ASSERT_TRUE(spool);
  std::vector<Slot> slots = (*spool)->take_found();
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(header_of(slots[0]).tail_taken, 1);
  EXPECT_EQ(header_of(slots[1]).tail_taken, 0);
}

}  // namespace
}  // namespace sluice
