// The power goes at random moments of a store's life, and of what was not synced anything may be left, in any order.
// For the seeds of one run: SLUICE_TEST_SEEDS says how many (200), SLUICE_TEST_SEED where they begin (1).
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/store/store_fixture.h"
#include "tests/support/power_cut_file_system.h"

namespace sluice {
namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Every line that a reader gets, by id. A block that can't be read is damage, not a line.
std::multimap<uint64_t, std::string> lines_of(FileSystem& fs) {
  std::multimap<uint64_t, std::string> lines;
  auto reader = StoreReader::open(fs, kDir);
  EXPECT_TRUE(reader) << reader.error().message;
  if (!reader) return lines;
  for (const BlockRef& ref : (*reader)->blocks()) {
    BlockReader block;
    if (!(*reader)->read(ref, block) || !block.load_all()) continue;
    for (uint32_t row = 0; row < block.rows(); ++row) {
      std::string text;
      append_raw(block.record(row), text);
      lines.emplace(block.record(row).id, text);
    }
  }
  return lines;
}

// A store whose machine loses its power again and again.
class Machine {
 public:
  explicit Machine(uint64_t seed) : random_(seed) {
    options_.segment_bytes = 24 << 10;
    options_.small_blocks = 4;
    options_.block_bytes = 64 << 10;
    options_.pack_bytes = 128 << 10;
    options_.sync_interval = below(2) * kSecond;
    EXPECT_TRUE(fs_.make_directory(kDir));
  }

  void live_and_lose_power() {
    fs_.fail_after(below(200));
    if (open()) {
      while (!fs_.dead()) act();
      if (store_) merges_ += store_->stats().merges;  // none: it could not be opened again
    }
    fs_.die();
    store_.reset();
    fs_.power_cut(random_());
    check("as the power cut left it");
    ASSERT_TRUE(open());
    check("after it was opened");
    store_.reset();
    check("after it was closed");
  }

  uint64_t merges() const { return merges_; }
  uint64_t lost() const { return lost_; }

 private:
  uint64_t below(uint64_t end) { return random_() % end; }

  bool open() {
    auto store = Store::open(options_, fs_, clock_, nullptr);
    if (store) store_ = std::move(*store);
    return bool(store);
  }

  void act() {
    switch (below(16)) {
      case 0:
        return sync();
      case 1:
        clock_.advance(61 * kSecond);  // quiet: rolls, and merges what there is
        return maintain(20);
      case 2:
        store_.reset();
        if (!fs_.dead()) must_be_there();  // a clean end
        if (!open()) fs_.die();
        return;
      case 3:
      case 4:
        clock_.advance(kSecond);
        return maintain(1 + below(4));
      default:
        append();
    }
  }
  void append() {
    std::vector<std::pair<uint64_t, std::string>> rows;
    uint64_t id = store_->next_id();
    for (uint64_t left = 1 + below(6); left > 0; --left, ++id) {
      // Unique, and not to be compressed: a block is some sectors long.
      std::string text = "row " + std::to_string(++rows_) + " id " + std::to_string(id) + " ";
      for (uint64_t length = below(600); length > 0; --length) text += static_cast<char>('!' + below(90));
      rows.emplace_back(id, std::move(text));
    }
    const bool stored = bool(store_->append(maker_.make(rows, {}, clock_.now())));
    for (auto& [row_id, text] : rows) {
      sent_.insert(text);
      if (stored) written_.emplace_back(row_id, std::move(text));
    }
    if (stored && options_.sync_interval == 0) must_be_there();
  }
  void sync() {
    if (store_->sync()) must_be_there();
  }
  void maintain(uint64_t calls) {
    while (calls-- > 0 && store_->maintain()) {
    }
  }
  // What was written so far is durable.
  void must_be_there() {
    for (auto& [id, text] : written_) durable_.emplace(id, std::move(text));
    written_.clear();
  }

