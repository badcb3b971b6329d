#include "core/record/template_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/record/template_kinds.h"

namespace sluice {
namespace {

// The template with its variables written into it: #4:0017 is the decimal 17 of four digits, $ a hexadecimal number in
// lower case, % in upper case, and "..." a string.
std::string split(const std::string& text) {
  const std::string readable = text + std::string(kTextSlack, '7');
  TemplateSplitter splitter;
  TemplateVariables variables;
  const uint32_t count = splitter.split({readable.data(), text.size()}, variables);
  EXPECT_EQ(count, variables.size());
  std::string told;
  size_t next = 0;
  for (const char c : splitter.text()) {
    if (c != kVariableMark) {
      told += c;
      continue;
    }
    const uint8_t kind = variables.kind()[next];
    const uint64_t number = variables.number()[next++];
    if (kind == kStringKind) {
      told += '"' + std::string(variables.strings[number]) + '"';
    } else {
      told += kind > kUpperHexKind ? '%' : kind > kLowerHexKind ? '$' : '#';
      told += std::to_string(kDigitsOfKind[kind]) + ":" + std::to_string(number);
    }
  }
  EXPECT_EQ(next, variables.size());
  return told;
}

TEST(TemplateSplitterTest, ARunOfDigitsIsADecimalNumberAndKeepsItsWidth) {
  EXPECT_EQ(split("took 4711 ms"), "took #4:4711 ms");
  EXPECT_EQ(split("10.0.0.5:443"), "#2:10.#1:0.#1:0.#1:5:#3:443");
  EXPECT_EQ(split("attempt_007_0"), "attempt_#3:7_#1:0");
  EXPECT_EQ(split("0"), "#1:0");
  EXPECT_EQ(split("12345678 123456789 00000000000000000001"), "#8:12345678 #9:123456789 \"00000000000000000001\"");
  EXPECT_EQ(split("9999999999999999999"), "#19:9999999999999999999");
}

TEST(TemplateSplitterTest, AWordThatMixesHexadecimalDigitsIsAHexadecimalNumberInTheCaseItHas) {
  EXPECT_EQ(split("req=7f3a9b2c"), "req=$8:2134547244");
  EXPECT_EQ(split("00FF"), "%4:255");
  EXPECT_EQ(split("0x1f 0xdead"), "0x$2:31 0x$4:57005");
  EXPECT_EQ(split("f0f0f0f0f0f0f0f0f"), "\"f0f0f0f0f0f0f0f0f\"") << "17 digits are too many";
  EXPECT_EQ(split("0123456789abcdef"), "$16:81985529216486895");
  EXPECT_EQ(split("aB12"), "aB#2:12") << "of both cases the text would not come back";
}

TEST(TemplateSplitterTest, LettersBesideOneNumberStayInTheTemplate) {
  EXPECT_EQ(split("u17 took 20ms"), "u#2:17 took #2:20ms");
  EXPECT_EQ(split("subdir26"), "subdir#2:26");
  EXPECT_EQ(split("a1b"), "a#1:1b") << "too short to be anything else";
  EXPECT_EQ(split("1.5GHz"), "#1:1.#1:5GHz");
}

TEST(TemplateSplitterTest, AWordThatChangesMoreThanOnceIsAString) {
  EXPECT_EQ(split("id x86y64 end"), "id \"x86y64\" end");
  EXPECT_EQ(split("kT8zQ1"), "\"kT8zQ1\"");
  EXPECT_EQ(split("x86z"), "\"x86z\"");
}

TEST(TemplateSplitterTest, ATextWithoutDigitsIsItsOwnTemplate) {
  EXPECT_EQ(split(""), "");
  EXPECT_EQ(split("session closed"), "session closed");
  EXPECT_EQ(split("gr\xc3\xbc\xc3\x9f dich"), "gr\xc3\xbc\xc3\x9f dich");
}

TEST(TemplateSplitterTest, ATextThatHoldsTheMarkOrIsTooLongIsOneString) {
  const std::string marked = std::string("a") + kVariableMark + "b 12";
  EXPECT_EQ(split(marked), '"' + marked + '"');
  const std::string longest = std::string(ByteClasses::kMaxText + 1, '.');
  EXPECT_EQ(split(longest), '"' + longest + '"');
}

TEST(TemplateSplitterTest, NumbersAcrossTheBordersOfItsStepsAreWhole) {
  for (size_t before = 0; before < 140; ++before) {
    const std::string spaces(before, ' ');
    EXPECT_EQ(split(spaces + "1234567 x12"), spaces + "#7:1234567 x#2:12");
  }
}

}  // namespace
}  // namespace sluice
