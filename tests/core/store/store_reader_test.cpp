#include "core/store/store_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>

#include "tests/core/store/store_fixture.h"
#include "tests/support/temp_directory.h"

namespace sluice {
namespace {

class StoreReaderTest : public StoreFixture {
 protected:
  StoreReaderTest() {
    options_.small_blocks = 4;
    options_.block_bytes = 64 << 10;
  }
  void start_reading() {
    auto reader = StoreReader::open(fs_, kDir);
    ASSERT_TRUE(reader) << reader.error().message;
    reader_ = std::move(*reader);
  }
  void trickle(uint64_t first, uint64_t last) {
    for (uint64_t id = first; id <= last; ++id) {
      append_lines({{id, "line " + std::to_string(id)}});
      clock_.advance(kSecond);
      maintain();
    }
  }
  // The ids of the lines that refresh() gives.
  std::vector<uint64_t> fresh() {
    auto refs = reader_->refresh();
    EXPECT_TRUE(refs);
    Contents contents;
    for (const BlockRef& ref : *refs) add_block(*reader_, ref, contents);
    EXPECT_EQ(contents.shown_twice, 0u);
    return ids(contents);
  }
  std::vector<uint64_t> all() {
    Contents contents;
    for (const BlockRef& ref : reader_->blocks()) add_block(*reader_, ref, contents);
    EXPECT_EQ(contents.shown_twice, 0u);
    return ids(contents);
  }
  static std::vector<uint64_t> ids(const Contents& contents) {
    std::vector<uint64_t> found;
    for (const auto& [id, text] : contents.lines) found.push_back(id);
    return found;
  }
  static std::vector<uint64_t> range(uint64_t first, uint64_t last) {
    std::vector<uint64_t> found;
    for (uint64_t id = first; id <= last; ++id) found.push_back(id);
    return found;
  }
  std::unique_ptr<StoreReader> reader_;
};

TEST_F(StoreReaderTest, NoStoreIsSaid) {
  auto reader = StoreReader::open(fs_, "/nowhere");
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().message, "open directory /nowhere: No such file or directory");
}

TEST_F(StoreReaderTest, AnEmptyDirectoryHasNoBlocks) {
  (void)fs_.make_directory(kDir);
  start_reading();
  EXPECT_TRUE(reader_->blocks().empty());
  EXPECT_TRUE(reader_->damage().empty());
  EXPECT_TRUE(reader_->segments().empty());
  open();
  trickle(1, 1);
  EXPECT_EQ(fresh(), range(1, 1));
}

TEST_F(StoreReaderTest, ReadsWithAndWithoutAWriter) {
  open();
  trickle(1, 3);
  start_reading();
  EXPECT_EQ(all(), range(1, 3));
  EXPECT_FALSE(reader_->segments()[0].indexed);
  close();
  start_reading();
  EXPECT_EQ(all(), range(1, 3));
  EXPECT_TRUE(reader_->segments()[0].indexed);
}

TEST_F(StoreReaderTest, ChangesNothing) {
  open();
  trickle(1, 20);
  crash();
  const uint64_t changes = fs_.changes();
  start_reading();
  (void)reader_->refresh();
  (void)reader_->verify();
  EXPECT_EQ(fs_.changes(), changes);
}

TEST_F(StoreReaderTest, RefreshGivesEachNewLineOnce) {
  options_.merge = false;
  open();
  trickle(1, 2);
  start_reading();
  EXPECT_EQ(fresh(), range(1, 0));
  trickle(3, 5);
  EXPECT_EQ(fresh(), range(3, 5));
  EXPECT_EQ(fresh(), range(1, 0));
  close();
  EXPECT_EQ(fresh(), range(1, 0)) << "an index is no new line";
  open();
  trickle(6, 6);
  EXPECT_EQ(fresh(), range(6, 6));
  EXPECT_EQ(all(), range(1, 6));
}

TEST_F(StoreReaderTest, AMergesResultIsNotNew) {
  open();
  trickle(1, 15);
  start_reading();
  trickle(16, 16);
  ASSERT_EQ(store_->stats().merges, 1u);
  EXPECT_EQ(fresh(), range(16, 16));
  settle();
  EXPECT_EQ(fresh(), range(1, 0));
  EXPECT_EQ(all(), range(1, 16));
}

TEST_F(StoreReaderTest, AReaderThatSleptThroughMergesMissesNothing) {
  // For each moment of falling asleep and each of waking up.
  for (uint64_t asleep = 1; asleep <= 20; ++asleep) {
    for (uint64_t awake = asleep; awake <= 40; awake += 7) {
      store_.reset();
      if (fs_.exists(kDir + "/lock")) {
        for (const std::string& name : files()) ASSERT_TRUE(fs_.remove(kDir + "/" + name));
      }
      open();
      trickle(1, asleep);
      start_reading();
      EXPECT_EQ(all(), range(1, asleep));
      trickle(asleep + 1, awake);
      EXPECT_EQ(fresh(), range(asleep + 1, awake)) << asleep << " to " << awake;
      EXPECT_EQ(fresh(), range(1, 0));
    }
  }
}

TEST_F(StoreReaderTest, AReaderThatSleptWhileWorkersOverlappedMissesNothing) {
  // Ids of two workers interleave across blocks and segments: ranges of ids overlap, sets do not.
  options_.small_blocks = 2;
  open();
  append_lines({{1, "a"}, {5, "a"}, {9, "a"}});
  start_reading();
  append_lines({{2, "b"}, {6, "b"}, {10, "b"}});
  maintain();  // rolls
  append_lines({{3, "c"}, {7, "c"}, {11, "c"}});
  append_lines({{4, "d"}, {8, "d"}, {12, "d"}});
  maintain();
  settle();
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(fresh(), (std::vector<uint64_t>{2, 3, 4, 6, 7, 8, 10, 11, 12}));
}

TEST_F(StoreReaderTest, RefsStayReadableWhileTheirSegmentsAreMerged) {
  open();
  trickle(1, 15);
  start_reading();
  const auto refs = reader_->blocks();
  settle();
  Contents contents;
  for (const BlockRef& ref : refs) add_block(*reader_, ref, contents);
  EXPECT_EQ(ids(contents), range(1, 15));
}

TEST_F(StoreReaderTest, ASegmentThatRetentionRemovedIsGoneAfterTheNextLook) {
  options_.merge = false;
  options_.retention_age = 100 * kSecond;
  open();
  trickle(1, 4);
  close();
  open();
  start_reading();
  clock_.advance(200 * kSecond);
  trickle(5, 5);
  EXPECT_FALSE(fs_.exists(path(1)));
  EXPECT_EQ(all(), range(1, 4)) << "still open here";
  const BlockRef old = reader_->blocks()[0];
  EXPECT_EQ(fresh(), range(5, 5));
  EXPECT_EQ(all(), range(5, 5));
  EXPECT_TRUE(fresh().empty());
  BlockReader block;
  auto gone = reader_->read(old, block);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().sys, ENOENT);
}

