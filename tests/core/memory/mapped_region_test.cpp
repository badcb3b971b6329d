#include "core/memory/mapped_region.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <utility>

namespace sluice {
namespace {

TEST(MappedRegion, IsZeroedAndWritableToItsLastByte) {
  for (auto huge : {MappedRegion::HugePages::avoid, MappedRegion::HugePages::want}) {
    for (size_t bytes : {size_t{1}, size_t{4096}, size_t{2 << 20}, size_t{(2 << 20) + 1}, size_t{5'000'000}}) {
      MappedRegion region(bytes, huge);
      ASSERT_EQ(region.size(), bytes);
      EXPECT_EQ(region.data()[0], 0);
      EXPECT_EQ(region.data()[bytes - 1], 0);
      std::memset(region.data(), 'x', bytes);
      EXPECT_EQ(region.data()[bytes - 1], 'x');
    }
  }
}

TEST(MappedRegion, WhatWasGivenBackReadsAsZeroAndTheRestStays) {
  MappedRegion region(3 * 4096);
  std::memset(region.data(), 'x', region.size());
  region.give_back(4096, 4096);
  EXPECT_EQ(region.data()[4095], 'x');
  EXPECT_EQ(region.data()[4096], 0);
  EXPECT_EQ(region.data()[8191], 0);
  EXPECT_EQ(region.data()[8192], 'x');
  region.give_back(0, 0);
  EXPECT_EQ(region.data()[0], 'x');
}

TEST(MappedRegion, MoveTakesThePagesAlong) {
  MappedRegion a(4096);
  a.data()[0] = 'a';
  char* data = a.data();
  MappedRegion b = std::move(a);
  EXPECT_EQ(a.data(), nullptr);  // NOLINT(bugprone-use-after-move): a moved-from region is empty
  EXPECT_EQ(b.data(), data);
  MappedRegion c;
  c = std::move(b);
  EXPECT_EQ(c.data()[0], 'a');
  EXPECT_EQ(c.size(), 4096u);
}

TEST(MappedRegion, OfNoBytesHoldsNothing) {
  MappedRegion region(0);
  EXPECT_EQ(region.data(), nullptr);
}

TEST(MappedRegion, MoreThanTheAddressSpaceIsRefused) { EXPECT_THROW(MappedRegion(size_t{1} << 60), std::bad_alloc); }

}  // namespace
}  // namespace sluice
