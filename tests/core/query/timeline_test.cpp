#include "core/query/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "core/query/repeat_sums.h"
#include "tests/support/store_builder.h"

namespace sluice {
namespace {

// A line of the second `second` after 10:15:00, with its text as message.
std::string frame_at(int second, std::string_view text, std::string_view app = "app", int pri = 13) {
  char head[64];
  std::snprintf(head, sizeof head, "<%d>1 2026-11-23T10:15:%02dZ web-1 ", pri, second);
  return std::string(head) + std::string(app) + " - - - " + std::string(text);
}

class TimelineTest : public ::testing::Test {
 protected:
  uint64_t add(int second, std::string_view text) { return store_.line(frame_at(second, text)); }
  void seal() { store_.seal(); }

  // The messages in the order given, with *N behind those that came N times; separated by blanks.
  std::string read(Query query = {}, TimelineOptions options = {}) {
    const auto reader = store_.reader();
    const auto scan = Scan::compile(std::move(query));
    Timeline timeline(*reader, reader->blocks(), *scan, options);
    std::string all;
    while (const TimelineEntry* entry = timeline.next()) {
      if (!all.empty()) all += ' ';
      append_message(entry->record, all);
      if (entry->times != 1) all += "*" + std::to_string(entry->times);
    }
    stats_ = timeline.stats();
    damage_ = timeline.damage();
    return all;
  }

