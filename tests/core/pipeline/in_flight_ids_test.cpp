#include "core/pipeline/in_flight_ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace sluice {
namespace {

TEST(InFlightIds, GivesEachBatchItsNumbers) {
  InFlightIds ids(7);
  EXPECT_EQ(ids.take(3), 7u);
  EXPECT_EQ(ids.take(1), 10u);
  EXPECT_EQ(ids.take(1), 11u);
  ids.skip_to(100);
  EXPECT_EQ(ids.take(1), 100u);
  ids.skip_to(50);
  EXPECT_EQ(ids.take(1), 101u) << "numbers never go back";
}

TEST(InFlightIds, TheOldestIsTheFirstBatchThatIsNotSettled) {
  InFlightIds ids(1);
  ids.track();
  EXPECT_EQ(ids.oldest(), 1u);
  const uint64_t a = ids.take(10), b = ids.take(10), c = ids.take(10);
  EXPECT_EQ(ids.oldest(), a);
  ids.settle(b);
  EXPECT_EQ(ids.oldest(), a);
  ids.settle(a);
  EXPECT_EQ(ids.oldest(), c);
  ids.settle(c);
  EXPECT_EQ(ids.oldest(), 31u);
}

TEST(InFlightIds, ABatchThatWasNumberedBeforeHasItsPlaceAmongThem) {
  InFlightIds ids(100);
  ids.track();
  ids.put(40);
  ids.put(20);
  ids.put(40);  // expected, and then handed over
  const uint64_t fresh = ids.take(5);
  EXPECT_EQ(ids.oldest(), 20u);
  ids.settle(20);
  EXPECT_EQ(ids.oldest(), 40u);
  ids.settle(40);
  EXPECT_EQ(ids.oldest(), fresh) << "what was put twice is settled once";
}

TEST(InFlightIds, WhatNobodyTookIsSettledWithoutHarm) {
  InFlightIds ids(10);
  ids.track();
  const uint64_t a = ids.take(3);
  ids.settle(0);
  ids.settle(a + 1);
  ids.settle(500);
  EXPECT_EQ(ids.oldest(), a);
}

TEST(InFlightIds, NothingIsKeptWhereNobodyAsks) {
  InFlightIds ids(1);
  ids.take(10);
  ids.put(3);
  EXPECT_FALSE(ids.tracks());
  EXPECT_EQ(ids.oldest(), 11u);
}

TEST(InFlightIds, AgreesWithAPlainListInAnyOrder) {
  std::mt19937_64 random(1);
  InFlightIds ids(1);
  ids.track();
  std::vector<uint64_t> open;
  uint64_t next = 1;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0 || open.empty()) {
      const uint64_t lines = 1 + random() % 5;
      open.push_back(ids.take(lines));
      next += lines;
    } else {
      const auto at = open.begin() + static_cast<ptrdiff_t>(random() % open.size());
      ids.settle(*at);
      open.erase(at);
    }
    ASSERT_EQ(ids.oldest(), open.empty() ? next : *std::min_element(open.begin(), open.end()));
  }
}

}  // namespace
}  // namespace sluice
