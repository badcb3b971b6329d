#include "core/base/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace sluice {
namespace {

TEST(SystemClock, TellsTheWallClockTimeOfTheKernel) {
  const Nanos before = static_cast<Nanos>(std::time(nullptr)) * kSecond;
  const Nanos now = system_clock().now();
  const Nanos after = (static_cast<Nanos>(std::time(nullptr)) + 1) * kSecond;
  // time() may lag the precise clock by a tick.
  EXPECT_GE(now, before);
  EXPECT_LE(now, after + kSecond);
}

TEST(SystemClock, TheMonotonicClockNeverGoesBack) {
  Nanos last = system_clock().monotonic();
  for (int i = 0; i < 1000; ++i) {
    const Nanos next = system_clock().monotonic();
    ASSERT_GE(next, last);
    last = next;
  }
}

TEST(Nanos, UnitsAreWhatTheySay) {
  EXPECT_EQ(kSecond, 1'000 * kMillisecond);
  EXPECT_EQ(kMillisecond, 1'000 * kMicrosecond);
  EXPECT_EQ(kMicrosecond, 1'000);
}

}  // namespace
}  // namespace sluice
