#include "core/query/literal_finder.h"

#include <gtest/gtest.h>

#include <random>

#include "core/base/ascii.h"

namespace sluice {
namespace {

size_t find_slowly(std::string_view text, std::string_view literal, bool ignores_case, size_t from) {
  for (size_t at = from; at + literal.size() <= text.size(); ++at) {
    const std::string_view here = text.substr(at, literal.size());
    if (ignores_case ? ascii::equal_ignoring_case(here, literal) : here == literal) return at;
  }
  return LiteralFinder::npos;
}

TEST(LiteralFinder, FindsTheFirstPlaceFromWhereItIsAsked) {
  const LiteralFinder finder("ab", false);
  EXPECT_EQ(finder.find("xxabxab"), 2u);
  EXPECT_EQ(finder.find("xxabxab", 3), 5u);
  EXPECT_EQ(finder.find("xxabxab", 6), LiteralFinder::npos);
  EXPECT_EQ(finder.find("xxABxab"), 5u);
  EXPECT_EQ(finder.find(""), LiteralFinder::npos);
  EXPECT_EQ(finder.find("a"), LiteralFinder::npos);
}

TEST(LiteralFinder, CaseIsOfLettersOnly) {
  const LiteralFinder finder("User_1", true);
  EXPECT_EQ(finder.find("the uSER_1"), 4u);
  EXPECT_EQ(LiteralFinder("[", true).find("{"), LiteralFinder::npos);  // they differ in the same bit
  EXPECT_EQ(LiteralFinder("@", true).find("`"), LiteralFinder::npos);
}

TEST(LiteralFinder, FindsWhatASlowSearchFinds) {
  std::mt19937 random(1);
  const std::string_view alphabet = "aAbB 1\n\xc3";
  for (int round = 0; round < 3000; ++round) {
    std::string text(random() % 300, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    std::string literal(1 + random() % 6, ' ');
    const bool ignores_case = random() % 2 == 0;
    for (char& c : literal) c = alphabet[random() % (ignores_case ? 7 : 8)];
    const LiteralFinder finder(literal, ignores_case);
    for (size_t from = 0; from != LiteralFinder::npos;) {
      const size_t expected = find_slowly(text, literal, ignores_case, from);
      ASSERT_EQ(finder.find(text, from), expected) << round << " from " << from;
      from = expected == LiteralFinder::npos ? expected : expected + 1;
    }
  }
}

}  // namespace
}  // namespace sluice
