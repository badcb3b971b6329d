// The wall clock is set wrong, and set right again, while the store is open or while it is closed.
#include <gtest/gtest.h>

#include <string>

#include "tests/core/store/store_fixture.h"

namespace sluice {
namespace {

constexpr Nanos kDay = 24 * 3600 * kSecond;

class ClockJumpTest : public StoreFixture {
 protected:
  ClockJumpTest() {
    options_.merge = false;
    options_.segment_age = 1 * kSecond;
    options_.retention_age = 7 * kDay;
  }
  void fill(uint64_t first_id) {
    for (uint64_t id = first_id; id < first_id + 3; ++id) {
      append_lines({{id, "line " + std::to_string(id)}});
      clock_.advance(10 * kSecond);
      maintain();
    }
  }
  size_t lines() { return read_store(fs_).lines.size(); }
};

TEST_F(ClockJumpTest, AJumpAheadRemovesNothingForAnHourAndIsToldOnce) {
  open();
  fill(1);
  clock_.jump_wall(365 * kDay);
  for (int i = 0; i < 5; ++i) {
    clock_.advance(600 * kSecond);
    maintain();
    EXPECT_TRUE(store_->stats().clock_doubted);
  }
  EXPECT_EQ(lines(), 3u);
  ASSERT_EQ(told(StoreEvent::Kind::trouble).size(), 1u);
  EXPECT_TRUE(told(StoreEvent::Kind::trouble)[0].starts_with("the clock is 31536000 s ahead of what was expected"));
  clock_.jump_wall(-365 * kDay);
  maintain();
  EXPECT_FALSE(store_->stats().clock_doubted);
  clock_.advance(3600 * kSecond);
  maintain();
  EXPECT_EQ(lines(), 3u);
}

TEST_F(ClockJumpTest, AClockThatStaysWhereItJumpedIsBelievedAfterAnHour) {
  open();
  fill(1);
  clock_.jump_wall(365 * kDay);
  maintain();
  clock_.advance(3599 * kSecond);
  maintain();
  EXPECT_EQ(lines(), 3u);
  clock_.advance(1 * kSecond);
  maintain();
  EXPECT_EQ(lines(), 0u);
  EXPECT_FALSE(store_->stats().clock_doubted);
}

TEST_F(ClockJumpTest, AMachineThatStartsWithAWrongClockKeepsItsStore) {
  open();
  fill(1);
  close();
  clock_.jump_wall(365 * kDay);
  open();
  maintain();
  EXPECT_TRUE(store_->stats().clock_doubted);
  EXPECT_EQ(lines(), 3u);
}

TEST_F(ClockJumpTest, RetentionBySizeNeedsNoClock) {
  options_.retention_bytes = 1'000;
  open();
  fill(1);
  clock_.jump_wall(365 * kDay);
  fill(4);
  EXPECT_LE(store_->stats().stored_bytes, 2'000u);
  EXPECT_LT(lines(), 6u);
}

TEST_F(ClockJumpTest, AJumpBackLosesNothingMixesNoIdsAndStillMerges) {
  options_.merge = true;
  open();
  fill(1);
  clock_.jump_wall(-30 * kDay);
  fill(store_->next_id());
  for (int i = 0; i < 3; ++i) settle();
  crash();
  open();
  EXPECT_EQ(store_->next_id(), 7u);
  clock_.jump_wall(-3000 * kDay);
  fill(store_->next_id());
  for (int i = 0; i < 3; ++i) settle();
  const Contents found = read_store(fs_);
  ASSERT_EQ(found.lines.size(), 9u);
  EXPECT_EQ(found.shown_twice, 0u);
  for (const auto& [id, text] : found.lines) EXPECT_EQ(text, "line " + std::to_string(id));
  close();
  EXPECT_TRUE((*StoreReader::open(fs_, kDir))->verify().empty());
}

TEST_F(ClockJumpTest, ASegmentStillRollsByAgeAfterAJumpBack) {
  options_.segment_age = 60 * kSecond;
  open();
  append(1, "a");
  clock_.jump_wall(-kDay);
  clock_.advance(60 * kSecond);
  maintain();
  append(2, "b");
  EXPECT_EQ(files().size(), 2u);
}

}  // namespace
}  // namespace sluice
