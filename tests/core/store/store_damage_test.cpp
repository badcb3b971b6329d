// One byte is wrong, somewhere in a store: each byte of each file in turn.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/core/store/store_fixture.h"

namespace sluice {
namespace {

class StoreDamageTest : public StoreFixture {
 protected:
  // A merged segment, a sealed one, and one that its writer did not finish.
  void SetUp() override {
    open();
    for (const uint64_t id : {1, 3, 5, 7}) {
      append_lines({{id, line(id)}, {id + 1, line(id + 1)}}, {{.first_id = id, .count = 2}});
      clock_.advance(2 * kSecond);
    }
    settle();
    ASSERT_GE(store_->stats().merges, 1u);
    crash();
    options_.merge = false;
    open();
    append_lines({{9, line(9)}, {10, line(10)}});
    append_lines({{11, line(11)}});
    close();
    open();
    append_lines({{12, line(12)}});
    append_lines({{13, line(13)}, {14, line(14)}});
    crash();
    for (const std::string& name : files()) whole_[kDir + "/" + name] = fs_.bytes(kDir + "/" + name);
    ASSERT_EQ(whole_.size(), 3u);
    ASSERT_EQ(readable().size(), 14u);
  }

  static std::string line(uint64_t id) { return "line " + std::to_string(id) + " of a small store"; }

  // The files as they were, and no others.
  void restore() {
    for (const std::string& name : files()) {
      if (!whole_.contains(kDir + "/" + name)) (void)fs_.remove(kDir + "/" + name);
    }
    for (const auto& [path, bytes] : whole_) fs_.put(path, bytes);
  }

  // Ids that can be read, each with its own text; a block that can't be read is passed over.
  std::set<uint64_t> readable() {
    std::set<uint64_t> ids;
    auto reader = StoreReader::open(fs_, kDir);
    EXPECT_TRUE(reader);
    for (const BlockRef& ref : (*reader)->blocks()) {
      BlockReader block;
      if (!(*reader)->read(ref, block) || !block.load_all()) continue;
      for (uint32_t row = 0; row < block.rows(); ++row) {
        std::string text;
        append_raw(block.record(row), text);
        EXPECT_EQ(text, line(block.record(row).id));
        EXPECT_TRUE(ids.insert(block.record(row).id).second) << "twice: " << block.record(row).id;
      }
    }
    return ids;
  }

  // Whether what is missing lay in one block.
  static bool one_block_at_most(const std::set<uint64_t>& found, bool merged) {
    static const std::vector<std::set<uint64_t>> kBlocks{{9, 10}, {11}, {12}, {13, 14}};
    std::set<uint64_t> missing;
    for (uint64_t id = 1; id <= 14; ++id) {
      if (!found.contains(id)) missing.insert(id);
    }
    if (merged) return missing.empty() || *missing.rbegin() <= 8;
    return missing.empty() || std::find(kBlocks.begin(), kBlocks.end(), missing) != kBlocks.end();
  }

  void expect_named(const std::string& path) {
    auto reader = StoreReader::open(fs_, kDir);
    std::vector<Damage> places = (*reader)->verify();
    const auto& torn = (*reader)->torn_tails();
    places.insert(places.end(), torn.begin(), torn.end());
    ASSERT_FALSE(places.empty());
    for (const Damage& place : places) EXPECT_TRUE(place.path.starts_with(path)) << place.path;
  }

  void flip_each_byte(char mask) {
    for (const auto& [path, bytes] : whole_) {
      const bool merged = path.find(".m") != std::string::npos;
      for (size_t at = 0; at < bytes.size(); ++at) {
        SCOPED_TRACE(path + " at " + std::to_string(at));
        restore();
        fs_.bytes(path)[at] = static_cast<char>(bytes[at] ^ mask);
        expect_named(path);
        const std::set<uint64_t> before = readable();
        EXPECT_TRUE(one_block_at_most(before, merged));
        open();  // repairs what can be repaired
        ASSERT_TRUE(store_);
        EXPECT_GE(store_->next_id(), 13u);
        EXPECT_EQ(readable(), before);
        append_lines({{100, line(100)}});
        std::set<uint64_t> after = readable();
        EXPECT_EQ(after.erase(100), 1u);
        EXPECT_EQ(after, before);
        // Its number is one that no file had.
        EXPECT_FALSE(whole_.contains(kDir + "/" + files().back())) << files().back();
        close();
        if (HasFailure()) return;
      }
    }
  }

  std::map<std::string, std::string> whole_;
};

TEST_F(StoreDamageTest, AFlippedByteIsNamedAndCostsOneBlockAtMostAndTheStoreOpens) { flip_each_byte('\xff'); }

TEST_F(StoreDamageTest, AFlippedBitIsNamedAndCostsOneBlockAtMostAndTheStoreOpens) { flip_each_byte('\x01'); }

TEST_F(StoreDamageTest, AnyBytesInTheLockFileHurtNothing) {
  fs_.put(kDir + "/lock", std::string("\xff\0not a pid", 11));
  open();
  EXPECT_EQ(readable().size(), 14u);
}

TEST_F(StoreDamageTest, FilesPutAsideAndUnfinishedMergesAreNamed) {
  fs_.put(kDir + "/0000000090.seg.damaged", "what was left");
  fs_.put(kDir + "/spool.damaged", "slots");
  fs_.put(kDir + "/spool.damaged.2", "more slots");
  fs_.put(kDir + "/0000000091-0000000092.m1.seg.tmp", "half");
  fs_.put(kDir + "/notes.txt", "mine");
  auto reader = StoreReader::open(fs_, kDir);
  std::vector<std::string> found;
  for (const Damage& place : (*reader)->verify()) found.push_back(place.path + " " + std::to_string(place.length));
  EXPECT_EQ(found, (std::vector<std::string>{kDir + "/0000000090.seg.damaged 13", kDir + "/spool.damaged 5",
                                             kDir + "/spool.damaged.2 10"}));
  EXPECT_EQ((*reader)->unfinished(), std::vector<std::string>{kDir + "/0000000091-0000000092.m1.seg.tmp"});
}

TEST_F(StoreDamageTest, NumbersOfFilesPutAsideAreNotUsedAgain) {
  fs_.put(kDir + "/0000000090.seg.damaged", "what was left");
  open();
  append_lines({{100, line(100)}});
  EXPECT_TRUE(fs_.exists(path(91)));
}

}  // namespace
}  // namespace sluice
