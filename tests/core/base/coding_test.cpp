#include "core/base/coding.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {
namespace {

std::string varint(uint64_t v) {
  std::string out;
  append_varint(out, v);
  return out;
}

const std::vector<uint64_t> kEdges = {0,
                                      1,
                                      127,
                                      128,
                                      16383,
                                      16384,
                                      (1u << 21) - 1,
                                      1u << 21,
                                      UINT32_MAX,
                                      uint64_t{1} << 32,
                                      1ULL << 62,
                                      INT64_MAX,
                                      1ULL << 63,
                                      UINT64_MAX - 1,
                                      UINT64_MAX};

TEST(Coding, FixedIntegersAreLittleEndian) {
  std::string out;
  append_u8(out, 0x01);
  append_u16(out, 0x0302);
  append_u32(out, 0x07060504);
  append_u64(out, 0x0f0e0d0c0b0a0908);
  EXPECT_EQ(out, std::string("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 15));
  ByteReader in(out);
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0302);
  EXPECT_EQ(in.u32(), 0x07060504u);
  EXPECT_EQ(in.u64(), 0x0f0e0d0c0b0a0908u);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.left(), 0u);
}

TEST(Coding, VarintsTakeSevenBitsAByte) {
  EXPECT_EQ(varint(0), std::string(1, '\0'));
  EXPECT_EQ(varint(127), "\x7f");
  EXPECT_EQ(varint(128), "\x80\x01");
  EXPECT_EQ(varint(300), "\xac\x02");
  EXPECT_EQ(varint(UINT64_MAX).size(), kMaxVarintBytes);
}

TEST(Coding, VarintsComeBackAtEveryEdge) {
  for (const uint64_t v : kEdges) {
    const std::string bytes = varint(v);
    ByteReader in(bytes);
    EXPECT_EQ(in.varint(), v);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.left(), 0u);
  }
}

TEST(Coding, AVarintCutShortIsNotRead) {
  for (const uint64_t v : kEdges) {
    const std::string bytes = varint(v);
    for (size_t size = 0; size < bytes.size(); ++size) {
      ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_EQ(in.varint(), 0u);
      EXPECT_FALSE(in.ok());
    }
  }
}

TEST(Coding, AVarintOfMoreThan64BitsIsNotRead) {
  const std::string two_bits_too_many = std::string(9, '\xff') + '\x02';
  const std::string eleven_bytes = std::string(10, '\x80') + '\x01';
  for (const std::string& bytes : {two_bits_too_many, eleven_bytes}) {
    ByteReader in(bytes);
    EXPECT_EQ(in.varint(), 0u);
    EXPECT_FALSE(in.ok());
  }
}

TEST(Coding, ZigzagMakesSmallNegativesSmall) {
  EXPECT_EQ(zigzag(0), 0u);
  EXPECT_EQ(zigzag(-1), 1u);
  EXPECT_EQ(zigzag(1), 2u);
  EXPECT_EQ(zigzag(INT64_MIN), UINT64_MAX);
  for (const int64_t v : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{-64}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(unzigzag(zigzag(v)), v);
  }
}

TEST(Coding, BytesComeWithTheirLength) {
  std::string out;
  append_bytes(out, "");
  append_bytes(out, "abc");
  EXPECT_EQ(out, std::string("\0\3abc", 5));
  ByteReader in(out);
  EXPECT_EQ(in.bytes(), "");
  EXPECT_EQ(in.bytes(), "abc");
  EXPECT_TRUE(in.ok());
}

TEST(ByteReader, ALengthBeyondTheEndIsNotBelieved) {
  for (const std::string& bytes : {std::string("\4abc"), varint(UINT64_MAX) + "abc"}) {
    ByteReader in(bytes);
    EXPECT_EQ(in.bytes(), "");
    EXPECT_FALSE(in.ok());
  }
}

TEST(ByteReader, AfterAShortReadEverythingIsZero) {
  ByteReader in("\1\2\3");
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0u);
  EXPECT_EQ(in.varint(), 0u);
  EXPECT_EQ(in.take(1), "");
  EXPECT_EQ(in.left(), 0u);
}

TEST(ByteReader, TakesExactlyWhatIsThere) {
  ByteReader in("abc");
  EXPECT_EQ(in.take(3), "abc");
  EXPECT_EQ(in.take(0), "");
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.take(1), "");
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace sluice