  StoreBuilder store_;
  Timeline::Stats stats_;
  std::vector<Damage> damage_;
};

TEST_F(TimelineTest, AnEmptyStoreGivesNothing) { EXPECT_EQ(read(), ""); }

TEST_F(TimelineTest, LinesOfOneBlockComeInOrderOfTimeNotOfReceipt) {
  add(3, "c");
  add(1, "a");
  add(2, "b");
  seal();
  EXPECT_EQ(read(), "a b c");
}

TEST_F(TimelineTest, EqualTimesComeInOrderOfReceiptAcrossBlocks) {
  store_.line(frame_at(1, "b"), {.id = 2});
  store_.line(frame_at(1, "d"), {.id = 4});
  seal();
  store_.line(frame_at(1, "a"), {.id = 1});
  store_.line(frame_at(1, "c"), {.id = 3});
  seal();
  EXPECT_EQ(read(), "a b c d");
  EXPECT_EQ(read({.reverse = true}), "d c b a");
}

TEST_F(TimelineTest, BlocksWithOverlappingTimesAreMerged) {
  add(1, "a");
  add(5, "e");
  seal();
  add(2, "b");
  add(6, "f");
  seal();
  add(3, "c");
  add(4, "d");
  seal();
  EXPECT_EQ(read(), "a b c d e f");
  EXPECT_EQ(read({.reverse = true}), "f e d c b a");
}

TEST_F(TimelineTest, NewestFirstBeginsAtTheEnd) {
  for (int i = 0; i < 9; ++i) {
    add(i, std::to_string(i));
    if (i % 3 == 2) seal();
  }
  EXPECT_EQ(read({.reverse = true}), "8 7 6 5 4 3 2 1 0");
  EXPECT_EQ(read({.reverse = true, .last = 4}), "8 7 6 5");
  EXPECT_EQ(stats_.decoded, 2u);  // the third block holds nothing that was asked for
}

TEST_F(TimelineTest, TheLastLinesComeOldestFirst) {
  for (int i = 0; i < 9; ++i) {
    add(i, std::to_string(i));
    if (i % 3 == 2) seal();
  }
  EXPECT_EQ(read({.last = 4}), "5 6 7 8");
  EXPECT_EQ(read({.last = 3}), "6 7 8");
  EXPECT_EQ(read({.last = 1}), "8");
  EXPECT_EQ(read({.last = 0}), "");
  EXPECT_EQ(read({.last = 9}), "0 1 2 3 4 5 6 7 8");
  EXPECT_EQ(read({.last = 10}), "0 1 2 3 4 5 6 7 8");
}

TEST_F(TimelineTest, TheLastLinesAreTheLastThatMatch) {
  for (int i = 0; i < 9; ++i) store_.line(frame_at(i, std::to_string(i), i % 2 == 0 ? "even" : "odd"));
  seal();
  EXPECT_EQ(read({.app_names = {"even"}, .last = 2}), "6 8");
  EXPECT_EQ(read({.pattern = "[0-4]", .last = 2}), "3 4");
}

TEST_F(TimelineTest, ConditionsChooseLinesAndBlocks) {
  add(1, "a");
  add(2, "b");
  seal();
  add(3, "c");
  seal();
  const Nanos second_two = 1'795'428'902 * kSecond;
  EXPECT_EQ(read({.since = second_two}), "b c");
  EXPECT_EQ(read({.until = second_two}), "a b");
  EXPECT_EQ(stats_.blocks, 1u);
  EXPECT_EQ(read({.since = second_two, .until = second_two}), "b");
  EXPECT_EQ(read({.severities = 0b00001111}), "");
  EXPECT_EQ(stats_.blocks, 0u);
  EXPECT_EQ(read({.hostnames = {"web-2"}}), "");
}

TEST_F(TimelineTest, RepeatsAreJoinedToTheirLineWhereverTheyWereNoted) {
  store_.repeat(2, 1);  // noted by another worker, before the line's own block was written
  add(1, "a");
  seal();
  add(2, "b");
  add(3, "c");
  store_.repeat(2, 1);
  seal();
  store_.repeat(2, 3);  // a block of notes alone
  store_.repeat(1, 1);
  seal();
  EXPECT_EQ(read(), "a*2 b*6 c");
  EXPECT_EQ(read({.reverse = true}), "c b*6 a*2");
  EXPECT_EQ(read({.last = 2}), "b*6 c");
  EXPECT_EQ(read({}, {.count_repeats = false}), "a b c");
}

TEST_F(TimelineTest, WithEveryRepeatTheLastLinesAreCountedOneByOne) {
  add(1, "a");
  add(2, "b");
  add(3, "c");
  store_.repeat(2, 3);
  seal();
  EXPECT_EQ(read({.every_repeat = true}), "a b*4 c");
  EXPECT_EQ(read({.last = 5, .every_repeat = true}), "b*4 c");
  EXPECT_EQ(read({.last = 3, .every_repeat = true}), "b*2 c");
  EXPECT_EQ(read({.reverse = true, .last = 3, .every_repeat = true}), "c b*2");
  EXPECT_EQ(read({.last = 3}), "a b*4 c");
}

TEST_F(TimelineTest, RepeatsBeyondTheMemoryLimitAreStillCountedRight) {
  for (int i = 1; i <= 20; ++i) {
    add(i, std::to_string(i));
    store_.repeat(static_cast<uint64_t>(i), static_cast<uint64_t>(i));
    if (i % 5 == 0) seal();
  }
  const auto reader = store_.reader();
  RepeatSums sums(
      *reader, reader->blocks(), StoreBuilder::kReceived + kSecond, [](const BlockRef&, const Error&) {}, 3);
  for (const BlockRef& ref : reader->blocks()) {
    std::vector<uint64_t> ids{ref.summary.first_id, ref.summary.last_id};
    std::vector<uint64_t> counts;
    sums.counts_of(ref, ids, counts);
    EXPECT_EQ(counts, ids);
  }
}

TEST_F(TimelineTest, ADamagedBlockIsLeftOutAndReported) {
  add(1, "a");
  seal();
  add(2, "b");
  seal();
  add(3, "c");
  seal();
  const auto reader = store_.reader();
  const BlockRef second = reader->blocks()[1];
  const std::string path = reader->segments()[0].path;
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(second.offset + second.length));
    file.put('\x55');
  }
  const auto scan = Scan::compile({});
  Timeline timeline(*reader, reader->blocks(), *scan);
  std::string all;
  while (const TimelineEntry* entry = timeline.next()) append_message(entry->record, all);
  EXPECT_EQ(all, "ac");
  ASSERT_EQ(timeline.damage().size(), 1u);
  EXPECT_EQ(timeline.damage()[0].path, path);
  EXPECT_EQ(timeline.damage()[0].offset, second.offset);
}

