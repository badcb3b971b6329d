#include "core/record/column.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/record/text_column.h"

namespace sluice {
namespace {

using Numbers = std::vector<int64_t>;

class Columns : public testing::Test {
 protected:
  std::string write(const Numbers& values, IntegerModel model) {
    Buffer out;
    append_integers(values, model, compressor_, scratch_, out);
    return std::string(out.view());
  }
  void expect_same(const Numbers& values, IntegerModel model) {
    const std::string stored = write(values, model);
    Numbers read;
    ASSERT_TRUE(read_integers(stored, values.size(), decompressor_, read));
    EXPECT_EQ(read, values);
  }
  void expect_same_texts(const std::vector<std::string>& texts, char preferred_end = '\n') {
    std::string source;
    for (const std::string& text : texts) source += text;
    const size_t bytes = source.size();
    source.append(kTextSlack, 'x');
    TextColumnWriter writer(preferred_end);
    writer.begin(texts.size(), bytes);
    const char* at = source.data();
    for (const std::string& text : texts) {
      writer.add({at, text.size()});
      at += text.size();
    }
    TextColumn column;
    ASSERT_TRUE(column.parse(std::string(writer.finish(compressor_, scratch_)), texts.size(), decompressor_));
    for (size_t row = 0; row < texts.size(); ++row) EXPECT_EQ(column[row], texts[row]) << row;
  }

  Compressor compressor_{1};
  Decompressor decompressor_;
  IntegerScratch scratch_;
};

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TEST_F(Columns, ConsecutiveNumbersTakeNoBytesEach) {
  Numbers ids(100'000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i) + 77;
  expect_same(ids, {.delta = true, .step = 1});
  EXPECT_LT(write(ids, {.delta = true, .step = 1}).size(), 10u);
}

TEST_F(Columns, TimesOfWholeSecondsAreStoredAsSeconds) {
  const Numbers times{1'767'323'045 * kSecond, 1'767'323'046 * kSecond, 1'767'323'044 * kSecond};
  expect_same(times, {.delta = true, .scale = true});
  EXPECT_LT(write(times, {.delta = true, .scale = true}).size(), write(times, {.delta = true}).size());
}

TEST_F(Columns, TheExtremesComeBack) {
  for (const IntegerModel model : {IntegerModel{}, IntegerModel{.delta = true}, IntegerModel{.delta = true, .step = 1},
                                   IntegerModel{.scale = true}, IntegerModel{.delta = true, .scale = true}}) {
    expect_same({}, model);
    expect_same({0}, model);
    expect_same({kLeast}, model);
    expect_same({kMost, kLeast, 0, -1, 1, kLeast, kMost}, model);
    expect_same({-1000, 1000, -1'000'000, 0}, model);
  }
}

TEST_F(Columns, RandomNumbersOfEveryWidthComeBack) {
  std::mt19937_64 random(1);
  for (unsigned bits = 1; bits <= 64; ++bits) {
    Numbers values(257);
    for (int64_t& v : values) v = static_cast<int64_t>(random() >> (64 - bits));
    expect_same(values, {});
    expect_same(values, {.delta = true, .scale = true});
  }
}

TEST_F(Columns, IndicesOutsideTheirTableAreDamage) {
  Buffer out;
  const std::vector<uint32_t> indices{0, 4, 2};
  append_indices(indices, compressor_, scratch_, out);
  std::vector<uint32_t> read;
  EXPECT_TRUE(read_indices(out.view(), 3, 5, decompressor_, read));
  EXPECT_EQ(read, indices);
  EXPECT_FALSE(read_indices(out.view(), 3, 4, decompressor_, read));
}

TEST_F(Columns, IntegersCutShortOrForAnotherNumberOfRowsAreDamage) {
  Numbers values(300);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i * i);
  const std::string stored = write(values, {.delta = true});
  Numbers read;
  for (size_t size = 0; size < stored.size(); ++size) {
    EXPECT_FALSE(read_integers(std::string_view(stored).substr(0, size), values.size(), decompressor_, read)) << size;
  }
  EXPECT_FALSE(read_integers(stored, values.size() + 1, decompressor_, read));
  EXPECT_FALSE(read_integers(stored, values.size() - 1, decompressor_, read));
  EXPECT_FALSE(read_integers(stored + 'x', values.size(), decompressor_, read));
}

TEST_F(Columns, TextsComeBackWhateverBytesTheyHold) {
  expect_same_texts({"one", "", "two", std::string(300, 'x'), ""});
  expect_same_texts({"line\nwith a newline", std::string("nul\0nul", 7), "\xff\xfe"});
  expect_same_texts({std::string(70'000, 'y'), "\n", "\n\n"});
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  expect_same_texts({all, "", "\n", all.substr(10)});  // no byte is left to end with
  expect_same_texts({all, all}, '\xff');
  all.erase(0, 1);
  expect_same_texts({all, "x"});  // only NUL is left
}

TEST_F(Columns, TextsWithoutTheirLastEndOrWithOneTooManyAreDamage) {
  TextColumn column;
  const std::string raw("\0\nab\ncd\n", 8);
  EXPECT_TRUE(column.parse(raw, 2, decompressor_));
  EXPECT_EQ(column[1], "cd");
  EXPECT_FALSE(column.parse(raw, 1, decompressor_));
  EXPECT_FALSE(column.parse(raw, 3, decompressor_));
  for (size_t size = 0; size < raw.size(); ++size) EXPECT_FALSE(column.parse(raw.substr(0, size), 2, decompressor_));
  EXPECT_FALSE(column.parse("\2\nab\ncd\n", 2, decompressor_));
}

TEST_F(Columns, BytesThatDoNotShrinkAreStoredAsTheyAre) {
  std::mt19937_64 random(2);
  std::string noise(1000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  Buffer out;
  EXPECT_EQ(compressor_.append(noise, Compressor::Kind::text, out), ColumnCodec::plain);
  EXPECT_EQ(out.view(), noise);
  out.clear();
  EXPECT_EQ(compressor_.append(std::string(1000, 'a'), Compressor::Kind::text, out), ColumnCodec::zstd);
  std::string back(1000, '\0');
  EXPECT_TRUE(decompressor_.decompress(out.view(), 1000, back.data()));
  EXPECT_EQ(back, std::string(1000, 'a'));
  EXPECT_FALSE(decompressor_.decompress(out.view(), 999, back.data()));
}

}  // namespace
}  // namespace sluice
