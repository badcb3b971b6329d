#include "daemon/ctl/line_format.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

constexpr Nanos kTime = 1'795'428'930 * kSecond + 123'456'789;  // 2026-11-23T10:15:30Z

std::string format(const StoredRecord& record, LineFormatOptions options, uint64_t times = 1) {
  options.zone = absl::UTCTimeZone();
  std::string out;
  LineFormat(std::move(options)).append(record, times, out);
  return out;
}

StoredRecord record() {
  return {.time = kTime,
          .flags = PackedFlags(14),
          .peer = "192.0.2.7",
          .hostname = "web-1",
          .app_name = "sshd",
          .proc_id = "7",
          .message = "hello"};
}

TEST(LineFormat, ShortHasTimeHostAppAndPid) {
  EXPECT_EQ(format(record(), {}), "Nov 23 10:15:30 web-1 sshd[7]: hello\n");
}

TEST(LineFormat, WhatIsAbsentLeavesItsPlaceOut) {
  StoredRecord r = record();
  r.proc_id = {};
  EXPECT_EQ(format(r, {}), "Nov 23 10:15:30 web-1 sshd: hello\n");
  r.app_name = {};
  EXPECT_EQ(format(r, {}), "Nov 23 10:15:30 web-1 hello\n");
  r.hostname = {};
  EXPECT_EQ(format(r, {}), "Nov 23 10:15:30 192.0.2.7 hello\n");
  r.peer = {};
  EXPECT_EQ(format(r, {}), "Nov 23 10:15:30 hello\n");
  r.message = {};
  EXPECT_EQ(format(r, {}), "Nov 23 10:15:30 \n");
}

TEST(LineFormat, ShortIsoIsRfc3339WithMicroseconds) {
  EXPECT_EQ(format(record(), {.style = LineStyle::brief_iso}),
            "2026-11-23T10:15:30.123456+00:00 web-1 sshd[7]: hello\n");
}

TEST(LineFormat, TimesBefore1970AreRight) {
  StoredRecord r = record();
  r.time = -1;
  EXPECT_EQ(format(r, {.style = LineStyle::brief_iso}), "1969-12-31T23:59:59.999999+00:00 web-1 sshd[7]: hello\n");
}

TEST(LineFormat, TheCountStandsBehindTheMessage) {
  EXPECT_EQ(format(record(), {}, 3),
            "Nov 23 10:15:30 web-1 sshd[7]: hello \xc3\x97"
            "3\n");
  EXPECT_EQ(format(record(), {.style = LineStyle::cat}, 3), "hello\n");
}

TEST(LineFormat, ATerminalIsNotObeyed) {
  StoredRecord r = record();
  r.message = "a\x1b[2Jb";
  EXPECT_EQ(format(r, {.terminal = true}), "Nov 23 10:15:30 web-1 sshd[7]: a\\x1b[2Jb\n");
  EXPECT_EQ(format(r, {.terminal = false}), "Nov 23 10:15:30 web-1 sshd[7]: a\x1b[2Jb\n");
  EXPECT_EQ(format(r, {.style = LineStyle::cat, .terminal = true}), "a\x1b[2Jb\n");
  r.app_name = "a\nb";
  EXPECT_EQ(format(r, {}), "Nov 23 10:15:30 web-1 a\\x0ab[7]: a\x1b[2Jb\n");
}

TEST(LineFormat, FurtherLinesOfAMessageAreIndented) {
  StoredRecord r = record();
  r.message = "one\ntwo\r\n";
  EXPECT_EQ(format(r, {}), "Nov 23 10:15:30 web-1 sshd[7]: one\n                               two\n");
}

TEST(LineFormat, ColoursEndWithTheMessage) {
  StoredRecord r = record();
  r.flags = PackedFlags(11);
  EXPECT_EQ(format(r, {.color = true}), "Nov 23 10:15:30 web-1 sshd[7]: \x1b[0;1;31mhello\x1b[0m\n");
  EXPECT_EQ(format(record(), {.color = true}), "Nov 23 10:15:30 web-1 sshd[7]: hello\n");  // info has none
}

TEST(LineFormat, StylesHaveNames) {
  for (const char* name : {"short", "short-iso", "json", "cat", "raw"}) EXPECT_TRUE(parse_line_style(name)) << name;
  EXPECT_FALSE(parse_line_style("Short"));
  EXPECT_FALSE(parse_line_style(""));
}

TEST(LineFormat, FlagsThatOnlySayHowARecordIsKeptHaveNoName) {
  std::string names;
  append_flag_names(PackedFlags(kMessageEscaped | kExtraFields | kTruncatedFlag | kYearAssumed), names);
  EXPECT_EQ(names, R"("year_assumed","truncated")");
}

}  // namespace
}  // namespace sluice
