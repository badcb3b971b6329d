#include "core/store/merge.h"

#include <gtest/gtest.h>

#include <string>

#include "core/record/block_header.h"
#include "tests/core/store/store_fixture.h"

namespace sluice {
namespace {

using Names = std::vector<std::string>;

class MergeTest : public StoreFixture {
 protected:
  MergeTest() {
    options_.small_blocks = 4;
    options_.block_bytes = 64 << 10;
    options_.filter_from = 0;
  }
  static std::string line(uint64_t id) {
    return "line " + std::to_string(id) + " of a service that says little, but says it in more than 64 bytes";
  }
  // One block of `count` lines.
  void trickle(uint64_t first_id, uint64_t count = 1) {
    std::vector<std::pair<uint64_t, std::string>> lines;
    for (uint64_t id = first_id; id < first_id + count; ++id) {
      lines.emplace_back(id, line(id));
      expected_.lines[id] = line(id);
    }
    append_lines(lines);
  }
  void maintain_once() { store_->maintain(); }
  void expect_whole() {
    const Contents found = read_store(fs_);
    EXPECT_EQ(found.lines, expected_.lines);
    EXPECT_EQ(found.repeats, expected_.repeats);
    EXPECT_EQ(found.shown_twice, 0u);
    EXPECT_TRUE((*StoreReader::open(fs_, kDir))->verify().empty());
  }
  // One that need not be merged.
  static std::vector<std::pair<uint64_t, std::string>> large_block() {
    std::vector<std::pair<uint64_t, std::string>> lines;
    for (uint64_t id = 1; id <= 400; ++id) {
      lines.emplace_back(id, std::string(100, 'x') + std::to_string(id * 7919 % 1000) + " number " +
                                 std::to_string(id * 0x9e3779b97f4a7c15u));
    }
    return lines;
  }
  Contents expected_;
};

TEST_F(MergeTest, ATrickleBecomesOneBlock) {
  open();
  for (uint64_t id = 1; id <= 64; ++id) {
    trickle(id);
    clock_.advance(kSecond);
    maintain();
  }
  settle();
  EXPECT_EQ(read_store(fs_).blocks, 1u);
  EXPECT_EQ(files().size(), 1u);
  expect_whole();
}

TEST_F(MergeTest, WhileLinesComeTheNumberOfSmallBlocksStaysSmall) {
  open();
  for (uint64_t id = 1; id <= 400; ++id) {
    trickle(id);
    clock_.advance(kSecond);
    maintain();
    ASSERT_LT(store_->stats().blocks, 32u);
    ASSERT_LT(store_->stats().segments, 16u);
  }
  expect_whole();
}

TEST_F(MergeTest, TheResultStandsWhereItsInputsStood) {
  open();
  for (uint64_t id = 1; id <= 16; ++id) {
    trickle(id);
    maintain();
  }
  trickle(17);
  EXPECT_EQ(files(), (Names{"0000000001-0000000004.m1.seg", "0000000005.seg"}));
  EXPECT_EQ(told(StoreEvent::Kind::merged),
            Names{"merged 4 segments into 0000000001-0000000004.m1.seg (16 lines, 1 blocks)"});
  const StoreStats stats = store_->stats();
  EXPECT_EQ(stats.merges, 1u);
  EXPECT_EQ(stats.blocks_merged, 16u);
  expect_whole();
}

TEST_F(MergeTest, NumbersAreNotUsedAgain) {
  open();
  for (uint64_t id = 1; id <= 16; ++id) {
    trickle(id);
    maintain();
  }
  close();
  open();
  trickle(17);
  EXPECT_EQ(files().back(), "0000000005.seg");
  EXPECT_EQ(store_->next_id(), 18u);
}

TEST_F(MergeTest, LinesOfSeveralWorkersAreSortedById) {
  open();
  append_lines({{1, "a"}, {2, "b"}, {7, "c"}});
  append_lines({{3, "d"}, {6, "e"}});
  append_lines({{4, "f"}, {5, "g"}, {8, "h"}});
  append_lines({{9, "i"}});
  settle();
  auto reader = StoreReader::open(fs_, kDir);
  ASSERT_EQ((*reader)->blocks().size(), 1u);
  BlockReader block;
  ASSERT_TRUE((*reader)->read((*reader)->blocks()[0], block));
  ASSERT_TRUE(block.load_all());
  ASSERT_EQ(block.rows(), 9u);
  for (uint32_t row = 0; row < 9; ++row) EXPECT_EQ(block.record(row).id, row + 1);
  EXPECT_EQ(block.summary().first_id, 1u);
  EXPECT_EQ(block.summary().last_id, 9u);
  EXPECT_EQ(block.summary().merge_level, 1u);
}

TEST_F(MergeTest, EverythingThatIsKnownOfALineSurvives) {
  open();
  const Nanos first = clock_.now();
  for (uint64_t id = 1; id <= 4; ++id) {
    trickle(id);
    clock_.advance(kSecond);
  }
  settle();
  auto reader = StoreReader::open(fs_, kDir);
  BlockReader block;
  ASSERT_TRUE((*reader)->read((*reader)->blocks()[0], block));
  ASSERT_TRUE(block.load_all());
  for (uint32_t row = 0; row < 4; ++row) {
    const StoredRecord record = block.record(row);
    EXPECT_EQ(record.received, first + row * kSecond);
    EXPECT_EQ(record.time, first + row * kSecond);
    EXPECT_EQ(record.listener, "tcp");
    EXPECT_EQ(record.peer, "192.0.2.7");
    EXPECT_EQ(record.flags.severity(), 5);
  }
}

TEST_F(MergeTest, NotesOfRepeatsAreSummedUpByLine) {
  open();
  append_lines({{1, "a"}, {2, "b"}}, {{.first_id = 1, .count = 2, .first_time = 100, .last_time = 200}});
  append_lines({{3, "c"}}, {{.first_id = 1, .count = 5, .first_time = 300, .last_time = 400},
                            {.first_id = 2, .count = 1, .first_time = 310, .last_time = 310}});
  append_lines({}, {{.first_id = 1, .count = 1, .first_time = 500, .last_time = 500}});
  append_lines({{4, "d"}}, {{.first_id = 99, .count = 7, .first_time = 600, .last_time = 700}});
  settle();
  auto reader = StoreReader::open(fs_, kDir);
  ASSERT_EQ((*reader)->blocks().size(), 1u);
  BlockReader block;
  ASSERT_TRUE((*reader)->read((*reader)->blocks()[0], block));
  ASSERT_TRUE(block.load_all());
  const auto notes = block.repeats();
  ASSERT_TRUE(notes);
  ASSERT_EQ(notes->size(), 3u);
  EXPECT_EQ((*notes)[0].first_id, 1u);
  EXPECT_EQ((*notes)[0].count, 8u);
  EXPECT_EQ((*notes)[0].first_time, 100);
  EXPECT_EQ((*notes)[0].last_time, 500);
  EXPECT_EQ((*notes)[1].count, 1u);
  EXPECT_EQ((*notes)[2].first_id, 99u) << "a line of a segment that retention removed, perhaps";
  EXPECT_EQ((*notes)[2].count, 7u);
}

TEST_F(MergeTest, BlocksThatAreTooSmallForAFilterGetNone) {
  options_.filter_from = 1 << 20;
  open();
  for (uint64_t id = 1; id <= 64; ++id) trickle(id);
  settle();
  ASSERT_EQ(blocks().size(), 1u);
  const auto header = read_block_header(blocks()[0]);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->find(ColumnKind::grams), nullptr);
  EXPECT_GE(header->summary.merge_level, 1u);
  expect_whole();
}

TEST_F(MergeTest, LargeBlocksKeepTheirColumnsAndGetAFilter) {
  options_.block_bytes = 64 << 10;
  open();
  append_lines(large_block());
  for (uint64_t id = 401; id <= 404; ++id) append_lines({{id, std::string(2000, 'y') + std::to_string(id)}});
  const std::string before = blocks()[0];
  settle();
  const auto after = blocks();
  ASSERT_EQ(after.size(), 2u);
  const auto old_header = read_block_header(before);
  const auto header = read_block_header(after[0]);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->columns.front().kind, ColumnKind::grams);
  EXPECT_EQ(header->summary.merge_level, 1u);
  EXPECT_EQ(header->columns.size(), old_header->columns.size() + 1);
  EXPECT_TRUE(after[0].ends_with(before.substr(old_header->bytes())));
  EXPECT_EQ(read_store(fs_).lines.size(), 404u);
  EXPECT_TRUE((*StoreReader::open(fs_, kDir))->verify().empty());
}

