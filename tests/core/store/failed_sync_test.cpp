// A sync that fails: the kernel takes what it should have written for written, and a later sync that succeeds says
// nothing about it. Only what is written again is safe.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/core/store/store_fixture.h"

namespace sluice {
namespace {

using Blocks = std::vector<std::string>;

class FailedSyncTest : public StoreFixture {
 protected:
  // Each call is one sync: it is due after a second.
  void sync_is_due() {
    clock_.advance(2 * kSecond);
    store_->maintain();
  }
  void lose_power() {
    fs_.die();
    close();
    fs_.power_cut();
  }
};

TEST_F(FailedSyncTest, TheSyncAfterAFailedOneMakesItsBytesDurableToo) {
  open();
  append(1, "a");
  sync_is_due();
  append(2, "b");
  append(3, "c");
  fs_.fail_next(Call::sync, EIO);
  sync_is_due();
  append(4, "d");
  sync_is_due();
  lose_power();
  EXPECT_EQ(blocks(), (Blocks{"a", "b", "c", "d"}));
}

TEST_F(FailedSyncTest, AFileWhoseFirstSyncFailedHasItsHeaderWrittenAgain) {
  open();
  append(1, "a");
  fs_.fail_next(Call::sync, EIO, 2);
  sync_is_due();
  sync_is_due();
  sync_is_due();
  EXPECT_EQ(store_->stats().sync_errors, 2u);
  EXPECT_EQ(store_->stats().syncs, 1u);
  lose_power();
  EXPECT_EQ(blocks(), Blocks{"a"});
  open();
  EXPECT_TRUE(told(StoreEvent::Kind::damaged).empty());
  EXPECT_EQ(store_->next_id(), 2u);
}

TEST_F(FailedSyncTest, OnlyWhatIsInDoubtIsWrittenAgain) {
  open();
  append(1, "a");
  sync_is_due();
  append(2, "b");
  fs_.fail_next(Call::sync, EIO);
  sync_is_due();
  append(3, "c");
  const uint64_t before = fs_.changes();
  sync_is_due();
  EXPECT_EQ(fs_.changes() - before, 3u);  // the block "b", its envelope, the sync
}

TEST_F(FailedSyncTest, AnIndexIsNotBelievedDurableBeforeTheBlocksAre) {
  open();
  append(1, "a");
  append(2, "b");
  fs_.fail_next(Call::sync, EIO);
  sync_is_due();
  close();  // writes the index
  fs_.power_cut();
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
  EXPECT_TRUE((*SegmentReader::open(fs_, path(1)))->indexed());
  EXPECT_TRUE((*StoreReader::open(fs_, kDir))->damage().empty());
}

TEST_F(FailedSyncTest, AnIndexWhoseSyncFailedIsWrittenAgainWithItsBlocks) {
  options_.merge = false;
  options_.segment_age = 60 * kSecond;
  options_.sync_interval = 3600 * kSecond;  // the roll's sync is the only one
  open();
  append(1, "a");
  append(2, "b");
  fs_.fail_next(Call::sync, EIO);
  clock_.advance(61 * kSecond);
  store_->maintain();
  EXPECT_EQ(store_->stats().sync_errors, 1u);
  store_->maintain();
  lose_power();
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
  EXPECT_TRUE((*SegmentReader::open(fs_, path(1)))->indexed());
}

TEST_F(FailedSyncTest, WhenWritingAgainFailsTheSyncDoesNotCount) {
  open();
  append(1, "a");
  fs_.fail_next(Call::sync, EIO);
  sync_is_due();
  fs_.fail_next(Call::write_again, ENOSPC, 2);
  sync_is_due();
  sync_is_due();
  EXPECT_EQ(store_->stats().syncs, 0u);
  sync_is_due();
  EXPECT_EQ(store_->stats().syncs, 1u);
  lose_power();
  EXPECT_EQ(blocks(), Blocks{"a"});
}

TEST_F(FailedSyncTest, ABlockThatDoesNotComeBackIsToldAsDamageAndCostsNoOther) {
  options_.merge = false;
  open();
  append(1, "aaaa");
  sync_is_due();
  append(2, "bbbb");
  append(3, "cccc");
  fs_.fail_next(Call::sync, EIO);
  sync_is_due();
  fs_.bytes(path(1)).replace(fs_.bytes(path(1)).find("bbbb"), 4, "????");  // what the disk gives instead
  append(4, "dddd");
  sync_is_due();
  ASSERT_EQ(told(StoreEvent::Kind::damaged).size(), 1u);
  EXPECT_NE(told(StoreEvent::Kind::damaged)[0].find("a block that the disk did not take"), std::string::npos);
  EXPECT_EQ(store_->stats().damaged_blocks, 1u);
  EXPECT_EQ(store_->stats().rows, 3u);
  lose_power();
  EXPECT_EQ(blocks(), (Blocks{"aaaa", "cccc", "dddd"}));
  open();  // the index does not list it, and says so
  close();
  EXPECT_EQ(blocks(), (Blocks{"aaaa", "cccc", "dddd"}));
  EXPECT_EQ((*StoreReader::open(fs_, kDir))->damage().size(), 1u);
}

TEST_F(FailedSyncTest, ACacheThatForgotTheBytesCostsThemAndNothingElse) {
  options_.merge = false;
  open();
  append(1, "aaaa");
  sync_is_due();
  append(2, "bbbb");
  fs_.fail_next(Call::sync, EIO);
  sync_is_due();
  fs_.drop_cache();
  append(3, "cccc");
  sync_is_due();
  EXPECT_EQ(told(StoreEvent::Kind::damaged).size(), 1u);
  close();
  fs_.power_cut();
  EXPECT_EQ(blocks(), (Blocks{"aaaa", "cccc"}));
}

TEST_F(FailedSyncTest, WithoutAnIntervalABlockIsAcknowledgedOnlyWhenItIsSafe) {
  options_.sync_interval = 0;
  open();
  append(1, "a");
  fs_.fail_next(Call::sync, EIO, 2);
  EXPECT_FALSE(store_->append(opaque_block(2, 1, "b")));
  EXPECT_FALSE(store_->append(opaque_block(2, 1, "b")));
  append(2, "b");
  EXPECT_EQ(store_->stats().sync_errors, 2u);
  lose_power();
  EXPECT_EQ(blocks(), (Blocks{"a", "b"}));
}

TEST_F(FailedSyncTest, AFirstBlockThatCouldNotBeSyncedLeavesASafeHeader) {
  options_.sync_interval = 0;
  open();
  fs_.fail_next(Call::sync, EIO);
  EXPECT_FALSE(store_->append(opaque_block(1, 1, "a")));
  append(1, "a");
  lose_power();
  EXPECT_EQ(blocks(), Blocks{"a"});
  EXPECT_TRUE((*SegmentReader::open(fs_, path(1)))->header());
}

TEST_F(FailedSyncTest, AMergeThatCouldNotBeSyncedKeepsItsInputs) {
  open();
  append_lines({{1, "one"}});
  settle();
  append_lines({{2, "two"}});
  clock_.advance(61 * kSecond);
  store_->maintain();  // rolls
  for (int calls = 0; calls < 100 && store_->stats().sync_errors == 0; ++calls) {
    fs_.fail_next(Call::sync, EIO);
    store_->maintain();
  }
  EXPECT_EQ(store_->stats().merges, 0u);
  EXPECT_EQ(store_->stats().sync_errors, 1u);
  lose_power();
  EXPECT_EQ(read_store(fs_).lines, (std::map<uint64_t, std::string>{{1, "one"}, {2, "two"}}));
}

// Every sync in turn fails; then the power goes at the end. Whatever a later sync covered is there.
TEST_F(FailedSyncTest, NothingSyncedIsLostWhicheverSyncFails) {
  for (uint64_t failing = 0; failing < 12; ++failing) {
    SCOPED_TRACE("sync " + std::to_string(failing));
    for (const std::string& name : fs_.list(kDir) ? files() : Blocks{}) ASSERT_TRUE(fs_.remove(kDir + "/" + name));
    options_.small_blocks = 3;
    options_.block_bytes = 64 << 10;
    open();
    std::map<uint64_t, std::string> sent;
    for (uint64_t i = 0; i < 12; ++i) {
      const uint64_t id = store_->next_id();
      sent[id] = "line " + std::to_string(id);
      append_lines({{id, sent[id]}});
      if (i == failing) fs_.fail_next(Call::sync, EIO);
      sync_is_due();
    }
    fs_.fail_next(Call::sync, EIO, 0);
    clock_.advance(120 * kSecond);
    maintain();
    ASSERT_TRUE(store_->sync());
    lose_power();
    EXPECT_EQ(read_store(fs_).lines, sent);
  }
}

}  // namespace
}  // namespace sluice
