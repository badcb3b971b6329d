#include "core/store/retention.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

using Indices = std::vector<size_t>;

std::vector<SegmentFacts> segments(const std::vector<std::pair<uint64_t, Nanos>>& bytes_and_newest) {
  std::vector<SegmentFacts> sealed;
  for (const auto& [bytes, newest] : bytes_and_newest) {
    SegmentFacts& facts = sealed.emplace_back();
    facts.stored_bytes = bytes;
    facts.newest = newest;
  }
  return sealed;
}

TEST(Retention, WithoutLimitsEverythingStays) {
  EXPECT_EQ(overdue_segments(segments({{1 << 30, 0}, {1 << 30, 0}}), 0, 1'000 * kSecond, {}), Indices{});
}

TEST(Retention, OldestGoFirstUntilTheRestFits) {
  const auto sealed = segments({{100, 0}, {100, 0}, {100, 0}});
  EXPECT_EQ(overdue_segments(sealed, 50, 0, {.bytes = 350}), Indices{});
  EXPECT_EQ(overdue_segments(sealed, 51, 0, {.bytes = 350}), Indices{0});
  EXPECT_EQ(overdue_segments(sealed, 50, 0, {.bytes = 250}), Indices{0});
  EXPECT_EQ(overdue_segments(sealed, 50, 0, {.bytes = 249}), (Indices{0, 1}));
  EXPECT_EQ(overdue_segments(sealed, 50, 0, {.bytes = 1}), (Indices{0, 1, 2}));
}

TEST(Retention, AgeIsThatOfTheNewestLine) {
  const auto sealed = segments({{1, 10}, {1, 20}, {1, 30}});
  EXPECT_EQ(overdue_segments(sealed, 0, 110, {.age = 100}), Indices{});
  EXPECT_EQ(overdue_segments(sealed, 0, 111, {.age = 100}), Indices{0});
  EXPECT_EQ(overdue_segments(sealed, 0, 121, {.age = 100}), (Indices{0, 1}));
}

TEST(Retention, AClockThatJumpedDoesNotShieldOlderSegments) {
  // The first was written while the clock stood in the future.
  EXPECT_EQ(overdue_segments(segments({{1, 5'000}, {1, 20}}), 0, 200, {.age = 100}), Indices{1});
}

TEST(Retention, BothLimitsHold) {
  EXPECT_EQ(overdue_segments(segments({{100, 0}, {100, 500}, {100, 500}}), 0, 500, {.bytes = 150, .age = 100}),
            (Indices{0, 1}));
}

}  // namespace
}  // namespace sluice