TEST_F(MergeTest, ABlockThatHasItsFilterIsCopiedAsItIs) {
  options_.block_bytes = 64 << 10;
  open();
  append_lines(large_block());
  for (uint64_t id = 401; id <= 404; ++id) append_lines({{id, std::string(2000, 'y') + std::to_string(id)}});
  settle();
  const std::string merged = blocks()[0];
  for (uint64_t id = 405; id <= 500; ++id) append_lines({{id, std::string(2000, 'z') + std::to_string(id)}});
  settle();
  EXPECT_EQ(store_->stats().merges, 2u);
  EXPECT_EQ(blocks()[0], merged);
}

TEST_F(MergeTest, AFloodsBlocksGetTheirFiltersOnceItIsQuiet) {
  options_.block_bytes = 64 << 10;
  options_.segment_bytes = 64 << 10;
  open();
  append_lines(large_block());
  maintain();
  EXPECT_EQ(store_->stats().merges, 0u);
  settle();
  EXPECT_EQ(files(), Names{"0000000001-0000000001.m1.seg"});
  EXPECT_EQ(read_block_header(blocks()[0])->columns.front().kind, ColumnKind::grams);
  settle();
  EXPECT_EQ(store_->stats().merges, 1u) << "once";
}

TEST_F(MergeTest, MergedBlocksGrowToTheirTarget) {
  open();
  for (uint64_t id = 1; id <= 4000; id += 50) {
    trickle(id, 50);  // 2 KiB
    maintain();
  }
  settle();
  auto reader = StoreReader::open(fs_, kDir);
  const auto& refs = (*reader)->blocks();
  EXPECT_LE(refs.size(), 6u);
  for (size_t i = 0; i + 1 < refs.size(); ++i) EXPECT_GE(refs[i].summary.raw_bytes, options_.block_bytes / 2);
  expect_whole();
}

