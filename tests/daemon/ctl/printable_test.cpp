#include "daemon/ctl/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

std::string printable(std::string_view text) {
  std::string out;
  append_printable(text, out);
  return out;
}

TEST(Printable, PlainTextAndTabsAreCopied) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("a\tb ~"), "a\tb ~");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
            "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(Printable, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(printable(std::string_view("\0\n\r\x1b[2J\x7f", 8)), "\\x00\\x0a\\x0d\\x1b[2J\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u{009b}31m");
}

TEST(Printable, MarksThatTurnTheDirectionAreWrittenOut) {
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\u{202e}b");
  EXPECT_EQ(printable("\xe2\x81\xa6"), "\\u{2066}");
}

TEST(Printable, OctetsThatAreNotUtf8AreWrittenOut) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                             // cut short
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80");                    // longer than needed
  EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80");           // likewise
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(printable("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf");      // its last
}

}  // namespace
}  // namespace sluice
