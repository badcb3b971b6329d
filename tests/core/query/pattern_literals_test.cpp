#include "core/query/pattern_literals.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Texts = std::vector<std::string>;

PatternLiterals of(const std::string& pattern, bool ignores_case = false) {
  return literals_of(pattern, {.ignores_case = ignores_case});
}

TEST(PatternLiterals, APlainTextIsAllThereIsToKnow) {
  EXPECT_EQ(of("Failed password").all_of, Texts{"Failed password"});
  EXPECT_TRUE(of("Failed password").exact);
  EXPECT_FALSE(of("Failed password").folded);
  EXPECT_EQ(of("a", false).all_of, Texts{"a"});
  EXPECT_EQ(of("gr\xc3\xbc\xc3\x9f", false).all_of, Texts{"gr\xc3\xbc\xc3\x9f"});
}

TEST(PatternLiterals, WhereCaseDoesNotMatterTheyAreInLowerCase) {
  EXPECT_EQ(of("Failed", true).all_of, Texts{"failed"});
  EXPECT_TRUE(of("Failed", true).exact);
  EXPECT_TRUE(of("Failed", true).folded);
}

TEST(PatternLiterals, WhatFoldsOutsideAsciiIsLeftToTheExpression) {
  const PatternLiterals literals = of("wegen \xc3\x84nderung", true);
  EXPECT_EQ(literals.all_of, (Texts{"nderung", "wegen "}));
  EXPECT_FALSE(literals.exact);
}

TEST(PatternLiterals, OfAnExpressionWhatStandsInEveryMatch) {
  EXPECT_EQ(of("session [0-9a-f]+ ended").all_of, (Texts{"session ", " ended"}));
  EXPECT_FALSE(of("session [0-9a-f]+ ended").exact);
  EXPECT_TRUE(of("session [0-9a-f]+ ended").folded);
  EXPECT_EQ(of("^Accepted").all_of, Texts{"accepted"});
  EXPECT_EQ(of("10\\.0\\.0\\.1").all_of, Texts{"10.0.0.1"});
}

TEST(PatternLiterals, OfAChoiceOneOfThem) {
  const PatternLiterals literals = of("failed|refused");
  EXPECT_TRUE(literals.all_of.empty());
  EXPECT_EQ(literals.any_of.size(), 2u);
}

TEST(PatternLiterals, NothingIsKnownOfAPatternThatNeedNotHoldAnything) {
  EXPECT_TRUE(of(".*").empty());
  EXPECT_TRUE(of("[0-9]+").empty());
  EXPECT_TRUE(of("(failed)?").empty());
  EXPECT_TRUE(of("failed|[0-9]+").empty());
}

TEST(PatternLiterals, CharactersThatFoldIntoAsciiAreNotWorkedOut) {
  EXPECT_TRUE(of("\xe2\x84\xaa"
                 "elvin.")
                  .empty());
  EXPECT_TRUE(of("\\x{212a}elvin").empty());
  EXPECT_TRUE(of("\\pL+elvin").empty());
}

}  // namespace
}  // namespace sluice
