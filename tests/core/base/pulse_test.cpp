#include "core/base/pulse.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Pulse, IsIdleUntilItsFirstWork) { EXPECT_FALSE(Pulse::is_busy(Pulse().beat())); }

TEST(Pulse, EachPieceOfWorkAndEachRestHasABeatOfItsOwn) {
  Pulse pulse;
  uint64_t last = pulse.beat();
  for (int i = 0; i < 3; ++i) {
    pulse.busy();
    EXPECT_TRUE(Pulse::is_busy(pulse.beat()));
    EXPECT_GT(pulse.beat(), last);
    last = pulse.beat();
    pulse.busy();  // the next piece, at once
    EXPECT_TRUE(Pulse::is_busy(pulse.beat()));
    EXPECT_GT(pulse.beat(), last);
    pulse.idle();
    EXPECT_FALSE(Pulse::is_busy(pulse.beat()));
    last = pulse.beat();
    pulse.idle();
    EXPECT_EQ(pulse.beat(), last);
  }
}

}  // namespace
}  // namespace sluice
