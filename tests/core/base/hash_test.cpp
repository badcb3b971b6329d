#include "core/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice {
namespace {

TEST(Checksum, IsXxh3AndStaysSo) {
  // Published values of XXH3_64bits without a seed. Stored in every file: if one differs, old stores are unreadable.
  EXPECT_EQ(checksum64(""), 0x2d06800538d394c2u);
  EXPECT_EQ(checksum64("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(checksum64("abc"), 0x78af5f94892f3950u);
}

TEST(Checksum, EachBitCounts) {
  std::string bytes(300, 'x');
  const uint64_t whole = checksum64(bytes);
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
    EXPECT_NE(checksum64(bytes), whole) << "bit " << i;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
  }
}

TEST(Hash, TheSeedChangesEverything) {
  EXPECT_EQ(hash64("web-1", 7), hash64("web-1", 7));
  EXPECT_NE(hash64("web-1", 7), hash64("web-1", 8));
  EXPECT_EQ(hash128("web-1", 7), hash128("web-1", 7));
  EXPECT_NE(hash128("web-1", 7), hash128("web-1", 8));
}

TEST(Hash, DistinctTextsGetDistinctHashes) {
  std::set<uint64_t> short_hashes;
  std::set<std::pair<uint64_t, uint64_t>> long_hashes;
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = "host-" + std::to_string(i);
    const Hash128 h = hash128(text, 1);
    short_hashes.insert(hash64(text, 1));
    long_hashes.insert({h.low, h.high});
  }
  EXPECT_EQ(short_hashes.size(), 10'000u);
  EXPECT_EQ(long_hashes.size(), 10'000u);
}

TEST(ProcessSeed, IsDrawnOnce) { EXPECT_EQ(process_seed(), process_seed()); }

}  // namespace
}  // namespace sluice