TEST_F(StoreReaderTest, ATornTailIsNoDamage) {
  open();
  trickle(1, 2);
  crash();
  file(1).resize(file(1).size() - 1);
  start_reading();
  EXPECT_EQ(all(), range(1, 1));
  EXPECT_TRUE(reader_->damage().empty());
  EXPECT_TRUE(reader_->verify().empty());
  ASSERT_EQ(reader_->torn_tails().size(), 1u);
  EXPECT_EQ(reader_->torn_tails()[0].path, path(1));
}

TEST_F(StoreReaderTest, DamageIsListedAndTheRestIsRead) {
  open();
  for (uint64_t id = 1; id <= 3; ++id) append_lines({{id, "line " + std::to_string(id)}});
  const auto entries = (*SegmentReader::open(fs_, path(1)))->entries();
  close();
  file(1)[entries[1].offset + BlockEnvelope::kBytes + 3] ^= 1;
  start_reading();
  EXPECT_TRUE(reader_->damage().empty()) << "through the index, and not looked at yet";
  BlockReader block;
  auto read = reader_->read(reader_->blocks()[1], block);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find(path(1)), std::string::npos);
  const auto damage = reader_->verify();
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_EQ(damage[0].what, "a block's checksum is wrong");
  EXPECT_EQ(damage[0].offset, entries[1].offset + BlockEnvelope::kBytes);
}