// A flood, and then nothing.
TEST_F(MergeTest, WhatAFloodLeftIsPackedOnceItIsOverAndNotAgain) {
  options_.pack_bytes = 512 << 10;
  open();
  for (uint64_t i = 0; i < 20; ++i) trickle(1 + i * 1000, 1000);  // 76 KB a block: none of them is small
  clock_.advance(options_.merge_idle - 1);
  maintain();
  EXPECT_EQ(read_store(fs_).blocks, 20u) << "not while the flood may go on";
  const uint64_t before = store_->stats().stored_bytes;

  clock_.advance(1);
  maintain();
  EXPECT_LE(read_store(fs_).blocks, 4u);
  EXPECT_LT(store_->stats().stored_bytes, before);
  expect_whole();
  const auto packed = blocks();
  const uint64_t merges = store_->stats().merges;
  for (int minute = 0; minute < 5; ++minute) {
    clock_.advance(61 * kSecond);
    maintain();
  }
  EXPECT_EQ(store_->stats().merges, merges);
  EXPECT_EQ(blocks(), packed);
  expect_whole();
}

// A machine that is never silent, but seldom busy.
TEST_F(MergeTest, ATrickleDoesNotKeepAFloodFromBeingPacked) {
  options_.pack_bytes = 512 << 10;
  open();
  for (uint64_t i = 0; i < 20; ++i) trickle(1 + i * 1000, 1000);
  for (uint64_t id = 20'001; id <= 20'030; ++id) {
    trickle(id);
    clock_.advance(kSecond);
    maintain();
  }
  EXPECT_LE(read_store(fs_).blocks, 4u + options_.small_blocks);
  expect_whole();
}

