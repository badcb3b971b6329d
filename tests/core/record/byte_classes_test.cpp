#include "core/record/byte_classes.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/record/buffer.h"

namespace sluice {
namespace {

std::string with_slack(const std::string& text) { return text + std::string(kTextSlack, '7'); }

// What a reader of the header would expect, byte by byte.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void expect_told(const ByteClasses& classes, const std::string& text) {
  std::vector<std::pair<size_t, size_t>> runs;
  for (size_t i = 0; i < text.size(); ++i) {
    ASSERT_EQ(classes.in_word(i), is_word(text[i])) << i;
    if (is_digit(text[i]) && (i == 0 || !is_digit(text[i - 1]))) runs.emplace_back(i, i);
    if (is_digit(text[i])) runs.back().second = i + 1;
  }
  ASSERT_FALSE(classes.in_word(text.size()));
  ASSERT_EQ(classes.runs(), runs.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto [begin, end] = runs[i];
    ASSERT_EQ(classes.run_begin(i), begin) << i;
    ASSERT_EQ(classes.run_end(i), end) << i;
    size_t word = begin, word_end = end;
    while (word > 0 && is_word(text[word - 1])) --word;
    while (word_end < text.size() && is_word(text[word_end])) ++word_end;
    ASSERT_EQ(classes.word_begin(begin), word) << i;
    ASSERT_EQ(classes.word_end(begin), word_end) << i;
  }
}

TEST(ByteClassesTest, BothWaysTellTheDigitsAndWordsOfAnyText) {
  std::mt19937 random(1);
  ByteClasses classes;
  // Texts of few kinds of bytes have long runs, those of any byte all the borders.
  const std::string alphabets[] = {"0123456789", "09azAZ", "/0:9@AZ[`az{", "a1 ", ""};
  for (const std::string& alphabet : alphabets) {
    for (size_t size = 0; size < 300; ++size) {
      std::string text(size, ' ');
      for (char& c : text) {
        do {
          c = alphabet.empty() ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
        } while (c == kVariableMark);
      }
      const std::string readable = with_slack(text);
      ASSERT_TRUE(classes.find(readable.data(), size));
      ASSERT_NO_FATAL_FAILURE(expect_told(classes, text)) << text;
      ASSERT_TRUE(classes.find_scalar(readable.data(), size));
      ASSERT_NO_FATAL_FAILURE(expect_told(classes, text)) << text;
    }
  }
}

TEST(ByteClassesTest, TheLongestTextIsToldAndALongerOneIsNot) {
  ByteClasses classes;
  for (const std::string& piece : {std::string("1"), std::string("1-"), std::string("abc 12")}) {
    std::string text;
    while (text.size() < ByteClasses::kMaxText) text += piece;
    text.resize(ByteClasses::kMaxText);
    ASSERT_TRUE(classes.find(with_slack(text).data(), text.size()));
    ASSERT_NO_FATAL_FAILURE(expect_told(classes, text));
  }
  const std::string longer(ByteClasses::kMaxText + 1, '1');
  EXPECT_FALSE(classes.find(with_slack(longer).data(), longer.size()));
  EXPECT_FALSE(classes.find_scalar(with_slack(longer).data(), longer.size()));
}

TEST(ByteClassesTest, ATextThatHoldsTheMarkIsNotToldWhereverItStands) {
  ByteClasses classes;
  for (size_t at = 0; at < 130; ++at) {
    std::string text(130, '1');
    text[at] = kVariableMark;
    EXPECT_FALSE(classes.find(with_slack(text).data(), text.size())) << at;
    EXPECT_FALSE(classes.find_scalar(with_slack(text).data(), text.size())) << at;
  }
  // Behind the text it does not matter.
  const std::string text = "1" + std::string(kTextSlack, kVariableMark);
  EXPECT_TRUE(classes.find(text.data(), 1));
}

}  // namespace
}  // namespace sluice
