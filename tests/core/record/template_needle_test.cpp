#include "core/record/template_needle.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/record/template_splitter.h"

namespace sluice {
namespace {

TEST(TemplateNeedleTest, WhatCanBeAVariableIsLeftOut) {
  EXPECT_EQ(template_needle("failed with exit status 2"), "failed with exit status ");
  EXPECT_EQ(template_needle("session"), "session");
  EXPECT_EQ(template_needle("session closed for u17 by"), "session closed for ");
  EXPECT_EQ(template_needle("user=root"), "user=root");
  EXPECT_EQ(template_needle("(dead) beef"), "(dead) ") << "the last word may go on and be a hexadecimal number";
  EXPECT_EQ(template_needle("cafe"), "");
  EXPECT_EQ(template_needle("xdead"), "") << "of 0xdead the x is constant and the rest is not";
  EXPECT_EQ(template_needle("449efbea"), "");
  EXPECT_EQ(template_needle("10.0.0.5"), "");
  EXPECT_EQ(template_needle(": - "), "") << "nothing that tells";
  EXPECT_EQ(template_needle(std::string("session \x01 closed")), "");
  EXPECT_EQ(template_needle(""), "");
}

TEST(TemplateNeedleTest, EachTextThatHoldsALiteralHasItsNeedleInItsTemplateOrAString) {
  const std::vector<std::string> pieces{"session", "dead", "0x", "beef", "17", " ", "-", "u", "x", "k9z8", "G", "ABC", "\xc3\xbc", "\x01", "=", "e"};
  std::mt19937 random(3);
  TemplateSplitter splitter;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t count = 1 + random() % 8; count > 0; --count) text += pieces[random() % pieces.size()];
    const size_t from = random() % text.size();
    const std::string literal = text.substr(from, 1 + random() % (text.size() - from));
    const std::string needle = template_needle(literal);
    const std::string readable = text + std::string(kTextSlack, '7');
    TemplateVariables variables;
    splitter.split({readable.data(), text.size()}, variables);
    EXPECT_TRUE(splitter.text().find(needle) != std::string_view::npos || !variables.strings.empty())
        << '"' << literal << "\" in \"" << text << "\": \"" << needle << '"';
  }
}

}  // namespace
}  // namespace sluice