  void check(const std::string& when) {
    const auto lines = lines_of(fs_);
    std::set<std::string> texts;
    for (const auto& [id, text] : lines) {
      ASSERT_TRUE(sent_.contains(text)) << when << ": a line that nobody wrote: " << text;
      ASSERT_NE(text.find(" id " + std::to_string(id) + " "), std::string::npos) << when << ", " << id << ": " << text;
      ASSERT_TRUE(texts.insert(text).second) << when << ", twice: " << text;
    }
    for (const auto& [id, text] : durable_) ASSERT_TRUE(texts.contains(text)) << when << ", lost: " << text;
    for (const auto& [id, text] : written_) lost_ += texts.contains(text) ? 0 : 1;
    written_.clear();
    // What is there now is on the disk: another power cut must leave it.
    durable_.insert(lines.begin(), lines.end());
  }

  PowerCutFileSystem fs_;
  std::mt19937_64 random_;
  ManualClock clock_;
  StoreOptions options_{.path = kDir};
  BlockMaker maker_;
  std::unique_ptr<Store> store_;
  uint64_t rows_ = 0, merges_ = 0, lost_ = 0;
  std::set<std::string> sent_;
  std::vector<std::pair<uint64_t, std::string>> written_;  // acknowledged, not synced
  std::map<uint64_t, std::string> durable_;
};

TEST(StorePowerCutTest, WhatWasSyncedIsThereOnceAndNothingWrongIs) {
  const uint64_t first = number_from("SLUICE_TEST_SEED", 1);
  const uint64_t seeds = number_from("SLUICE_TEST_SEEDS", 200);
  uint64_t merges = 0, lost = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("SLUICE_TEST_SEED=" + std::to_string(seed) + " SLUICE_TEST_SEEDS=1 shows it again");
    Machine machine(seed);
    for (int cut = 0; cut < 4 && !testing::Test::HasFailure(); ++cut) machine.live_and_lose_power();
    if (testing::Test::HasFailure()) return;
    merges += machine.merges();
    lost += machine.lost();
  }
  if (seeds < 100) return;
  EXPECT_GT(merges, seeds / 10) << "the power went before there was anything to merge";
  EXPECT_GT(lost, seeds) << "no power cut took anything";
}

// What the spool must know: between two syncs blocks do not become durable in the order in which they were appended.
class StoreOrderTest : public testing::Test {
 protected:
  // Appends blocks of the lines 1 and 2 without a sync, lets `then` go on, and cuts the power: which lines are left?
  std::set<std::set<uint64_t>> left_after_cuts(bool finish) {
    std::set<std::set<uint64_t>> found;
    for (uint64_t seed = 0; seed < 400; ++seed) {
      PowerCutFileSystem fs;
      auto store = std::move(*Store::open({.path = kDir}, fs, clock_, nullptr));
      EXPECT_TRUE(store->sync());
      for (uint64_t id = 1; id <= 2; ++id) {
        EXPECT_TRUE(store->append(maker_.make({{id, "line " + std::to_string(id)}})));
      }
      EXPECT_TRUE(fs.sync_directory(kDir));
      if (finish) {
        fs.fail_after(1);  // the index is written and not synced
        store.reset();
      }
      fs.die();
      store.reset();
      fs.power_cut(seed);
      std::set<uint64_t> ids;
      for (const auto& [id, text] : lines_of(fs)) ids.insert(id);
      found.insert(ids);
      look(fs);
    }
    return found;
  }
  // How many blocks the store names that can't be read.
  void look(PowerCutFileSystem& fs) {
    auto reader = std::move(*StoreReader::open(fs, kDir));
    for (const BlockRef& ref : reader->blocks()) {
      BlockReader block;
      if (!reader->read(ref, block)) ++named_and_lost_;
    }
  }

  ManualClock clock_;
  BlockMaker maker_;
  uint64_t named_and_lost_ = 0;
};

TEST_F(StoreOrderTest, ALaterUnsyncedBlockMaySurviveWhileAnEarlierOneIsLost) {
  EXPECT_EQ(left_after_cuts(false), (std::set<std::set<uint64_t>>{{}, {1}, {2}, {1, 2}}));
  EXPECT_EQ(named_and_lost_, 0u);
}

TEST_F(StoreOrderTest, AnIndexThatWasNotSyncedMayNameBlocksThatAreLost) {
  EXPECT_EQ(left_after_cuts(true), (std::set<std::set<uint64_t>>{{}, {1}, {2}, {1, 2}}));
  EXPECT_GT(named_and_lost_, 0u) << "whoever asks what is stored must read the block, not only the index";
}

}  // namespace
}  // namespace sluice
