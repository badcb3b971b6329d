#include "core/query/severity.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

int set_of(std::string_view text) {
  const auto set = parse_severities(text);
  return set ? *set : -1;
}

TEST(Severity, ANameMeansItAndEverythingWorse) {
  EXPECT_EQ(set_of("emerg"), 0b00000001);
  EXPECT_EQ(set_of("err"), 0b00001111);
  EXPECT_EQ(set_of("debug"), 0b11111111);
}

TEST(Severity, NumbersAndOtherSpellingsMeanTheSame) {
  EXPECT_EQ(set_of("3"), set_of("err"));
  EXPECT_EQ(set_of("error"), set_of("err"));
  EXPECT_EQ(set_of("WARN"), set_of("warning"));
  EXPECT_EQ(set_of("panic"), set_of("0"));
}

TEST(Severity, ARangeHoldsItsEndsInEitherOrder) {
  EXPECT_EQ(set_of("err..warning"), 0b00011000);
  EXPECT_EQ(set_of("warning..err"), 0b00011000);
  EXPECT_EQ(set_of("6..6"), 0b01000000);
  EXPECT_EQ(set_of("0..debug"), 0xff);
}

TEST(Severity, AnythingElseIsToldInOneSentence) {
  for (const char* text :
       {"", "8", "-1", "33", "loud", "..", "err..", "..err", "err...warning", "err..loud", "err warning"}) {
    EXPECT_EQ(set_of(text), -1) << text;
  }
  EXPECT_EQ(parse_severities("loud").error().message.rfind("'loud' is not a severity: give a name", 0), 0u);
}

TEST(Severity, EveryNameIsReadBack) {
  for (uint8_t i = 0; i < 8; ++i) {
    EXPECT_EQ(set_of(std::string(severity_name(i)) + ".." + std::string(severity_name(i))), 1 << i);
  }
}

}  // namespace
}  // namespace sluice
