#include "core/query/scan.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

Scan compiled(Query query) {
  auto scan = Scan::compile(std::move(query));
  EXPECT_TRUE(scan) << (scan ? "" : scan.error().message);
  return std::move(scan).value();
}

bool finds(std::string pattern, std::string_view message, CaseRule rule = CaseRule::smart, uint32_t flags = 0) {
  StoredRecord record;
  record.message = message;
  record.flags = PackedFlags(flags);
  std::string scratch;
  return compiled({.pattern = std::move(pattern), .case_rule = rule}).matches_message(record, scratch);
}

bool takes(const Query& query, const StoredRecord& record) { return compiled(query).matches_fields(record); }

TEST(Scan, AnEmptyQueryTakesEverything) {
  const Scan scan = compiled({});
  StoredRecord record;
  std::string scratch;
  EXPECT_TRUE(scan.matches_fields(record));
  EXPECT_TRUE(scan.matches_message(record, scratch));
  EXPECT_TRUE(scan.may_match({.rows = 1, .severities = 1}));
  EXPECT_EQ(scan.field_parts({.rows = 1, .severities = 0xff}), 0);
}

TEST(Scan, BothEndsOfTheTimeRangeAreIncluded) {
  const Query query{.since = 100, .until = 200};
  EXPECT_FALSE(takes(query, {.time = 99}));
  EXPECT_TRUE(takes(query, {.time = 100}));
  EXPECT_TRUE(takes(query, {.time = 200}));
  EXPECT_FALSE(takes(query, {.time = 201}));
}

TEST(Scan, ABlockIsReadOnlyIfItsTimesAndSeveritiesCanMatch) {
  const Scan scan = compiled({.since = 100, .until = 200, .severities = 0b00001111});
  EXPECT_TRUE(scan.may_match({.rows = 1, .min_time = 200, .max_time = 300, .severities = 0b00001000}));
  EXPECT_TRUE(scan.may_match({.rows = 1, .min_time = 0, .max_time = 100, .severities = 0xff}));
  EXPECT_FALSE(scan.may_match({.rows = 1, .min_time = 201, .max_time = 300, .severities = 0xff}));
  EXPECT_FALSE(scan.may_match({.rows = 1, .min_time = 0, .max_time = 99, .severities = 0xff}));
  EXPECT_FALSE(scan.may_match({.rows = 1, .min_time = 0, .max_time = 300, .severities = 0b11110000}));
  EXPECT_FALSE(scan.may_match({.rows = 0, .repeat_notes = 3, .min_time = 0, .max_time = 300, .severities = 0xff}));
}

TEST(Scan, ABlockWhollyInsideTheAnswerNeedsNoLookAtItsFields) {
  const Scan scan = compiled({.since = 100, .until = 200, .severities = 0b00001111});
  EXPECT_EQ(scan.field_parts({.rows = 1, .min_time = 100, .max_time = 200, .severities = 0b00001001}), 0);
  EXPECT_NE(scan.field_parts({.rows = 1, .min_time = 99, .max_time = 200, .severities = 0b00001001}), 0);
  EXPECT_NE(scan.field_parts({.rows = 1, .min_time = 100, .max_time = 201, .severities = 0b00001001}), 0);
  EXPECT_NE(scan.field_parts({.rows = 1, .min_time = 100, .max_time = 200, .severities = 0b00011001}), 0);
}

TEST(Scan, NamesMatchWholeAndAnyOfSeveralCounts) {
  const Query query{.app_names = {"sshd", "cron"}, .hostnames = {"web-1"}};
  EXPECT_TRUE(takes(query, {.hostname = "web-1", .app_name = "cron"}));
  EXPECT_FALSE(takes(query, {.hostname = "web-1", .app_name = "crond"}));
  EXPECT_FALSE(takes(query, {.hostname = "web-11", .app_name = "cron"}));
  EXPECT_FALSE(takes(query, {.hostname = "WEB-1", .app_name = "cron"}));
}

TEST(Scan, SeveritiesAreASet) {
  EXPECT_TRUE(takes({.severities = 0b00001000}, {.flags = PackedFlags(4 << 3 | 3)}));
  EXPECT_FALSE(takes({.severities = 0b00001000}, {.flags = PackedFlags(4 << 3 | 2)}));
}

TEST(Scan, APatternOfLowerCaseIgnoresCase) {
  EXPECT_TRUE(finds("failed pass", "Failed Password for root"));
  EXPECT_FALSE(finds("Failed pass", "failed password"));
  EXPECT_TRUE(finds("Failed pass", "failed password", CaseRule::insensitive));
  EXPECT_FALSE(finds("failed", "Failed", CaseRule::sensitive));
}

TEST(Scan, APatternIsFoundAnywhereUnlessAnchored) {
  EXPECT_TRUE(finds("port [0-9]+$", "from 192.0.2.1 port 22"));
  EXPECT_FALSE(finds("^port", "from 192.0.2.1 port 22"));
}

TEST(Scan, AJsonMessageIsSearchedWithItsEscapesUndone) {
  EXPECT_TRUE(finds("a\tb", "a\\tb", CaseRule::smart, kMessageEscaped | static_cast<uint32_t>(Format::json) << 8));
}

TEST(Scan, BytesThatAreNotUtf8DoNotStopTheSearch) { EXPECT_TRUE(finds("root", "\xff\xfe root \x80")); }

TEST(Scan, ABadPatternIsToldInOneSentence) {
  const auto scan = Scan::compile({.pattern = "(unclosed"});
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().message.rfind("'(unclosed' is not a regular expression: ", 0), 0u) << scan.error().message;
}

}  // namespace
}  // namespace sluice