TEST_F(MergeTest, AMergeIsDoneInSteps) {
  options_.block_bytes = 8 << 20;
  open();
  for (uint64_t i = 0; i < 4; ++i) trickle(1 + i * 10'000, 10'000);
  clock_.advance(61 * kSecond);
  int steps = 0;
  while (store_->maintain()) ++steps;
  EXPECT_GE(steps, 5);
  EXPECT_EQ(read_store(fs_).blocks, 1u);
  expect_whole();
}

TEST_F(MergeTest, AppendsGoOnBetweenTheSteps) {
  open();
  for (uint64_t id = 1; id <= 16; ++id) {
    trickle(id);
    maintain_once();
  }
  for (uint64_t id = 17; id <= 40; ++id) {
    trickle(id);
    maintain_once();
    expect_whole();
  }
}

TEST_F(MergeTest, ADamagedInputIsLeftAloneAndToldOnce) {
  open();
  for (uint64_t id = 1; id <= 3; ++id) {
    trickle(id);
    close();
    open();
  }
  const size_t block = SegmentHeader::kBytes + BlockEnvelope::kBytes;
  file(2)[block + 30] ^= 1;
  const std::string damaged = file(2);
  for (int i = 0; i < 3; ++i) settle();
  EXPECT_EQ(file(2), damaged);
  EXPECT_EQ(told(StoreEvent::Kind::damaged).size(), 1u);
  EXPECT_EQ(files(), (Names{"0000000001.seg", "0000000002.seg", "0000000003.seg"}));
  EXPECT_EQ(store_->stats().damaged_blocks, 1u);
}

TEST_F(MergeTest, AFullDiskStopsAMergeAndNothingElse) {
  open();
  for (uint64_t id = 1; id <= 3; ++id) {
    trickle(id);
    close();
    open();
  }
  const Names before = files();
  uint64_t used = fs_.bytes(kDir + "/lock").size();
  for (const std::string& name : before) used += fs_.bytes(kDir + "/" + name).size();
  fs_.set_capacity(used + 100);
  settle();
  EXPECT_EQ(files(), before);
  EXPECT_EQ(told(StoreEvent::Kind::trouble).size(), 1u);
  expect_whole();
  fs_.set_capacity(std::nullopt);
  settle();
  EXPECT_EQ(files().size(), 1u);
  expect_whole();
}

TEST_F(MergeTest, WithoutDescriptorsAMergeWaitsAndTakesNothingForDamaged) {
  open();
  append_lines({{1, "one"}});
  settle();
  append_lines({{2, "two"}});
  fs_.fail_next(Call::open, EMFILE);
  settle();
  EXPECT_EQ(store_->stats().merges, 0u);
  EXPECT_EQ(store_->stats().damaged_blocks, 0u);
  EXPECT_EQ(told(StoreEvent::Kind::trouble).size(), 1u);
  settle();
  EXPECT_EQ(store_->stats().merges, 1u);
  EXPECT_EQ(read_store(fs_).lines.size(), 2u);
}