TEST_F(StoreReaderTest, VerifyFindsEveryFlippedByte) {
  options_.merge = false;
  open();
  append_lines({{1, "a line"}, {2, "another line"}}, {{.first_id = 1, .count = 2}});
  append_lines({{3, "a third"}});
  close();
  const std::string whole = file(1);
  for (size_t at = 0; at < whole.size(); ++at) {
    file(1)[at] = static_cast<char>(whole[at] ^ 0x40);
    start_reading();
    EXPECT_FALSE(reader_->verify().empty() && reader_->torn_tails().empty()) << at;
    file(1)[at] = whole[at];
  }
  start_reading();
  EXPECT_TRUE(reader_->verify().empty());
}

TEST_F(StoreReaderTest, ABlockThatIsWrongInsideItsRightChecksumIsFound) {
  open();
  append(1, "these are no columns");
  start_reading();
  const auto damage = reader_->verify();
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_TRUE(damage[0].what.starts_with("block: ")) << damage[0].what;
}

TEST_F(StoreReaderTest, AFileThatCantBeOpenedIsDamageAndTheRestIsRead) {
  TempDirectory directory;
  options_.path = directory.path();
  options_.merge = false;
  {
    auto store = Store::open(options_, real_file_system(), clock_, nullptr);
    ASSERT_TRUE((*store)->append(maker_.make({{1, "a"}})));
  }
  ASSERT_EQ(symlink("/proc/self/mem/no", (directory.path() + "/0000000007.seg").c_str()), 0);
  auto reader = StoreReader::open(real_file_system(), directory.path());
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->blocks().size(), 1u);
  EXPECT_EQ((*reader)->damage().size(), 1u);
}

TEST(ShownIds, HasWhatItWasGiven) {
  const ShownIds ids({7, 1, 2, 3, 9, 8, 20});
  for (const uint64_t id : {1u, 2u, 3u, 7u, 8u, 9u, 20u}) EXPECT_TRUE(ids.has(id)) << id;
  for (const uint64_t id : {0u, 4u, 6u, 10u, 19u, 21u}) EXPECT_FALSE(ids.has(id)) << id;
  EXPECT_FALSE(ShownIds({}).has(0));
  EXPECT_TRUE(ShownIds({UINT64_MAX}).has(UINT64_MAX));
}

// A follower in one thread while the store writes, rolls and merges in another.
void follow_a_writer(FileSystem& fs, const std::string& directory, uint64_t lines) {
  StoreOptions options{.path = directory};
  options.small_blocks = 3;
  options.block_bytes = 64 << 10;
  options.sync_interval = 1000 * kSecond;
  ManualClock clock;
  auto store = Store::open(options, fs, clock, nullptr);
  ASSERT_TRUE(store);

  std::atomic<bool> done{false};
  std::thread writer([&] {
    BlockMaker maker;
    std::minstd_rand random(7);
    for (uint64_t id = 1; id <= lines; ++id) {
      EXPECT_TRUE((*store)->append(maker.make({{id, "line " + std::to_string(id)}})));
      if (random() % 50 == 0) clock.advance(61 * kSecond);
      while ((*store)->maintain()) {
      }
    }
    done = true;
  });

  auto reader = StoreReader::open(fs, directory);
  EXPECT_TRUE(reader);
  Contents contents;
  for (const BlockRef& ref : (*reader)->blocks()) add_block(**reader, ref, contents);
  for (bool last = false; !last;) {
    last = done;
    auto refs = (*reader)->refresh();
    EXPECT_TRUE(refs);
    for (const BlockRef& ref : *refs) add_block(**reader, ref, contents);
    // Whoever opens now sees each line once, too.
    const Contents all = read_store(fs, directory);
    EXPECT_EQ(all.shown_twice, 0u);
    EXPECT_EQ(all.lines.empty() ? 0 : all.lines.rbegin()->first, all.lines.size());
  }
  writer.join();
  EXPECT_EQ(contents.shown_twice, 0u);
  EXPECT_EQ(contents.lines.size(), lines);
  EXPECT_GT((*store)->stats().merges, 1u);
}

TEST(StoreReader, FollowsAWriterInAnotherThread) {
  FaultyFileSystem fs;
  follow_a_writer(fs, kDir, 300);
}

TEST(StoreReader, FollowsAWriterOnARealDisk) {
  TempDirectory directory;
  follow_a_writer(real_file_system(), directory.path(), 30);
}

}  // namespace
}  // namespace sluice
