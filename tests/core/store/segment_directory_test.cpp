#include "core/store/segment_directory.h"

#include <gtest/gtest.h>

#include "core/store/segment_writer.h"
#include "tests/core/store/store_fixture.h"

namespace sluice {
namespace {

using SegmentNames = std::vector<SegmentName>;

class SegmentDirectoryTest : public testing::Test {
 protected:
  void put(const SegmentName& name) {
    auto writer = SegmentWriter::create(fs_, segment_path(kDir, name), {.name = name, .file_id = 1});
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->finish());
  }
  SegmentListing list() {
    (void)fs_.make_directory(kDir);
    return sort_out_segments(fs_, kDir, *fs_.list(kDir));
  }
  FaultyFileSystem fs_;
};

TEST_F(SegmentDirectoryTest, SegmentsComeInOrderOfTheirNumbers) {
  put({9, 9, 0});
  put({10'000'000'000, 10'000'000'000, 0});
  put({1, 4, 1});
  EXPECT_EQ(list().live, (SegmentNames{{1, 4, 1}, {9, 9, 0}, {10'000'000'000, 10'000'000'000, 0}}));
  EXPECT_EQ(list().highest, 10'000'000'000u);
}

TEST_F(SegmentDirectoryTest, WhatAMergeReplacedIsNotRead) {
  for (uint64_t i = 1; i <= 5; ++i) put({i, i, 0});
  put({2, 4, 1});
  EXPECT_EQ(list().live, (SegmentNames{{1, 1, 0}, {2, 4, 1}, {5, 5, 0}}));
  EXPECT_EQ(list().replaced, (SegmentNames{{2, 2, 0}, {3, 3, 0}, {4, 4, 0}}));
}

TEST_F(SegmentDirectoryTest, AMergeOfMergesReplacesWhatTheyReplaced) {
  put({1, 1, 0});
  put({1, 2, 1});
  put({3, 3, 0});
  put({1, 3, 2});
  put({1, 3, 3});
  EXPECT_EQ(list().live, (SegmentNames{{1, 3, 3}}));
  EXPECT_EQ(list().replaced.size(), 4u);
}

TEST_F(SegmentDirectoryTest, AMergeWithADamagedHeaderReplacesNothingAndIsNotReadBesideItsInputs) {
  put({1, 1, 0});
  put({2, 2, 0});
  put({1, 2, 1});
  const std::string path = segment_path(kDir, {1, 2, 1});
  fs_.bytes(path)[20] ^= 1;
  SegmentListing listing = list();
  EXPECT_EQ(listing.live, (SegmentNames{{1, 1, 0}, {2, 2, 0}}));
  ASSERT_EQ(listing.damage.size(), 1u);
  EXPECT_EQ(listing.damage[0].path, path);
  // Without its inputs it is all there is.
  ASSERT_TRUE(fs_.remove(segment_path(kDir, {1, 1, 0})));
  ASSERT_TRUE(fs_.remove(segment_path(kDir, {2, 2, 0})));
  EXPECT_EQ(list().live, (SegmentNames{{1, 2, 1}}));
}

TEST_F(SegmentDirectoryTest, AFileRenamedToLookLikeAMergeReplacesNothing) {
  put({1, 1, 0});
  put({2, 2, 0});
  put({3, 3, 0});
  ASSERT_TRUE(fs_.rename(segment_path(kDir, {3, 3, 0}), segment_path(kDir, {1, 2, 1})));
  EXPECT_EQ(list().live, (SegmentNames{{1, 1, 0}, {2, 2, 0}}));
}

TEST_F(SegmentDirectoryTest, UnfinishedAndAsideFilesAreNoSegmentsButTheirNumbersCount) {
  put({1, 1, 0});
  fs_.put(unfinished_path(kDir, {1, 7, 1}), "half");
  fs_.put(set_aside_path(kDir, {9, 9, 0}), "garbage");
  fs_.put(kDir + "/lock", "123\n");
  const SegmentListing listing = list();
  EXPECT_EQ(listing.live, (SegmentNames{{1, 1, 0}}));
  EXPECT_EQ(listing.unfinished, std::vector<std::string>{"0000000001-0000000007.m1.seg.tmp"});
  EXPECT_EQ(listing.highest, 9u);
}

}  // namespace
}  // namespace sluice
