#include "core/store/believed_time.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace sluice {
namespace {

constexpr Nanos kYear = 365 * 24 * 3600 * kSecond;

class BelievedTimeTest : public testing::Test {
 protected:
  ManualClock clock_;
  BelievedTime time_{clock_};
};

TEST_F(BelievedTimeTest, AClockThatGoesIsBelieved) {
  for (int i = 0; i < 100; ++i) {
    clock_.advance(3600 * kSecond);
    EXPECT_EQ(time_.look(), clock_.now());
    EXPECT_FALSE(time_.doubted());
  }
}

TEST_F(BelievedTimeTest, AMinuteAheadIsBelievedAndMoreIsNot) {
  clock_.jump_wall(BelievedTime::kJump);
  EXPECT_EQ(time_.look(), clock_.now());
  EXPECT_FALSE(time_.doubted());
  clock_.jump_wall(BelievedTime::kJump + 1);
  EXPECT_EQ(time_.look(), clock_.now() - BelievedTime::kJump - 1);
  EXPECT_TRUE(time_.doubted());
  EXPECT_EQ(time_.ahead(), BelievedTime::kJump + 1);
}

TEST_F(BelievedTimeTest, DoubtedTimeGoesOnWithTheMonotonicClockForAnHour) {
  const Nanos before = clock_.now();
  clock_.jump_wall(kYear);
  EXPECT_EQ(time_.look(), before);
  clock_.advance(BelievedTime::kDoubt - 1);
  EXPECT_EQ(time_.look(), before + BelievedTime::kDoubt - 1);
  EXPECT_TRUE(time_.doubted());
  clock_.advance(1);
  EXPECT_EQ(time_.look(), clock_.now());
  EXPECT_FALSE(time_.doubted());
}

TEST_F(BelievedTimeTest, AnotherJumpBeginsTheHourAnew) {
  const Nanos before = clock_.now();
  clock_.jump_wall(kYear);
  time_.look();
  clock_.advance(BelievedTime::kDoubt / 2);
  clock_.jump_wall(kYear);
  time_.look();
  clock_.advance(BelievedTime::kDoubt - 1);
  EXPECT_EQ(time_.look(), before + BelievedTime::kDoubt / 2 + BelievedTime::kDoubt - 1);
  EXPECT_TRUE(time_.doubted());
}

TEST_F(BelievedTimeTest, AClockThatComesBackIsBelievedAtOnce) {
  clock_.jump_wall(kYear);
  time_.look();
  clock_.jump_wall(-kYear);
  EXPECT_EQ(time_.look(), clock_.now());
  EXPECT_FALSE(time_.doubted());
}

TEST_F(BelievedTimeTest, AJumpBackwardsIsBelieved) {
  clock_.jump_wall(-kYear);
  EXPECT_EQ(time_.look(), clock_.now());
  EXPECT_FALSE(time_.doubted());
}

TEST(BelievedTime, AtTheStartItIsDoubtedWhenItIsFarAheadOfTheNewestLine) {
  ManualClock clock;
  const Nanos newest = clock.now() - BelievedTime::kUnwatched - 1;
  BelievedTime far(clock, newest);
  EXPECT_TRUE(far.doubted());
  EXPECT_EQ(far.look(), newest);
  clock.advance(BelievedTime::kDoubt);
  EXPECT_EQ(far.look(), clock.now());
  BelievedTime near(clock, clock.now() - BelievedTime::kUnwatched);
  EXPECT_FALSE(near.doubted());
  BelievedTime behind(clock, clock.now() + kYear);
  EXPECT_FALSE(behind.doubted());
}

}  // namespace
}  // namespace sluice