TEST_F(MergeTest, RetentionMayTakeAnInputAway) {
  options_.retention_age = 1000 * kSecond;
  open();
  for (uint64_t id = 1; id <= 3; ++id) {
    trickle(id);
    clock_.advance(100 * kSecond);
    close();
    open();
  }
  clock_.advance(700 * kSecond - 1);
  EXPECT_TRUE(store_->maintain());  // a merge has begun
  EXPECT_TRUE(store_->maintain());
  clock_.advance(2);
  maintain();
  expected_.lines.erase(1);
  expect_whole();
  for (const std::string& name : files()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
}

TEST_F(MergeTest, APausedMergeLeavesNothingBehindAndBeginsAnew) {
  open();
  for (uint64_t id = 1; id <= 4; ++id) trickle(id);
  clock_.advance(61 * kSecond);
  EXPECT_TRUE(store_->maintain());
  EXPECT_TRUE(store_->maintain());
  EXPECT_EQ(files().size(), 2u);
  store_->pause_merging(true);
  EXPECT_FALSE(store_->maintain());
  EXPECT_EQ(files(), Names{"0000000001.seg"});
  store_->pause_merging(false);
  maintain();
  EXPECT_EQ(files(), Names{"0000000001-0000000001.m1.seg"});
  expect_whole();
}

TEST_F(MergeTest, MemoryIsChargedAndGivenBack) {
  AllocationTracker tracker;
  options_.account = &tracker.account("merge");
  open();
  for (uint64_t id = 1; id <= 4; ++id) trickle(id, 100);
  clock_.advance(61 * kSecond);
  uint64_t most = 0;
  while (store_->maintain()) most = std::max(most, options_.account->current());
  EXPECT_GT(most, 0u);
  EXPECT_EQ(options_.account->current(), 0u);
}

TEST_F(MergeTest, WithMergingOffNothingIsMerged) {
  options_.merge = false;
  open();
  for (uint64_t id = 1; id <= 40; ++id) {
    trickle(id);
    maintain();
  }
  settle();
  EXPECT_EQ(store_->stats().blocks, 40u);
}

TEST_F(MergeTest, ASlowTrickleEndsNearTheSizeOfTheSameLinesAtOnce) {
  // 20,000 lines: as full blocks and as they come in at 200 a second, a block a second from each of two workers.
  const auto text = [](uint64_t id) {
    // Noise, of which nothing is left to compress: as many bytes either way.
    uint64_t mixed = id * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    return "<134>1 2026-01-02T03:04:05Z host-" + std::to_string(mixed % 20) + " app - - - request " +
           std::to_string(id) + " took " + std::to_string(mixed >> 44) + " us, status " +
           std::to_string(200 + mixed % 3);
  };
  options_.block_bytes = 8 << 20;
  options_.small_blocks = 32;
  constexpr uint64_t kLines = 20'000;
  std::vector<std::pair<uint64_t, std::string>> all;
  for (uint64_t id = 1; id <= kLines; ++id) all.emplace_back(id, text(id));
  open();
  append_lines(all);
  close();
  const size_t at_once = file(1).size();
  ASSERT_TRUE(fs_.remove(path(1)));

  open();
  for (uint64_t id = 1; id <= kLines; id += 200) {
    for (const uint64_t worker : {0, 1}) {
      std::vector<std::pair<uint64_t, std::string>> lines;
      for (uint64_t i = 0; i < 100; ++i) lines.emplace_back(id + 2 * i + worker, text(id + 2 * i + worker));
      append_lines(lines);
    }
    clock_.advance(kSecond);
    maintain();
  }
  clock_.advance(10 * kSecond);
  maintain();
  EXPECT_LT(static_cast<double>(store_->stats().stored_bytes), 1.3 * static_cast<double>(at_once));
  settle();
  // A tenth is the filter, which a block gets when it is merged.
  EXPECT_LT(static_cast<double>(store_->stats().stored_bytes), 1.2 * static_cast<double>(at_once));
  EXPECT_EQ(read_store(fs_).lines.size(), kLines);
}

}  // namespace
}  // namespace sluice
