#include "core/frame/inflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace sluice {
namespace {

// window 15: zlib, 15 + 16: gzip
std::string deflated(const std::string& text, int window) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

constexpr int kZlib = 15;
constexpr int kGzip = 15 + 16;

TEST(Inflater, UndoesGzipAndZlib) {
  Inflater inflater;
  std::string out;
  for (const int kind : {kGzip, kZlib}) {
    for (const size_t size : {0u, 1u, 16383u, 16384u, 16385u, 300'000u}) {
      const std::string text(size, 'x');
      ASSERT_EQ(inflater.inflate(deflated(text, kind), 1 << 20, out), InflateResult::ok) << size;
      EXPECT_EQ(out, text);
    }
  }
}

TEST(Inflater, KeepsExactlyTheLimitAndRefusesOneByteMore) {
  Inflater inflater;
  std::string out;
  for (const size_t limit : {1u, 100u, 16384u, 50'000u}) {
    EXPECT_EQ(inflater.inflate(deflated(std::string(limit, 'x'), kGzip), limit, out), InflateResult::ok);
    EXPECT_EQ(out.size(), limit);
    EXPECT_EQ(inflater.inflate(deflated(std::string(limit + 1, 'x'), kGzip), limit, out), InflateResult::too_large);
    EXPECT_EQ(out, "");
  }
}

TEST(Inflater, SpendsNoMoreThanTheLimitOnABomb) {
  Inflater inflater;
  std::string out;
  const std::string bomb = deflated(std::string(16 << 20, '\0'), kGzip);
  ASSERT_LT(bomb.size(), 100'000u);
  EXPECT_EQ(inflater.inflate(bomb, 1 << 20, out), InflateResult::too_large);
  EXPECT_LE(out.capacity(), (2u << 20) + 2);
}

TEST(Inflater, TellsACutBodyFromACorruptOne) {
  Inflater inflater;
  std::string out;
  const std::string body = deflated("a text that is long enough to be cut in several places", kZlib);
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(inflater.inflate(body.substr(0, size), 1000, out), InflateResult::cut_short) << size;
  }
  std::string damaged = body;
  damaged.back() ^= 1;  // in the checksum
  EXPECT_EQ(inflater.inflate(damaged, 1000, out), InflateResult::corrupt);
  EXPECT_EQ(inflater.inflate("plain text", 1000, out), InflateResult::corrupt);
  EXPECT_EQ(inflater.inflate(body, 1000, out), InflateResult::ok);  // and works on
}

TEST(Inflater, KnowsTheHeaders) {
  EXPECT_TRUE(is_gzip(deflated("x", kGzip)));
  EXPECT_FALSE(is_gzip("\x1f"));
  for (const std::string_view header : {"x\x01", "x\x5e", "x\x9c", "x\xda"}) EXPECT_TRUE(is_zlib(header));
  for (const std::string_view other : {"", "x", "xy", "{}", "<1>"}) EXPECT_FALSE(is_zlib(other));
}

}  // namespace
}  // namespace sluice
