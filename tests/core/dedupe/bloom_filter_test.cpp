#include "core/dedupe/bloom_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

Hash128 key(uint64_t n) { return hash128(std::string_view(reinterpret_cast<const char*>(&n), sizeof n), 7); }

bool maybe(const BloomFilter& filter, uint64_t n) { return filter.may_contain(filter.probe(key(n))); }

TEST(BloomFilter, EmptyHoldsNothing) {
  BloomFilter filter(1000, 12);
  for (uint64_t n = 0; n < 1000; ++n) EXPECT_FALSE(maybe(filter, n));
}

// Over many sizes: nothing that was inserted is missing, and little else is found.
TEST(BloomFilter, HasNoFalseNegativesAndFewFalsePositives) {
  struct Bound {
    uint32_t bits;
    double at_most;
  };
  for (const Bound bound : {Bound{1, 0.75}, {2, 0.45}, {4, 0.20}, {8, 0.04}, {12, 0.011}, {16, 0.005}, {24, 0.002}}) {
    for (uint64_t entries : {1, 10, 100, 1000, 10000, 100000}) {
      BloomFilter filter(entries, bound.bits);
      for (uint64_t n = 0; n < entries; ++n) filter.insert(filter.probe(key(n)));
      for (uint64_t n = 0; n < entries; ++n) ASSERT_TRUE(maybe(filter, n)) << entries << " entries, key " << n;
      constexpr uint64_t kOthers = 20000;
      uint64_t wrong = 0;
      for (uint64_t n = 0; n < kOthers; ++n) wrong += maybe(filter, entries + n);
      const double rate = static_cast<double>(wrong) / kOthers;
      EXPECT_LE(rate, bound.at_most) << entries << " entries, " << bound.bits << " bits";
    }
  }
}

TEST(BloomFilter, ClearEmptiesIt) {
  BloomFilter filter(100, 12);
  for (uint64_t n = 0; n < 100; ++n) filter.insert(filter.probe(key(n)));
  EXPECT_EQ(filter.inserted(), 100u);
  filter.clear();
  EXPECT_EQ(filter.inserted(), 0u);
  for (uint64_t n = 0; n < 100; ++n) EXPECT_FALSE(maybe(filter, n));
}

TEST(BloomFilter, OverfullIsOnlyLessExact) {
  BloomFilter filter(10, 1);  // one block
  for (uint64_t n = 0; n < 10000; ++n) filter.insert(filter.probe(key(n)));
  for (uint64_t n = 0; n < 10000; ++n) EXPECT_TRUE(maybe(filter, n));
}

TEST(BloomFilter, SizeIsWholeBlocksOf64Bytes) {
  EXPECT_EQ(BloomFilter(0, 12).bytes(), 64u);
  EXPECT_EQ(BloomFilter(42, 12).bytes(), 64u);   // 504 bits
  EXPECT_EQ(BloomFilter(43, 12).bytes(), 128u);  // 516 bits
  EXPECT_EQ(BloomFilter(43, 12).bytes(), BloomFilter::bytes_for(43, 12));
}

TEST(BloomFilter, SetsLn2TimesTheBitsPerEntry) {
  EXPECT_EQ(BloomFilter(1, 0).bits_per_probe(), 1u);
  EXPECT_EQ(BloomFilter(1, 1).bits_per_probe(), 1u);
  EXPECT_EQ(BloomFilter(1, 8).bits_per_probe(), 6u);
  EXPECT_EQ(BloomFilter(1, 12).bits_per_probe(), 8u);
  EXPECT_EQ(BloomFilter(1, 1000).bits_per_probe(), 12u);
}

TEST(BloomFilter, ExtremeFingerprintsHitTheFirstAndTheLastBlock) {
  BloomFilter filter(1000, 12);
  const Hash128 lowest{0, 0};
  const Hash128 highest{~uint64_t{0}, ~uint64_t{0}};
  filter.insert(filter.probe(lowest));
  filter.insert(filter.probe(highest));
  EXPECT_EQ(filter.probe(lowest).word, 0u);
  EXPECT_EQ(filter.probe(highest).word, filter.bytes() / 8 - 8);
  EXPECT_TRUE(filter.may_contain(filter.probe(lowest)));
  EXPECT_TRUE(filter.may_contain(filter.probe(highest)));
}

}  // namespace
}  // namespace sluice
