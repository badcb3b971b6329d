#include "core/record/gram_filter.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

std::string filter_of(const std::vector<std::string>& texts, uint64_t raw_bytes = 1 << 20) {
  GramFilterBuilder builder;
  for (const std::string& text : texts) builder.add(text);
  std::string bytes;
  builder.finish(raw_bytes, bytes);
  return bytes;
}

bool may_hold(const std::string& filter, std::string_view literal, bool ignores_case = false) {
  const auto parsed = GramFilter::parse(filter);
  EXPECT_TRUE(parsed);
  return !parsed || parsed->may_hold(literal, ignores_case);
}

std::string random_hex(std::mt19937& random, size_t size) {
  std::string text(size, '0');
  for (char& c : text) c = "0123456789abcdef"[random() % 16];
  return text;
}

TEST(GramFilter, HoldsEveryPieceOfEveryText) {
  std::mt19937 random(1);
  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i)
    texts.push_back("Session " + random_hex(random, 12) + " from 10.0." + std::to_string(i));
  for (const uint64_t raw_bytes : {uint64_t{100}, uint64_t{100'000}, uint64_t{10} << 20}) {
    const std::string filter = filter_of(texts, raw_bytes);
    EXPECT_LE(filter.size(), 4 + std::max<uint64_t>(64, raw_bytes / 128));
    for (const std::string& text : texts) {
      const size_t from = random() % text.size();
      ASSERT_TRUE(may_hold(filter, std::string_view(text).substr(from, 1 + random() % 20))) << text;
    }
  }
}

TEST(GramFilter, KnowsWhatIsNotThere) {
  std::mt19937 random(2);
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) texts.push_back("session " + random_hex(random, 8) + " ended");
  const std::string filter = filter_of(texts, 1 << 20);
  int maybes = 0;
  for (int i = 0; i < 1000; ++i) maybes += may_hold(filter, random_hex(random, 8));
  EXPECT_LT(maybes, 150);
  EXPECT_FALSE(may_hold(filter, "password"));
}

TEST(GramFilter, CaseDoesNotMatter) {
  const std::string filter = filter_of({"Failed PASSWORD"});
  EXPECT_TRUE(may_hold(filter, "failed"));
  EXPECT_TRUE(may_hold(filter, "Password", true));
  EXPECT_FALSE(may_hold(filter, "accepted"));
}

TEST(GramFilter, WhatIsTooShortSaysNothing) {
  const std::string filter = filter_of({"something short"});
  EXPECT_TRUE(may_hold(filter, "none"));
  EXPECT_TRUE(may_hold(filter, "not a one is by us"));
}

TEST(GramFilter, LettersThatFoldIntoAsciiAreRemembered) {
  const std::string filter =
      filter_of({"\xe2\x84\xaa"
                 "elvin"});
  EXPECT_TRUE(may_hold(filter, "kelvin", true));
  EXPECT_FALSE(may_hold(filter, "kelvin", false));
  EXPECT_FALSE(may_hold(filter, "other", true));
}

TEST(GramFilter, OddLettersAreTheTwoThatFoldIntoAscii) {
  EXPECT_TRUE(holds_odd_letters("5 \xe2\x84\xaa"));
  EXPECT_TRUE(holds_odd_letters("Wei\xc5\xbf"));
  EXPECT_FALSE(holds_odd_letters("gr\xc3\xbc\xc3\x9f"));
}

TEST(GramFilter, OfNoGramsThereIsNone) {
  EXPECT_TRUE(filter_of({}).empty());
  EXPECT_TRUE(filter_of({"a bc def", ""}).empty());
}

TEST(GramFilter, ABuilderBeginsAnew) {
  GramFilterBuilder builder;
  std::string bytes;
  builder.add("something");
  builder.finish(1000, bytes);
  bytes.clear();
  builder.add("otherwise");
  builder.finish(1000, bytes);
  EXPECT_EQ(bytes, filter_of({"otherwise"}, 1000));
}

TEST(GramFilter, WhatItDoesNotKnowItDoesNotParse) {
  const std::string filter = filter_of({"something"});
  EXPECT_TRUE(GramFilter::parse(filter));
  EXPECT_FALSE(GramFilter::parse(""));
  EXPECT_FALSE(GramFilter::parse(filter.substr(0, filter.size() - 1)));
  EXPECT_FALSE(GramFilter::parse(filter + "x"));
  for (size_t i = 0; i < 3; ++i) {
    std::string other = filter;
    other[i] = static_cast<char>(other[i] + 40);
    EXPECT_FALSE(GramFilter::parse(other)) << i;
  }
}

}  // namespace
}  // namespace sluice
