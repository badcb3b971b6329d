#include "core/dedupe/repeat_counts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sluice {
namespace {

TEST(RepeatCounts, CountsEachLineWithItsFirstAndLastTime) {
  RepeatCounts counts(10);
  EXPECT_TRUE(counts.add(7, 100));
  EXPECT_TRUE(counts.add(9, 200));
  EXPECT_TRUE(counts.add(7, 300));
  std::vector<RepeatNote> notes;
  counts.take(notes);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0].first_id, 7u);
  EXPECT_EQ(notes[0].count, 2u);
  EXPECT_EQ(notes[0].first_time, 100);
  EXPECT_EQ(notes[0].last_time, 300);
  EXPECT_EQ(notes[1].count, 1u);
}

TEST(RepeatCounts, TakeAppendsAndStartsAnew) {
  RepeatCounts counts(10);
  counts.add(1, 0);
  std::vector<RepeatNote> notes(1);
  counts.take(notes);
  EXPECT_EQ(notes.size(), 2u);
  EXPECT_EQ(counts.size(), 0u);
  notes.clear();
  counts.take(notes);
  EXPECT_TRUE(notes.empty());
}

TEST(RepeatCounts, RefusesOneLineTooManyAndStillCountsTheOthers) {
  RepeatCounts counts(2);
  EXPECT_TRUE(counts.add(1, 0));
  EXPECT_TRUE(counts.add(2, 0));
  EXPECT_FALSE(counts.add(3, 0));
  EXPECT_TRUE(counts.add(2, 0));
  std::vector<RepeatNote> notes;
  counts.take(notes);
  EXPECT_EQ(notes.size(), 2u);
  EXPECT_TRUE(counts.add(3, 0));
}

TEST(RepeatCounts, AgreesWithAMapOverManyTakes) {
  std::mt19937_64 random(1);
  RepeatCounts counts(100);
  std::map<uint64_t, uint64_t> expected, counted;
  std::vector<RepeatNote> notes;
  for (int round = 0; round < 200; ++round) {
    for (uint64_t i = random() % 300; i > 0; --i) {
      const uint64_t id = random() % 150;
      if (counts.add(id, round)) ++expected[id];
    }
    notes.clear();
    counts.take(notes);
    for (const RepeatNote& note : notes) counted[note.first_id] += note.count;
  }
  EXPECT_EQ(counted, expected);
}

}  // namespace
}  // namespace sluice
