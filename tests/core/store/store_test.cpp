#include "core/store/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/core/store/store_fixture.h"
#include "tests/support/temp_directory.h"

namespace sluice {
namespace {

using Blocks = std::vector<std::string>;
using Names = std::vector<std::string>;

class StoreTest : public StoreFixture {
 protected:
  std::vector<uint64_t> read_ids() {
    std::vector<uint64_t> ids;
    auto reader = StoreReader::open(fs_, kDir);
    for (const BlockRef& ref : (*reader)->blocks()) ids.push_back(ref.summary.first_id);
    EXPECT_TRUE((*reader)->damage().empty());
    return ids;
  }
};

TEST_F(StoreTest, KeepsBlocksInOrder) {
  open();
  append(1, "a");
  append(2, "b");
  close();
  open();
  append(3, "c");
  EXPECT_EQ(blocks(), (Blocks{"a", "b", "c"}));
}

TEST_F(StoreTest, AnEmptyDirectoryIsAnEmptyStore) {
  open();
  EXPECT_EQ(store_->next_id(), 1u);
  EXPECT_EQ(store_->stats().segments, 0u);
  EXPECT_TRUE(files().empty());
  maintain();
  close();
  EXPECT_TRUE(files().empty());
}

TEST_F(StoreTest, IdsGoOnWhereTheyEnded) {
  open();
  EXPECT_EQ(store_->next_id(), 1u);
  ASSERT_TRUE(store_->append(opaque_block(100, 50, "a")));
  EXPECT_EQ(store_->next_id(), 150u);
  ASSERT_TRUE(store_->append(opaque_block(20, 5, "b")));  // a slower worker's
  EXPECT_EQ(store_->next_id(), 150u);
  crash();
  open();
  EXPECT_EQ(store_->next_id(), 150u);
}

TEST_F(StoreTest, ABlockOfNotesOnlyHasNoIds) {
  open();
  append_lines({}, {{.first_id = 7, .count = 2}});
  EXPECT_EQ(store_->next_id(), 1u);
  EXPECT_EQ(read_store(fs_).repeats, (std::map<uint64_t, uint64_t>{{7, 2}}));
}

TEST_F(StoreTest, ASecondProcessIsToldWhoHasTheStore) {
  open();
  auto second = Store::open(options_, fs_, clock_, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "store /store is in use by another process (pid " + std::to_string(getpid()) + ")");
  close();
  EXPECT_TRUE(Store::open(options_, fs_, clock_, nullptr));
}

TEST_F(StoreTest, ALockIsLeftBehindByNobody) {
  open();
  crash();
  open();
}

TEST_F(StoreTest, UnknownFilesAreLeftAlone) {
  fs_.put(kDir + "/notes.txt", "mine");
  fs_.put(kDir + "/12.seg", "not ours");
  fs_.put(kDir + "/0000000001.seg.bak", "a copy");
  open();
  append(1, "a");
  close();
  open();
  maintain();
  EXPECT_EQ(fs_.bytes(kDir + "/notes.txt"), "mine");
  EXPECT_EQ(fs_.bytes(kDir + "/12.seg"), "not ours");
  EXPECT_EQ(fs_.bytes(kDir + "/0000000001.seg.bak"), "a copy");
  EXPECT_EQ(blocks(), Blocks{"a"});
}

TEST_F(StoreTest, ADirectoryThatCantBeMadeIsSaid) {
  options_.path = "/proc/no/store";
  auto store = Store::open(options_, real_file_system(), clock_, nullptr);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().message, "create directory /proc/no: No such file or directory");
}

TEST_F(StoreTest, LivesOnARealDisk) {
  TempDirectory directory;
  options_.path = directory.path() + "/deep/store";
  {
    auto store = Store::open(options_, real_file_system(), clock_, nullptr);
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE((*store)->append(maker_.make({{1, "hello"}})));
    ASSERT_TRUE((*store)->sync());
  }
  EXPECT_EQ(read_store(real_file_system(), options_.path).lines, (std::map<uint64_t, std::string>{{1, "hello"}}));
}

// ---- rolling

TEST_F(StoreTest, ASegmentRollsWhenItIsLarge) {
  options_.segment_bytes = 10'000;
  open();
  append(1, std::string(9'000, 'x'), 8 << 20);
  maintain();
  append(2, std::string(9'000, 'y'), 8 << 20);
  maintain();
  append(3, "z", 8 << 20);
  EXPECT_EQ(files(), (Names{"0000000001.seg", "0000000002.seg"}));
  EXPECT_EQ(blocks().size(), 3u);
}

TEST_F(StoreTest, ASegmentRollsWhenItIsOldButNotWhenItIsEmpty) {
  options_.segment_age = 60 * kSecond;
  options_.merge = false;
  open();
  append(1, "a");
  clock_.advance(59 * kSecond);
  maintain();
  append(2, "b");
  clock_.advance(1 * kSecond);
  maintain();
  clock_.advance(600 * kSecond);
  maintain();
  EXPECT_EQ(files(), Names{"0000000001.seg"});
  append(3, "c");
  EXPECT_EQ(files(), (Names{"0000000001.seg", "0000000002.seg"}));
}

TEST_F(StoreTest, ASegmentRollsWhenItHoldsManySmallBlocks) {
  options_.small_blocks = 3;
  open();
  append(1, "a");
  append(2, "b");
  maintain();
  EXPECT_FALSE((*SegmentReader::open(fs_, path(1)))->indexed());
  append(3, "c");
  maintain();
  EXPECT_TRUE((*SegmentReader::open(fs_, path(1)))->indexed());
}

TEST_F(StoreTest, AFewSmallBlocksAmongLargeOnesDoNotRollIt) {
  options_.small_blocks = 3;
  open();
  for (uint64_t id = 1; id <= 10; ++id) append(id, std::string(100'000, 'x'), 8 << 20);
  for (uint64_t id = 11; id <= 20; ++id) append(id, "small");
  maintain();
  EXPECT_FALSE((*SegmentReader::open(fs_, path(1)))->indexed());
}

// ---- syncing

TEST_F(StoreTest, WithoutAnIntervalEachBlockIsDurableAtOnce) {
  options_.sync_interval = 0;
  open();
  append(1, "a");
  append(2, "b");
  fs_.die();
  close();
  fs_.power_cut();
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

TEST_F(StoreTest, ABlockIsDurableAfterTheInterval) {
  options_.sync_interval = 5 * kSecond;
  open();
  append(1, "a");
  clock_.advance(5 * kSecond);
  maintain();
  append(2, "b");
  clock_.advance(4 * kSecond);
  maintain();
  fs_.die();
  close();
  fs_.power_cut();
  EXPECT_EQ(blocks(), Blocks{"a"});
}

TEST_F(StoreTest, AnIdleStoreIsNotSynced) {
  open();
  append(1, "a");
  clock_.advance(2 * kSecond);
  maintain();
  const uint64_t syncs = store_->stats().syncs;
  const uint64_t changes = fs_.changes();
  for (int i = 0; i < 5; ++i) {
    clock_.advance(1 * kSecond);
    maintain();
  }
  EXPECT_EQ(store_->stats().syncs, syncs);
  EXPECT_EQ(fs_.changes(), changes);
}

TEST_F(StoreTest, ASyncThatFailsIsToldOnceAndTriedAgain) {
  open();
  append(1, "a");
  fs_.fail_next(Call::sync, EIO, 3);
  for (int i = 0; i < 3; ++i) {
    clock_.advance(2 * kSecond);
    maintain();
  }
  EXPECT_EQ(told(StoreEvent::Kind::trouble), (Names{"fdatasync " + path(1) + ": Input/output error"}));
  clock_.advance(2 * kSecond);
  maintain();
  EXPECT_EQ(store_->stats().syncs, 1u);
}

TEST_F(StoreTest, ABlockThatCouldNotBeSyncedIsNotStoredTwice) {
  options_.sync_interval = 0;
  open();
  append(1, "a");
  fs_.fail_next(Call::sync, EIO);
  EXPECT_FALSE(store_->append(opaque_block(2, 1, "b")));
  append(2, "b");
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

TEST_F(StoreTest, ABlockThatCouldNeitherBeSyncedNorTakenBackIsNotStoredTwice) {
  options_.sync_interval = 0;
  open();
  append(1, "a");
  fs_.fail_next(Call::sync, EIO);
  fs_.fail_next(Call::truncate, EIO, 2);
  EXPECT_FALSE(store_->append(opaque_block(2, 1, "b")));
  EXPECT_FALSE(store_->append(opaque_block(2, 1, "b")));  // still can't
  append(2, "b");
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

// ---- the disk is full, or broken

TEST_F(StoreTest, AFullDiskIsAnErrorAndNothingHalfWrittenStays) {
  open();
  append(1, "a");
  const std::string before = file(1);
  fs_.set_capacity(before.size() + 200);
  auto full = store_->append(opaque_block(2, 1, std::string(1000, 'b')));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().message, "write " + path(1) + ": No space left on device");
  EXPECT_EQ(full.error().sys, ENOSPC);
  EXPECT_EQ(file(1), before);
  fs_.set_capacity(std::nullopt);
  append(2, std::string(1000, 'b'));
  EXPECT_EQ(blocks(), (Blocks{"a", std::string(1000, 'b')}));
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(StoreTest, ADiskFullAtAnyByteIsRecoveredFrom) {
  open();
  for (uint64_t room = 0; room < 400; ++room) {
    close();
    for (const std::string& name : files()) ASSERT_TRUE(fs_.remove(kDir + "/" + name));
    open();
    fs_.set_capacity(std::to_string(getpid()).size() + 1 + room);
    const bool first = store_->append(opaque_block(1, 1, "first")).has_value();
    const bool second = store_->append(opaque_block(2, 1, "second")).has_value();
    fs_.set_capacity(std::nullopt);
    if (!first) append(1, "first");
    if (!second) append(2, "second");
    EXPECT_EQ(read_ids(), (std::vector<uint64_t>{1, 2})) << room;
    close();
    EXPECT_EQ(read_ids(), (std::vector<uint64_t>{1, 2})) << room;
    EXPECT_EQ(files().size(), 1u);
  }
}

TEST_F(StoreTest, ATailThatCantBeCutOffIsLeftInASegmentOfItsOwn) {
  open();
  append(1, "a");
  fs_.set_capacity(file(1).size() + 200);
  fs_.fail_next(Call::truncate, EIO);
  EXPECT_FALSE(store_->append(opaque_block(2, 1, std::string(1000, 'b'))));
  fs_.set_capacity(std::nullopt);
  append(2, "b");
  EXPECT_EQ(files(), (Names{"0000000001.seg", "0000000002.seg"}));
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
  crash();
  open();
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
  EXPECT_EQ(told(StoreEvent::Kind::damaged), Names{});
}

TEST_F(StoreTest, AnIndexThatCantBeWrittenIsWrittenLater) {
  options_.segment_age = 10 * kSecond;
  options_.merge = false;
  open();
  append(1, "a");
  fs_.set_capacity(file(1).size() + 60);
  clock_.advance(10 * kSecond);
  maintain();
  maintain();
  EXPECT_EQ(told(StoreEvent::Kind::trouble), (Names{"write " + path(1) + ": No space left on device"}));
  EXPECT_EQ(blocks(), Blocks{"a"});
  fs_.set_capacity(std::nullopt);
  append(2, "b");
  maintain();
  EXPECT_TRUE((*SegmentReader::open(fs_, path(1)))->indexed());
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

// ---- recovery

TEST_F(StoreTest, ATornTailIsCutOffAndTold) {
  open();
  append(1, "a");
  append(2, "bbbbbbbb");
  crash();
  const std::string whole = file(1);
  const size_t second = SegmentHeader::kBytes + BlockEnvelope::kBytes + 1;
  for (size_t size = second + 1; size < whole.size(); ++size) {
    file(1) = whole.substr(0, size);
    events_.clear();
    open();
    EXPECT_EQ(blocks(), Blocks{"a"}) << size;
    EXPECT_EQ(store_->next_id(), 2u) << size;
    ASSERT_EQ(told(StoreEvent::Kind::recovered).size(), 2u);
    EXPECT_EQ(told(StoreEvent::Kind::recovered)[0], "cut off: " + path(1) + ": " + std::to_string(size - second) +
                                                        " bytes at " + std::to_string(second) +
                                                        ": a block that was not written to its end");
    EXPECT_EQ(told(StoreEvent::Kind::damaged), Names{});
    append(2, "again");
    close();
    EXPECT_EQ(blocks(), (Blocks{"a", "again"})) << size;
    EXPECT_TRUE((*StoreReader::open(fs_, kDir))->torn_tails().empty());
    ASSERT_TRUE(fs_.remove(path(2)));
    file(1) = whole;
  }
}

TEST_F(StoreTest, AMissingIndexIsMadeAgain) {
  open();
  append(1, "a");
  append(2, "b");
  crash();
  open();
  EXPECT_TRUE((*SegmentReader::open(fs_, path(1)))->indexed());
  EXPECT_EQ(told(StoreEvent::Kind::recovered), Names{path(1) + ": index made again (2 blocks)"});
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

TEST_F(StoreTest, ADamagedIndexIsMadeAgain) {
  open();
  append(1, "a");
  append(2, "b");
  close();
  file(1)[file(1).size() - SegmentFooter::kBytes - 20] ^= 1;
  open();
  EXPECT_TRUE((*SegmentReader::open(fs_, path(1)))->indexed());
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

TEST_F(StoreTest, ADamagedBlockCostsItselfOnlyAndStays) {
  open();
  append(1, "aaaa");
  append(2, "bbbb");
  append(3, "cccc");
  crash();
  const size_t at = file(1).find("bbbb");
  file(1)[at] ^= 1;
  open();
  EXPECT_EQ(blocks(), (Blocks{"aaaa", "cccc"}));
  EXPECT_EQ(told(StoreEvent::Kind::damaged).size(), 1u);
  EXPECT_EQ(store_->stats().damaged_blocks, 1u);
  EXPECT_EQ(file(1)[at], 'b' ^ 1) << "kept for a rescue";
  close();
  events_.clear();
  open();
  EXPECT_EQ(told(StoreEvent::Kind::damaged).size(), 1u) << "still known to be damaged";
}

TEST_F(StoreTest, ADamagedLastBlockIsNotCutOff) {
  open();
  append(1, "aaaa");
  append(2, "bbbb");
  crash();
  file(1).back() ^= 1;
  open();
  append(3, "cccc");
  close();
  EXPECT_EQ(blocks(), (Blocks{"aaaa", "cccc"}));
  EXPECT_NE(file(1).find(std::string("bbb") + static_cast<char>('b' ^ 1)), std::string::npos);
}

TEST_F(StoreTest, AFileInWhichNothingCanBeReadIsPutAside) {
  open();
  append(1, "a");
  close();
  fs_.put(path(2), std::string(5'000, 'x'));
  open();
  EXPECT_EQ(files(), (Names{"0000000001.seg", "0000000002.seg.damaged"}));
  append(2, "b");
  EXPECT_EQ(files(), (Names{"0000000001.seg", "0000000002.seg.damaged", "0000000003.seg"}));
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

TEST_F(StoreTest, ADamagedHeaderCostsNoBlock) {
  open();
  append(1, "a");
  close();
  open();
  append(2, "b");
  crash();
  file(1)[17] ^= 1;
  file(2)[17] ^= 1;
  open();
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
  EXPECT_EQ(told(StoreEvent::Kind::damaged).size(), 2u);
  EXPECT_EQ(store_->next_id(), 3u);
  append(3, "c");
  EXPECT_EQ(files().back(), "0000000003.seg");
}

TEST_F(StoreTest, AnEmptySegmentIsUsedAgain) {
  open();
  fs_.fail_next(Call::append, ENOSPC);  // the header
  EXPECT_FALSE(store_->append(opaque_block(1, 1, "a")));
  EXPECT_TRUE(files().empty());
  fs_.set_capacity(fs_.bytes(kDir + "/lock").size() + SegmentHeader::kBytes + 10);
  EXPECT_FALSE(store_->append(opaque_block(1, 1, "a")));
  fs_.set_capacity(std::nullopt);
  const Names left = files();
  ASSERT_EQ(left.size(), 1u);
  crash();
  open();
  append(1, "a");
  EXPECT_EQ(files(), left);
  EXPECT_EQ(blocks(), Blocks{"a"});
}

// ---- retention

TEST_F(StoreTest, TheOldestSegmentsGoWhenThereIsTooMuch) {
  options_.merge = false;
  options_.retention_bytes = 80'000;  // so segments of 10,000
  open();
  for (uint64_t id = 1; id <= 20; ++id) {
    append(id, std::string(10'000, static_cast<char>('a' + id)), 8 << 20);
    maintain();
    EXPECT_LE(store_->stats().stored_bytes, 80'000u);
  }
  const auto left = blocks();
  EXPECT_EQ(left.size(), 7u);
  EXPECT_EQ(left.back()[0], 'a' + 20);
  EXPECT_EQ(store_->stats().segments_removed, 13u);
  EXPECT_EQ(told(StoreEvent::Kind::removed).size(), 13u);
}

TEST_F(StoreTest, SegmentsGoWhenTheirNewestLineIsTooOld) {
  options_.merge = false;
  options_.segment_age = 1 * kSecond;
  options_.retention_age = 100 * kSecond;
  open();
  for (uint64_t id = 1; id <= 3; ++id) {
    append(id, "a");
    clock_.advance(10 * kSecond);
    maintain();
  }
  clock_.advance(70 * kSecond);  // the first is 100 s old
  maintain();
  EXPECT_EQ(blocks().size(), 3u);
  clock_.advance(1);
  maintain();
  EXPECT_EQ(blocks().size(), 2u);
}

TEST_F(StoreTest, NumbersAndIdsGoOnWhenRetentionRemovedEverything) {
  options_.merge = false;
  options_.retention_age = 100 * kSecond;
  open();
  ASSERT_TRUE(store_->append(opaque_block(1000, 1, "a")));
  close();
  open();
  clock_.advance(101 * kSecond);
  maintain();
  EXPECT_TRUE(blocks().empty());
  crash();
  open();
  EXPECT_EQ(store_->next_id(), 1001u);
  append(1001, "b");
  EXPECT_EQ(files(), Names{"0000000002.seg"});
}

TEST_F(StoreTest, TheOpenSegmentIsNeverRemoved) {
  options_.retention_bytes = 1;
  options_.retention_age = 1;
  options_.merge = false;
  open();
  append(1, "a");
  EXPECT_EQ(blocks(), Blocks{"a"});
  clock_.advance(1);
  append(2, "b");
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

TEST_F(StoreTest, AFileThatCantBeRemovedIsTriedAgain) {
  options_.merge = false;
  options_.retention_age = 100 * kSecond;
  open();
  append(1, "a");
  close();
  open();
  clock_.advance(101 * kSecond);
  fs_.fail_next(Call::remove, EPERM, 2);
  maintain();
  maintain();
  EXPECT_EQ(told(StoreEvent::Kind::trouble), Names{"remove " + path(1) + ": Operation not permitted"});
  EXPECT_TRUE(fs_.exists(path(1)));
  maintain();
  EXPECT_FALSE(fs_.exists(path(1)));
}

// ---- figures

TEST_F(StoreTest, StatsSayWhatThereIsAndWhatWasDone) {
  options_.merge = false;
  open();
  ASSERT_TRUE(store_->append(opaque_block(1, 3, "aaaa")));
  ASSERT_TRUE(store_->append(opaque_block(4, 2, "bb")));
  StoreStats stats = store_->stats();
  EXPECT_EQ(stats.segments, 1u);
  EXPECT_EQ(stats.blocks, 2u);
  EXPECT_EQ(stats.rows, 5u);
  EXPECT_EQ(stats.stored_bytes, file(1).size());
  EXPECT_EQ(stats.blocks_written, 2u);
  EXPECT_EQ(stats.bytes_written, 2 * BlockEnvelope::kBytes + 6);
  close();
  open();
  stats = store_->stats();
  EXPECT_EQ(stats.blocks, 2u);
  EXPECT_EQ(stats.rows, 5u);
  EXPECT_EQ(stats.stored_bytes, file(1).size());
  EXPECT_EQ(stats.blocks_written, 0u);
}

}  // namespace
}  // namespace sluice