// Many lines in blocks of random sizes, most in order, some far off: compared with a plain sort.
class TimelineModelTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(TimelineModelTest, AnyBlocksInAnyMemoryGiveTheSortedLines) {
  std::mt19937_64 random(GetParam());
  SCOPED_TRACE(GetParam());
  StoreBuilder store;
  struct Line {
    int second;
    uint64_t id;
    uint64_t times;
    auto operator<=>(const Line&) const = default;
  };
  std::vector<Line> lines;
  for (int i = 0; i < 400; ++i) {
    const bool wrong_clock = random() % 20 == 0;
    const int second =
        wrong_clock ? static_cast<int>(random() % 60) : std::min(59, i / 10 + static_cast<int>(random() % 4));
    const uint64_t id = store.line(frame_at(second, std::string(random() % 200, 'x')));
    lines.push_back({second, id, 1});
    if (random() % 10 == 0) {
      Line& repeated = lines[random() % lines.size()];
      repeated.times += 2;
      store.repeat(repeated.id, 2);
    }
    if (random() % 16 == 0) store.seal();
  }
  store.seal();
  std::sort(lines.begin(), lines.end());

  const auto reader = store.reader();
  uint64_t largest = 0;
  for (const BlockRef& ref : reader->blocks()) largest = std::max(largest, ref.summary.raw_bytes);
  for (const bool reverse : {false, true}) {
    for (const uint64_t last : {uint64_t{0}, uint64_t{1}, uint64_t{57}, uint64_t{1000}}) {
      for (const uint64_t open_bytes : {uint64_t{1}, uint64_t{3000}, uint64_t{1} << 20}) {
        const auto scan = Scan::compile({.reverse = reverse, .last = last == 0 ? std::nullopt : std::optional(last)});
        Timeline timeline(*reader, reader->blocks(), *scan, {.open_bytes = open_bytes, .min_portion_bytes = 500});
        std::vector<Line> expected = lines;
        if (last != 0 && last < lines.size())
          expected.erase(expected.begin(), expected.end() - static_cast<long>(last));
        if (reverse) std::reverse(expected.begin(), expected.end());
        size_t at = 0;
        while (const TimelineEntry* entry = timeline.next()) {
          ASSERT_LT(at, expected.size());
          const Line& line = expected[at++];
          ASSERT_EQ(entry->record.id, line.id);
          ASSERT_EQ(entry->times, line.times);
          std::string frame;
          append_raw(entry->record, frame);
          ASSERT_EQ(frame.substr(0, 40), frame_at(line.second, "").substr(0, 40));
        }
        EXPECT_EQ(at, expected.size());
        // One block is always held, however large; beyond the limit nothing else is.
        EXPECT_LE(timeline.stats().peak_open_bytes, std::max(open_bytes, largest));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimelineModelTest, ::testing::Range<uint64_t>(1, 9));

// As when whole seconds are all that a sender tells.
TEST_F(TimelineTest, BlocksOfTheSameTimeAreOpenOneAfterTheOther) {
  std::string expected;
  for (int block = 0; block < 50; ++block) {
    for (int i = 0; i < 100; ++i) {
      const std::string text = std::to_string(block * 100 + i);
      add(1, text);
      expected += (expected.empty() ? "" : " ") + text;
    }
    seal();
  }
  for (const unsigned threads : {1u, 3u}) {
    EXPECT_EQ(read({}, {.open_bytes = 10'000, .threads = threads}), expected);
    EXPECT_EQ(stats_.decoded, 50u);
    read({.reverse = true}, {.open_bytes = 10'000, .threads = threads});
    EXPECT_EQ(stats_.decoded, 50u);
  }
}

TEST_F(TimelineTest, ALineWithAWrongClockDoesNotKeepItsBlockOpen) {
  // Every block has one line of the first second; the rest follow one another.
  const std::string text(1000, 'x');
  for (int block = 0; block < 20; ++block) {
    add(0, "early");
    for (int i = 0; i < 3; ++i) add(10 + block * 2, text);
    seal();
  }
  read({}, {.open_bytes = 10'000});
  EXPECT_LE(stats_.peak_open_bytes, 10'000u);
  EXPECT_LE(stats_.decoded, 45u);  // each block twice at most, give or take those that were still open
}

}  // namespace
}  // namespace sluice
