#include "daemon/net/drain_pause.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice {
namespace {

constexpr uint64_t kBuffer = 32 << 20;  // kernel bytes, what a receive buffer of 16 MiB is
constexpr uint64_t kCharge = 832;       // kernel bytes of a short datagram

// A sender of so many datagrams a second, and a reader that is woken when it asked to be, or later.
class DrainPauseTest : public testing::Test {
 protected:
  // One turn, `after` since the socket was last empty: all that came meanwhile is read.
  Nanos turn(DrainPause& pause, double rate, Nanos after, uint64_t charge = kCharge) {
    owed_ += rate * static_cast<double>(after) / kSecond;
    const auto came = static_cast<uint64_t>(owed_);
    owed_ -= static_cast<double>(came);
    now_ += after;
    pause.begin(came * charge, now_);
    pause.took(came);
    return pause.emptied(now_);
  }

  // The pause that it settles at, when a reader that is not to pause is woken by the next datagram. `late`: what passes besides.
  Nanos settled(DrainPause& pause, double rate, Nanos late = 20 * kMicrosecond, uint64_t charge = kCharge) {
    Nanos next = 0;
    for (int i = 0; i < 5000; ++i) {
      next = turn(pause, rate, std::max(next, static_cast<Nanos>(kSecond / rate)) + late, charge);
    }
    return next;
  }

  Nanos now_ = 1000 * kSecond;
  double owed_ = 0;
};

TEST_F(DrainPauseTest, ALoneDatagramAfterSilenceIsNotFollowedByAPause) {
  DrainPause pause(kBuffer);
  EXPECT_EQ(turn(pause, 1, kSecond), 0);
  EXPECT_EQ(turn(pause, 1, kSecond), 0);
}

TEST_F(DrainPauseTest, APairIsNoStreamYet) {
  DrainPause pause(kBuffer);
  turn(pause, 1, kSecond);
  EXPECT_EQ(turn(pause, 20'000, 50 * kMicrosecond), 0);
}

TEST_F(DrainPauseTest, AThinStreamIsReadDatagramByDatagram) {
  DrainPause pause(kBuffer);
  for (const double rate : {10.0, 100.0, 1000.0, 3000.0}) EXPECT_EQ(settled(pause, rate), 0) << rate;
}

TEST_F(DrainPauseTest, AStreamIsGatheredForAMillisecond) {
  DrainPause pause(kBuffer);
  for (const double rate : {5000.0, 20'000.0, 100'000.0, 200'000.0}) {
    EXPECT_EQ(settled(pause, rate), kMillisecond) << rate;
  }
}

TEST_F(DrainPauseTest, AStreamIsFoundOutWithinMilliseconds) {
  DrainPause pause(kBuffer);
  turn(pause, 1, kSecond);
  Nanos passed = 0;
  while (turn(pause, 100'000, 20 * kMicrosecond) == 0) passed += 20 * kMicrosecond;
  EXPECT_LT(passed, 2 * kMillisecond);
}

TEST_F(DrainPauseTest, TheFasterAStreamTheShorterThePause) {
  DrainPause pause(kBuffer);
  const Nanos half = settled(pause, 500'000), quarter = settled(pause, 1'000'000);
  EXPECT_NEAR(static_cast<double>(half), 512e3, 10e3);
  EXPECT_NEAR(static_cast<double>(quarter), 256e3, 10e3);
}

TEST_F(DrainPauseTest, TheEndOfAStreamEndsThePauses) {
  DrainPause pause(kBuffer);
  Nanos next = settled(pause, 100'000);
  int empty = 0;
  while (next > 0 && empty < 100) {
    next = turn(pause, 0, next);
    ++empty;
  }
  EXPECT_LE(empty, 10);
}

TEST_F(DrainPauseTest, APauseNeverFillsMoreThanAQuarterOfTheBuffer) {
  // The smallest that the kernel gives, its usual one, ours. Short datagrams, and those of a card that uses pages for them.
  for (const uint64_t buffer : {uint64_t{2304}, uint64_t{212'992}, kBuffer}) {
    for (const uint64_t charge : {kCharge, uint64_t{4608}}) {
      for (double rate = 100; rate < 4e6; rate *= 2) {
        DrainPause pause(buffer);
        const Nanos next = settled(pause, rate, 20 * kMicrosecond, charge);
        const double filled = rate * static_cast<double>(next) / kSecond * static_cast<double>(charge);
        EXPECT_LE(filled, static_cast<double>(buffer) / 4 * 1.05) << buffer << ' ' << charge << ' ' << rate;
      }
    }
  }
}

TEST_F(DrainPauseTest, WhereAPauseWouldBeTooShortToBeExactThereIsNone) {
  DrainPause pause(8 * kCharge);
  EXPECT_EQ(settled(pause, 100'000), 0);  // a quarter of that buffer is full in 20 us
}

TEST_F(DrainPauseTest, TheFastestOfLateCountsAlsoAfterAMomentOfCalm) {
  DrainPause pause(100 * kCharge);
  EXPECT_NEAR(static_cast<double>(settled(pause, 250'000)), 100e3, 10e3);
  settled(pause, 100'000);  // half a second
  const Nanos calm = turn(pause, 100'000, kMillisecond / 4);
  EXPECT_NEAR(static_cast<double>(calm), 250e3, 10e3);
  turn(pause, 250'000, kMillisecond / 4);
  EXPECT_LT(turn(pause, 100'000, kMillisecond / 4), 105 * kMicrosecond);
}

TEST_F(DrainPauseTest, AReadingOfSeveralTurnsIsOne) {
  DrainPause pause(kBuffer);
  turn(pause, 1, kSecond);
  now_ += kMillisecond;
  pause.begin(1000 * kCharge, now_);
  pause.took(64);
  pause.begin(5000 * kCharge, now_);  // some of it was counted before: not what came since the socket was empty
  pause.took(6000);
  pause.emptied(now_);
  EXPECT_NEAR(pause.time_to_fill(), 1e6 * kBuffer / (1000 * kCharge), 1);
}

TEST_F(DrainPauseTest, NothingFillsTheBufferWhereNothingCame) {
  DrainPause pause(kBuffer);
  EXPECT_TRUE(std::isinf(pause.time_to_fill()));
  EXPECT_EQ(turn(pause, 0, kSecond), 0);
  EXPECT_TRUE(std::isinf(pause.time_to_fill()));
}

}  // namespace
}  // namespace sluice
