#include "core/store/covered_ids.h"

#include "tests/core/store/store_fixture.h"

namespace sluice {
namespace {

class CoveredIdsTest : public testing::Test {
 protected:
  CoveredIdsTest() {
    EXPECT_TRUE(fs_.make_directory(kDir));
    open();
  }
  void open() {
    store_.reset();
    auto store = Store::open(options_, fs_, clock_, nullptr);
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
  }

  // A block of these lines and of these that were collapsed.
  void append(const std::vector<uint64_t>& rows, const std::vector<CollapsedLines>& collapsed = {}) {
    OpenBlock block(cache_, interner_);
    block.begin_batch(interner_.intern("tcp"), clock_.now());
    for (const uint64_t id : rows) {
      const std::string text = "line " + std::to_string(id);
      Event event;
      event.frame = event.message = text;
      event.layout = CommonLayout::raw;
      block.add(event, id, interner_.intern("192.0.2.7"));
    }
    for (const CollapsedLines& lines : collapsed) {
      block.add_repeat({lines.first_id, lines.count, clock_.now(), clock_.now()});
      block.add_collapsed(lines);
    }
    EncodedBlock encoded;
    encoder_.encode(block, encoded);
    ASSERT_TRUE(store_->append(encoded));
  }
  // As a daemon that stops and starts again: a segment more.
  void roll() { open(); }
  void merge() {
    clock_.advance(3600 * kSecond);
    while (store_->maintain()) {
    }
  }

  CoveredIds read(uint64_t from) {
    auto covered = CoveredIds::read(fs_, kDir, from, [this](const std::string& text) { reports_.push_back(text); });
    EXPECT_TRUE(covered);
    return std::move(*covered);
  }
  static std::vector<uint64_t> held(const CoveredIds& covered, uint64_t from, uint64_t end) {
    std::vector<uint64_t> ids;
    for (uint64_t id = from; id < end; ++id) {
      if (covered.holds(id)) ids.push_back(id);
    }
    return ids;
  }

  FaultyFileSystem fs_;
  ManualClock clock_;
  StoreOptions options_{.path = kDir};
  Interner interner_;
  InternCache cache_{interner_};
  BlockEncoder encoder_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> reports_;
};

using Ids = std::vector<uint64_t>;

TEST_F(CoveredIdsTest, AnEmptyStoreHoldsNothing) {
  const CoveredIds covered = read(1);
  EXPECT_FALSE(covered.holds(1));
  EXPECT_FALSE(covered.repeats(1));
  EXPECT_EQ(covered.end(), 0u);
}

TEST_F(CoveredIdsTest, HoldsTheLinesOfAllBlocksAndSegments) {
  append({1, 2, 3});
  append({7, 9});
  roll();
  append({5, 8});
  const CoveredIds covered = read(1);
  EXPECT_EQ(held(covered, 0, 20), (Ids{1, 2, 3, 5, 7, 8, 9}));
  EXPECT_EQ(covered.end(), 10u);
}

TEST_F(CoveredIdsTest, SaysWhichLineACollapsedOneRepeats) {
  append({1, 2}, {{3, 2, 1}, {6, 1, 2}});
  const CoveredIds covered = read(1);
  EXPECT_EQ(covered.repeats(3), 1u);
  EXPECT_EQ(covered.repeats(4), 1u);
  EXPECT_FALSE(covered.repeats(5));
  EXPECT_EQ(covered.repeats(6), 2u);
  EXPECT_FALSE(covered.holds(3));
  EXPECT_FALSE(covered.repeats(1));
  EXPECT_EQ(covered.end(), 7u);
}

TEST_F(CoveredIdsTest, TheFirstLineOfARepeatIsLookedForHoweverOldItIs) {
  append({1, 2});
  roll();
  append({10, 11});
  roll();
  append({20}, {{21, 1, 2}, {22, 1, 5}});
  const CoveredIds covered = read(20);
  EXPECT_EQ(covered.repeats(21), 2u);
  EXPECT_TRUE(covered.holds(2));
  EXPECT_EQ(covered.repeats(22), 5u);
  EXPECT_FALSE(covered.holds(5)) << "lost in a power cut, say: whoever asks must know";
}

TEST_F(CoveredIdsTest, ABlockThatIsDamagedIsToldAndHoldsNothing) {
  append({1, 2, 3});
  append({4, 5});
  store_.reset();
  std::string& bytes = fs_.bytes(kDir + "/0000000001.seg");
  bytes[SegmentHeader::kBytes + BlockEnvelope::kBytes + 10] ^= 1;
  const CoveredIds covered = read(1);
  EXPECT_EQ(held(covered, 0, 10), (Ids{4, 5}));
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_NE(reports_[0].find("0000000001.seg"), std::string::npos);
}

TEST_F(CoveredIdsTest, AMergeKeepsTheNamesOfCollapsedLinesFromTheIdOnThatItIsTold) {
  options_.small_blocks = 2;
  open();
  append({1}, {{2, 1, 1}});
  append({3}, {{4, 1, 1}});
  append({5}, {{6, 2, 5}});
  append({8}, {{9, 1, 8}});
  roll();
  append({10});
  roll();
  append({11});
  roll();
  store_->keep_collapsed_from(7);
  merge();
  ASSERT_GT(store_->stats().merges, 0u);
  const CoveredIds covered = read(1);
  EXPECT_EQ(held(covered, 0, 20), (Ids{1, 3, 5, 8, 10, 11}));
  EXPECT_FALSE(covered.repeats(2));
  EXPECT_FALSE(covered.repeats(4));
  EXPECT_EQ(covered.repeats(7), 5u);
  EXPECT_EQ(covered.repeats(9), 8u);
}

// Two copies at once: the worker with the later one was quicker.
TEST_F(CoveredIdsTest, ALineIsKnownToHaveRepeatsEvenWhenTheyAreOlderThanTheIdsAskedAbout) {
  options_.small_blocks = 2;
  open();
  append({1}, {{4, 1, 5}});
  append({2}, {{3, 1, 2}});
  roll();
  append({10});
  roll();
  const auto repeated = [&] { return read(5).collapsed(); };
  EXPECT_EQ(repeated(), (std::vector<CollapsedLines>{{4, 1, 5}}));
  store_->keep_collapsed_from(5);
  merge();
  ASSERT_GT(store_->stats().merges, 0u);
  EXPECT_EQ(repeated(), (std::vector<CollapsedLines>{{4, 1, 5}}));
}

TEST_F(CoveredIdsTest, NewIdsBeginAboveAllThatBlocksOnlyName) {
  append({1}, {{5, 3, 1}});
  open();
  EXPECT_EQ(store_->next_id(), 8u) << "5 to 7 were given out, and are counted as repeats";
  append({8}, {{9, 1, 20}});
  open();
  EXPECT_EQ(store_->next_id(), 21u) << "a line 20 was there, and a power cut took it: its note must not be another's";
  roll();
  EXPECT_EQ(store_->next_id(), 21u);
}

}  // namespace
}  // namespace sluice
