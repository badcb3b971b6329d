#include "core/parse/strict.h"

#include <string>

#include "gtest/gtest.h"

namespace sluice {
namespace {

void expect_none(std::string_view frame) {
  const auto deviation = first_deviation_rfc5424(frame);
  EXPECT_FALSE(deviation) << frame << ": octet " << deviation->octet << ": " << deviation->sentence;
}

void expect_at(size_t octet, std::string_view frame, std::string_view part) {
  const auto deviation = first_deviation_rfc5424(frame);
  ASSERT_TRUE(deviation) << frame;
  EXPECT_EQ(deviation->octet, octet) << frame << ": " << deviation->sentence;
  EXPECT_NE(deviation->sentence.find(part), std::string_view::npos) << deviation->sentence;
}

TEST(Strict, AcceptsWhatRfc5424Allows) {
  for (std::string_view frame : {"<0>1 - - - - - -", "<191>999 2024-02-29T23:59:59.999999-23:59 h a p m - ",
                                 "<13>1 2026-01-02T03:04:05Z h a p m [x][y a=\"1\" a=\"2\"] text",
                                 "<13>1 - - - - - - \xff\xfe", "<13>1 - - - - - [a@1 b=\"\\\"\\\\\\]\"]",
                                 "<13>1 - - - - - - \xef\xbb\xbfgr\xc3\xbc\xc3\x9f", "<13>1 - -- --- -a - - x"}) {
    expect_none(frame);
  }
}

TEST(Strict, NamesTheOctetOfADeviation) {
  expect_at(0, "", "PRI");
  expect_at(0, "text", "PRI");
  expect_at(1, "<>1 - - - - - -", "PRIVAL");
  expect_at(1, "<192>1 - - - - - -", "191");
  expect_at(1, "<00>1 - - - - - -", "leading zero");
  expect_at(4, "<1234>1 - - - - - -", "three digits");
  expect_at(4, "<13>", "VERSION");
  expect_at(4, "<13>0 - - - - - -", "VERSION");
  expect_at(7, "<13>1234 - - - - - -", "VERSION");
  expect_at(6, "<13>1  - - - - -", "TIMESTAMP");
  expect_at(11, "<13>1 2026-13-02T03:04:05Z - - - - -", "month");
  expect_at(14, "<13>1 2026-02-29T03:04:05Z - - - - -", "day");
  expect_at(16, "<13>1 2026-01-02t03:04:05Z - - - - -", "capital T");
  expect_at(17, "<13>1 2026-01-02T24:04:05Z - - - - -", "hour");
  expect_at(20, "<13>1 2026-01-02T03:60:05Z - - - - -", "minute");
  expect_at(23, "<13>1 2026-01-02T03:04:60Z - - - - -", "leap second");
  expect_at(25, "<13>1 2026-01-02T03:04:05z - - - - -", "capital Z");
  expect_at(26, "<13>1 2026-01-02T03:04:05.Z - - - - -", "digit");
  expect_at(32, "<13>1 2026-01-02T03:04:05.1234567Z - - - - -", "six");
  expect_at(26, "<13>1 2026-01-02T03:04:05+24:00 - - - - -", "23 hours");
  expect_at(29, "<13>1 2026-01-02T03:04:05+01:60 - - - - -", "minutes");
  expect_at(8, "<13>1 -  - - - -", "HOSTNAME");
  expect_at(8, "<13>1 - \xc3\xbc - - - -", "printable");
  expect_at(15, "<13>1 - - - - -", "one blank");
  expect_at(16, "<13>1 - - - - - ", "STRUCTURED-DATA");
  expect_at(16, "<13>1 - - - - - text", "STRUCTURED-DATA");
  expect_at(17, "<13>1 - - - - - []", "SD-ID");
  expect_at(20, "<13>1 - - - - - [a][a]", "only once");
  expect_at(18, "<13>1 - - - - - [a", "']'");
  expect_at(19, "<13>1 - - - - - [a ]", "PARAM-NAME");
  expect_at(21, "<13>1 - - - - - [a b=c]", "quotes");
  expect_at(22, "<13>1 - - - - - [a b=\"]\"]", "\\]");
  expect_at(22, "<13>1 - - - - - [a b=\"\\n\"]", "backslash");
  expect_at(22, "<13>1 - - - - - [a b=\"\xff\"]", "UTF-8");
  expect_at(19, "<13>1 - - - - - [a]text", "one blank");
  expect_at(18, "<13>1 - - - - - - \xef\xbb\xbf\xff", "UTF-8");
}

TEST(Strict, CountsEveryFieldsOctets) {
  const std::pair<size_t, int> limits[] = {{255, 0}, {48, 1}, {128, 2}, {32, 3}};
  for (const auto& [limit, field] : limits) {
    std::string before = "<13>1 -", after;
    for (int f = 0; f < 4; ++f) (f < field ? before : after) += f == field ? "" : " -";
    expect_none(before + " " + std::string(limit, 'x') + after + " -");
    expect_at(before.size() + 1 + limit, before + " " + std::string(limit + 1, 'x') + after + " -", "at most");
  }
}

TEST(Strict, KnowsRfc3164) {
  EXPECT_FALSE(first_deviation_rfc3164("<34>Oct 11 22:14:15 mymachine su: failed"));
  EXPECT_FALSE(first_deviation_rfc3164("<34>Oct  1 22:14:15 mymachine su[1]: failed"));
  EXPECT_EQ(first_deviation_rfc3164("Oct 11 22:14:15 mymachine su: failed")->octet, 0u);
  EXPECT_EQ(first_deviation_rfc3164("<34>Oct 01 22:14:15 mymachine su: failed")->octet, 4u);
  EXPECT_EQ(first_deviation_rfc3164("<34>2026-01-02T03:04:05Z mymachine su: failed")->octet, 4u);
  EXPECT_EQ(first_deviation_rfc3164("<34>Oct 11 22:14:15 su: failed")->octet, 20u);
  EXPECT_EQ(first_deviation_rfc3164("<34>Oct 11 22:14:15 h " + std::string(33, 't') + ": m")->octet, 54u);
}

TEST(Strict, KnowsTheNamesOfGelfsAdditionalFields) {
  EXPECT_FALSE(first_deviation_gelf(
      R"({"version":"1.1","host":"h","short_message":"a, \"b\"","_a.b-c_1":{"x y":[1,"z"]},"level":1})"));
  EXPECT_EQ(first_deviation_gelf(R"({"host":"h","extra":1})")->octet, 13u);
  EXPECT_EQ(first_deviation_gelf(R"({"host":"h","_ex%tra":1})")->octet, 16u);
  EXPECT_EQ(first_deviation_gelf(R"({ "_id" : "x"})")->octet, 3u);
  EXPECT_EQ(first_deviation_gelf(R"({"_a":[{"b":1}],"c":1})")->octet, 17u);
}

}  // namespace
}  // namespace sluice
