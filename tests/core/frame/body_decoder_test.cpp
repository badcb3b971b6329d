#include "core/frame/body_decoder.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/compress.h"

namespace sluice {
namespace {

constexpr BodyCoding kCodings[] = {BodyCoding::identity, BodyCoding::gzip, BodyCoding::zstd};

struct Outcome {
  std::string text;
  BodyError error = BodyError::none;
};

// As a session does it: pieces of `piece` bytes into rooms of `room` bytes.
Outcome decode(BodyCoding coding, std::string_view body, uint64_t limit, size_t piece = 1 << 20,
               size_t room = 1 << 16) {
  BodyDecoder decoder(coding, limit);
  Outcome outcome;
  std::string slot(room, '\0');
  do {
    std::string_view part = body.substr(0, piece);
    body.remove_prefix(part.size());
    while (decoder.error() == BodyError::none && (!part.empty() || decoder.holds_output())) {
      const auto step = decoder.decode(part, slot);
      part.remove_prefix(step.read);
      outcome.text.append(slot, 0, step.written);
    }
  } while (!body.empty() && decoder.error() == BodyError::none);
  outcome.error = decoder.error() == BodyError::none ? decoder.finish() : decoder.error();
  EXPECT_EQ(decoder.written(), outcome.text.size());
  return outcome;
}

std::string encode(BodyCoding coding, std::string_view text) {
  switch (coding) {
    case BodyCoding::gzip:
      return gzipped(text);
    case BodyCoding::zstd:
      return zstd_compressed(text);
    case BodyCoding::identity:
      break;
  }
  return std::string(text);
}

std::string lines(size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += "line " + std::to_string(i * 7919) + " of a body\n";
  text.resize(bytes);
  return text;
}

TEST(BodyDecoder, GivesTheSameBytesHoweverTheBodyAndTheRoomAreCut) {
  const std::string text = lines(5000);
  for (const BodyCoding coding : kCodings) {
    const std::string body = encode(coding, text);
    for (const size_t piece : {1u, 2u, 7u, 100u, 100'000u}) {
      for (const size_t room : {1u, 3u, 64u, 4999u, 5000u, 5001u}) {
        const Outcome outcome = decode(coding, body, 5000, piece, room);
        EXPECT_EQ(outcome.error, BodyError::none);
        EXPECT_EQ(outcome.text, text) << piece << " into " << room;
      }
    }
  }
}

TEST(BodyDecoder, ReadsSeveralMembersAsOneBody) {
  for (const BodyCoding coding : {BodyCoding::gzip, BodyCoding::zstd}) {
    const std::string body = encode(coding, "one\ntw") + encode(coding, "") + encode(coding, "o\nthree\n");
    for (const size_t piece : {1u, 5u, 1000u}) {
      for (const size_t room : {1u, 6u, 1000u}) {
        const Outcome outcome = decode(coding, body, 100, piece, room);
        EXPECT_EQ(outcome.error, BodyError::none);
        EXPECT_EQ(outcome.text, "one\ntwo\nthree\n");
      }
    }
  }
}

TEST(BodyDecoder, AllowsExactlyTheLimitAndNotOneByteMore) {
  for (const BodyCoding coding : kCodings) {
    for (const size_t limit : {1u, 100u, 65'536u, 100'000u}) {
      EXPECT_EQ(decode(coding, encode(coding, lines(limit)), limit).error, BodyError::none);
      const Outcome over = decode(coding, encode(coding, lines(limit + 1)), limit);
      EXPECT_EQ(over.error, BodyError::too_large);
      EXPECT_EQ(over.text, lines(limit));
    }
  }
}

TEST(BodyDecoder, SpendsNoMoreThanTheLimitOnABomb) {
  for (const BodyCoding coding : {BodyCoding::gzip, BodyCoding::zstd}) {
    const std::string bomb = encode(coding, std::string(16 << 20, '\0'));
    ASSERT_LT(bomb.size(), 100'000u);
    const Outcome outcome = decode(coding, bomb, 1 << 20);
    EXPECT_EQ(outcome.error, BodyError::too_large);
    EXPECT_EQ(outcome.text.size(), 1u << 20);
  }
}

TEST(BodyDecoder, TellsACutBodyFromACorruptOneAtEveryByte) {
  for (const BodyCoding coding : {BodyCoding::gzip, BodyCoding::zstd}) {
    const std::string body = encode(coding, lines(1000));
    for (size_t size = 0; size < body.size(); ++size) {
      EXPECT_EQ(decode(coding, body.substr(0, size), 2000).error, BodyError::cut_short) << size;
    }
    std::string broken = body;
    broken[body.size() - 5] ^= 1;
    EXPECT_EQ(decode(coding, broken, 2000).error, BodyError::corrupt);
    EXPECT_EQ(decode(coding, "plain text, no magic number", 2000).error, BodyError::corrupt);
    EXPECT_EQ(decode(coding, body + "and something else", 2000).error, BodyError::corrupt);
  }
}

TEST(BodyDecoder, RefusesAWindowThatHttpDoesNotAllow) {
  const std::string text = lines(1000);
  EXPECT_EQ(decode(BodyCoding::zstd, zstd_compressed(text, BodyDecoder::kWindowLog), 2000).error, BodyError::none);
  EXPECT_EQ(decode(BodyCoding::zstd, zstd_compressed(text, BodyDecoder::kWindowLog + 1), 2000).error,
            BodyError::window_too_large);
}

TEST(BodyDecoder, SaysHowMuchMemoryItHolds) {
  std::array<char, 100> room{};
  BodyDecoder small(BodyCoding::zstd, 1000), large(BodyCoding::zstd, 1000);
  const std::string text = lines(1000);
  small.decode(zstd_compressed(text, 17), room);
  large.decode(zstd_compressed(text, 23), room);
  EXPECT_LT(small.bytes(), 1u << 20);
  EXPECT_GT(large.bytes(), BodyDecoder::kMaxWindowBytes);
  EXPECT_LT(large.bytes(), BodyDecoder::kMaxWindowBytes + (1u << 20));
  EXPECT_LT(BodyDecoder(BodyCoding::identity, 1000).bytes(), 200u);
}

TEST(BodyCoding, KnowsTheNamesOfContentEncodingsInAnyCase) {
  EXPECT_EQ(body_coding(""), BodyCoding::identity);
  EXPECT_EQ(body_coding("identity"), BodyCoding::identity);
  EXPECT_EQ(body_coding("GZip"), BodyCoding::gzip);
  EXPECT_EQ(body_coding("x-gzip"), BodyCoding::gzip);
  EXPECT_EQ(body_coding("zstd"), BodyCoding::zstd);
  EXPECT_EQ(body_coding("deflate"), std::nullopt);
  EXPECT_EQ(body_coding("gzip, gzip"), std::nullopt);
  EXPECT_EQ(body_coding("gzi"), std::nullopt);
}

}  // namespace
}  // namespace sluice
