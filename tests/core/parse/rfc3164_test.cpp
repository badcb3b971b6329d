#include <string>

#include "tests/support/parsed_event.h"

namespace sluice {
namespace {

constexpr std::string_view kTime = "2026-10-11T22:14:15.000000000Z";

void expect_3164(std::string_view frame, const ExpectedEvent& expected) {
  expect_event(FormatChoice::rfc3164, frame, expected);
}

std::unique_ptr<ParsedFrame> parse(std::string_view frame) { return parse_as(FormatChoice::rfc3164, frame); }

TEST(Rfc3164, ReadsEveryField) {
  expect_3164("<34>Oct 11 22:14:15 web-1 su[42]: failed for root", {.facility = 4,
                                                                    .severity = 2,
                                                                    .time = kTime,
                                                                    .hostname = "web-1",
                                                                    .app_name = "su",
                                                                    .proc_id = "42",
                                                                    .message = "failed for root"});
}

// One parser, whose cache has just read the line before, and a receipt that goes over the edge with it.
TEST(Rfc3164, ReadsLinesOverTheNewYearAndTheLeapDay) {
  const TimeZone utc = TimeZone::utc();
  ParserOptions options;
  options.format = FormatChoice::rfc3164;
  options.zone = &utc;
  const auto parser = make_parser(options);
  const auto time_of = [&](std::string_view time, Nanos received) {
    const std::string frame = "<13>" + std::string(time) + " h a: m";
    Event event;
    parser->parse(frame, {.received = received, .peer = "192.0.2.7"}, event);
    EXPECT_EQ(rebuild_frame(event), frame);
    return time_text(event);
  };
  constexpr Nanos kNewYear = 1'798'761'600 * kSecond;  // 2027-01-01T00:00:00Z
  EXPECT_EQ(time_of("Dec 31 23:59:59", kNewYear - kSecond), "2026-12-31T23:59:59.000000000Z");
  EXPECT_EQ(time_of("Dec 31 23:59:59", kNewYear + kSecond), "2026-12-31T23:59:59.000000000Z");
  EXPECT_EQ(time_of("Jan  1 00:00:00", kNewYear + kSecond), "2027-01-01T00:00:00.000000000Z");
  EXPECT_EQ(time_of("Jan  1 00:00:00", kNewYear - kSecond), "2027-01-01T00:00:00.000000000Z");
  EXPECT_EQ(time_of("Dec 31 23:59:59", kNewYear), "2026-12-31T23:59:59.000000000Z");
  constexpr Nanos kLeapDayEnd = 1'835'481'600 * kSecond;  // 2028-03-01T00:00:00Z
  EXPECT_EQ(time_of("Feb 28 23:59:59", kLeapDayEnd - 86'400 * kSecond), "2028-02-28T23:59:59.000000000Z");
  EXPECT_EQ(time_of("Feb 29 00:00:00", kLeapDayEnd - 86'400 * kSecond), "2028-02-29T00:00:00.000000000Z");
  EXPECT_EQ(time_of("Feb 29 23:59:59", kLeapDayEnd + kSecond), "2028-02-29T23:59:59.000000000Z");
  EXPECT_EQ(time_of("Mar  1 00:00:00", kLeapDayEnd + kSecond), "2028-03-01T00:00:00.000000000Z");
}

TEST(Rfc3164, HasACommonLayoutExactlyWhenTheFrameIsTheFieldsAgain) {
  EXPECT_EQ(parse("<34>Oct 11 22:14:15 h su: m")->event.layout, CommonLayout::rfc3164);
  EXPECT_EQ(parse("<34>Oct  1 22:14:15 h su[1]: ")->event.layout, CommonLayout::rfc3164_pid);
  EXPECT_EQ(parse("<34>2026-10-11T22:14:15.123+02:00 h su[1]: m")->event.layout, CommonLayout::rfc3164_pid);
  EXPECT_EQ(parse("free text")->event.layout, CommonLayout::raw);
  for (std::string_view unusual :
       {"<34>OCT 11 22:14:15 h su: m", "<34>Oct 11 22:14:15 h su:m", "<34>Oct 11 22:14:15 h su:",
        "<34>Oct 11 22:14:15 h su[]: m", "<34>Oct 11 22:14:15 h su[1] m", "<34> Oct 11 22:14:15 h su: m",
        "<034>Oct 11 22:14:15 h su: m", "<34>Oct 11 22:14:15  h su: m", "<34>Oct 11 22:14:15 h  su: m",
        "<34>Oct 11 22:14:15 su: m", "<34>Oct 11 22:14:15 h su: m\n", "<34>Oct 11 22:14:15 h\tsu: m",
        "Oct 11 22:14:15 h su: m", "<34>Oct 11 22:14:15 - su: m", "<34>Oct 11 22:14:15 UTC h su: m"}) {
    SCOPED_TRACE(unusual);
    EXPECT_EQ(parse(unusual)->event.layout, CommonLayout::none);
  }
}

TEST(Rfc3164, StripsExactlyOneBlankBehindTheTag) {
  EXPECT_EQ(parse("<34>Oct 11 22:14:15 h su:  two")->event.message, " two");
  EXPECT_EQ(parse("<34>Oct 11 22:14:15 h su: one")->event.message, "one");
  EXPECT_EQ(parse("<34>Oct 11 22:14:15 h su:none")->event.message, "none");
}

TEST(Rfc3164, LeavesAFirstWordWithoutColonInTheMessage) {
  expect_3164("<13>Oct 11 22:14:15 web-1 -- MARK --", {.time = kTime, .hostname = "web-1", .message = "-- MARK --"});
  expect_3164("<13>Oct 11 22:14:15 web-1 hello world", {.time = kTime, .hostname = "web-1", .message = "hello world"});
}

TEST(Rfc3164, TakesABareTagByOption) {
  static const TimeZone utc = TimeZone::utc();
  ParserOptions options;
  options.format = FormatChoice::rfc3164;
  options.zone = &utc;
  options.rfc3164_bare_tag = true;
  const auto parsed = parse_with(options, "<13>Oct 11 22:14:15 web-1 cron started");
  EXPECT_EQ(parsed->event.app_name, "cron");
  EXPECT_EQ(parsed->event.message, "started");
}

TEST(Rfc3164, TakesOneFieldBeforeAColonAsAppNameAndOneWordAloneAsHostname) {
  expect_3164("<13>Oct 11 22:14:15 haproxy[7]: up",
              {.time = kTime, .app_name = "haproxy", .proc_id = "7", .message = "up"});
  expect_3164("<13>Oct 11 22:14:15 su: failed", {.time = kTime, .app_name = "su", .message = "failed"});
  expect_3164("<13>Oct 11 22:14:15 web-1", {.time = kTime, .hostname = "web-1"});
  expect_3164("<13>Oct 11 22:14:15 web-1 su[7]",
              {.time = kTime, .hostname = "web-1", .app_name = "su", .proc_id = "7"});
  expect_3164("<13>Oct 11 22:14:15 : text", {.time = kTime, .message = "text"});
  expect_3164("<13>Oct 11 22:14:15 ", {.time = kTime});
}

TEST(Rfc3164, AcceptsTheHostnamesThatSendersUse) {
  for (std::string_view host : {"web_1", "10.0.0.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%eth0", "me@box", "rack/7",
                                "10.0.0.1-1", "gr\xc3\xbc\xc3\x9f", "00:1a:2b:3c:4d:5e"}) {
    SCOPED_TRACE(host);
    const auto parsed = parse("<13>Oct 11 22:14:15 " + std::string(host) + " su: m");
    EXPECT_EQ(parsed->event.hostname, host);
    EXPECT_EQ(parsed->event.app_name, "su");
  }
  EXPECT_EQ(parse("<13>Oct 11 22:14:15 - su: m")->event.hostname, "");
}

TEST(Rfc3164, DoesNotTakeTextForATag) {
  for (std::string_view text :
       {"{\"a\":1}", "12:30 o'clock", "http://example.org/ seen", "C:\\temp full", "key=\"a:b\" c", "10.0.0.1:514 open",
        "std::bad_alloc thrown", "[audit] user", "a b: c", "11/10/2026:22:14:15 GMT up", "1,2026/10/11 22:14:15,x"}) {
    SCOPED_TRACE(text);
    const auto parsed = parse("<13>Oct 11 22:14:15 web-1 " + std::string(text));
    EXPECT_EQ(parsed->event.app_name, "");
    EXPECT_EQ(parsed->event.message, text);
  }
}

TEST(Rfc3164, ReadsCiscoIos) {
  const ExpectedEvent expected{.facility = 23,
                               .severity = 5,
                               .time = "2026-10-11T22:14:15.123000000Z",
                               .app_name = "%SYS-5-CONFIG_I",
                               .message = "Configured"};
  for (std::string_view front :
       {"*Oct 11 22:14:15.123: ", "45: *Oct 11 22:14:15.123: ", "000045: .Oct 11 22:14:15.123 UTC: ",
        "45: Oct 11 2026 22:14:15.123: ", ": 2026 Oct 11 22:14:15.123 UTC: ", "45: Oct 12 00:14:15.123 CEST: ",
        "45: 000046: *Oct 11 22:14:15.123: "}) {
    expect_3164("<189>" + std::string(front) + "%SYS-5-CONFIG_I: Configured", expected);
  }
  ExpectedEvent with_origin = expected;
  with_origin.hostname = "core-1";
  expect_3164("<189>45: core-1: *Oct 11 22:14:15.123: %SYS-5-CONFIG_I: Configured", with_origin);
}

TEST(Rfc3164, ReadsYearAndZoneBehindTheTime) {
  const ExpectedEvent expected{.time = kTime, .hostname = "web-1", .app_name = "su", .message = "m"};
  for (std::string_view time :
       {"Oct 11 22:14:15 2026", "Oct 11 17:14:15 EST 2026", "Oct 11 22:14:15 2026 UTC", "2026 Oct 11 16:14:15 TZ-6",
        "Oct 12 00:14:15 +0200", "Oct 12 00:14:15+02:00", "Oct 11 22:14:15Z"}) {
    expect_3164("<13>" + std::string(time) + " web-1 su: m", expected);
  }
}

TEST(Rfc3164, ReadsCiscoWithoutAClock) {
  for (std::string_view front : {"", "45: ", "45: 00:00:46: ", "1d02h: ", "45: 6w0d: "}) {
    expect_3164("<189>" + std::string(front) + "%LINK-3-UPDOWN: up",
                {.facility = 23, .severity = 5, .app_name = "%LINK-3-UPDOWN", .message = "up"});
  }
}

TEST(Rfc3164, ReadsCiscoIosXr) {
  expect_3164("<187>138: RP/0/RP0/CPU0:Oct 11 22:14:15.5 UTC: snmpd[10]: %SNMP-3-AUTH_FAIL : no",
              {.facility = 23,
               .severity = 3,
               .time = "2026-10-11T22:14:15.500000000Z",
               .app_name = "snmpd",
               .proc_id = "10",
               .message = "%SNMP-3-AUTH_FAIL : no"});
  expect_3164("<187>138: edge-1 LC/0/1/CPU0:Oct 11 22:14:15 : ifmgr[2]: down", {.facility = 23,
                                                                                .severity = 3,
                                                                                .time = kTime,
                                                                                .hostname = "edge-1",
                                                                                .app_name = "ifmgr",
                                                                                .proc_id = "2",
                                                                                .message = "down"});
}

TEST(Rfc3164, ReadsCiscoAsa) {
  expect_3164("<166>Oct 11 2026 22:14:15 fw-1 : %ASA-6-302014: Teardown", {.facility = 20,
                                                                           .severity = 6,
                                                                           .time = kTime,
                                                                           .hostname = "fw-1",
                                                                           .app_name = "%ASA-6-302014",
                                                                           .message = "Teardown"});
  expect_3164("<166>Oct 11 2026 22:14:15: %ASA-6-302014: Teardown",
              {.facility = 20, .severity = 6, .time = kTime, .app_name = "%ASA-6-302014", .message = "Teardown"});
  expect_3164(
      "<166>:Oct 11 22:14:15 UTC: %ASA-session-6-302014: Teardown",
      {.facility = 20, .severity = 6, .time = kTime, .app_name = "%ASA-session-6-302014", .message = "Teardown"});
}

TEST(Rfc3164, ReadsTheOtherDialects) {
  expect_3164("<166>2026-10-11T22:14:15.123Z esx-1 Hostd: info hostd[2] [Originator@6876 sub=X] ok",
              {.facility = 20,
               .severity = 6,
               .time = "2026-10-11T22:14:15.123000000Z",
               .hostname = "esx-1",
               .app_name = "Hostd",
               .message = "info hostd[2] [Originator@6876 sub=X] ok"});
  expect_3164("<38>Oct 11 22:14:15 Message forwarded from aix-7: sshd[9]: Accepted", {.facility = 4,
                                                                                      .severity = 6,
                                                                                      .time = kTime,
                                                                                      .hostname = "aix-7",
                                                                                      .app_name = "sshd",
                                                                                      .proc_id = "9",
                                                                                      .message = "Accepted"});
  expect_3164("<38>Oct 11 22:14:15 last message repeated 3 times",
              {.facility = 4, .severity = 6, .time = kTime, .message = "last message repeated 3 times"});
  expect_3164(
      "<14>Oct 11 22:14:15 win-1 MSWinEventLog\t1\tSecurity",
      {.severity = 6, .time = kTime, .hostname = "win-1", .app_name = "MSWinEventLog", .message = "1\tSecurity"});
  expect_3164("<189>date=2026-10-11 time=22:14:15 devname=\"FGT\" msg=\"a: b\"",
              {.facility = 23, .severity = 5, .message = "date=2026-10-11 time=22:14:15 devname=\"FGT\" msg=\"a: b\""});
  expect_3164("<14>Oct 11 22:14:15 pa-220 1,2026/10/11 22:14:15,0071,TRAFFIC",
              {.severity = 6, .time = kTime, .hostname = "pa-220", .message = "1,2026/10/11 22:14:15,0071,TRAFFIC"});
  expect_3164("<190>OCT 11 22:14:15 10.0.0.1-1 CMDLOGGER[165]: logged in", {.facility = 23,
                                                                            .severity = 6,
                                                                            .time = kTime,
                                                                            .hostname = "10.0.0.1-1",
                                                                            .app_name = "CMDLOGGER",
                                                                            .proc_id = "165",
                                                                            .message = "logged in"});
}

TEST(Rfc3164, WithoutATimeOnlyATagIsTakenOff) {
  expect_3164("<27>xapi: [error] died", {.facility = 3, .severity = 3, .app_name = "xapi", .message = "[error] died"});
  expect_3164("<27>cron[7]: run", {.facility = 3, .severity = 3, .app_name = "cron", .proc_id = "7", .message = "run"});
  expect_3164("<27>array[7] is bad", {.facility = 3, .severity = 3, .message = "array[7] is bad"});
  expect_3164("<27>some text here", {.facility = 3, .severity = 3, .message = "some text here"});
}

TEST(Rfc3164, WithoutPriItIsUserNotice) {
  expect_3164("Oct 11 22:14:15 web-1 su[1]: m",
              {.time = kTime, .hostname = "web-1", .app_name = "su", .proc_id = "1", .message = "m"});
  expect_3164("tag: some text", {.message = "tag: some text"});
  EXPECT_TRUE(parse("some text")->event.flags & kPriAbsent);
}

TEST(Rfc3164, WithoutPriADateAndABlankBeginALineOfAFile) {
  expect_3164("2026-10-11 22:14:15,123 ERROR [main] a: b",
              {.time = "2026-10-11T22:14:15.123000000Z", .message = "ERROR [main] a: b"});
  expect_3164("2026-10-11T22:14:15Z INFO a: b", {.time = kTime, .message = "INFO a: b"});
}

TEST(Rfc3164, ABadPriLeavesTheWholeLineAsMessage) {
  for (std::string_view frame :
       {"<192>Oct 11 22:14:15 h su: m", "<x>text", "<>text", "<99999999999999999999>text", "<13 text", "<"}) {
    SCOPED_TRACE(frame);
    const auto parsed = parse(frame);
    EXPECT_EQ(parsed->event.message, frame);
    EXPECT_EQ(parsed->event.facility * 8 + parsed->event.severity, 13);
    EXPECT_TRUE(parsed->event.flags & kPriInvalid);
    EXPECT_FALSE(parsed->event.flags & kUnparsed);
  }
}

TEST(Rfc3164, ReadsConfiguredTimeFormats) {
  static const TimeZone utc = TimeZone::utc();
  ParserOptions options;
  options.format = FormatChoice::rfc3164;
  options.zone = &utc;
  options.time_formats = {"%y/%m/%d %H:%M:%S", "[%a %b %d %H:%M:%S %Y]"};
  const auto spark = parse_with(options, "26/10/11 22:14:15 INFO executor: started");
  EXPECT_EQ(time_text(spark->event), kTime);
  EXPECT_EQ(spark->event.message, "INFO executor: started");
  const auto apache = parse_with(options, "<13>[Sun Oct 11 22:14:15 2026] web-1 httpd: m");
  EXPECT_EQ(time_text(apache->event), kTime);
  EXPECT_EQ(apache->event.app_name, "httpd");
}

TEST(Automatic, DecidesPerFrame) {
  const auto format_of = [](std::string_view frame) { return parse_as(FormatChoice::automatic, frame)->event.format; };
  EXPECT_EQ(format_of("<34>1 - h a - - - m"), Format::rfc5424);
  EXPECT_EQ(format_of("<34>Oct 11 22:14:15 h su: m"), Format::rfc3164);
  EXPECT_EQ(format_of("<34>1 apple a day"), Format::rfc3164);
  EXPECT_EQ(format_of("<34>text"), Format::rfc3164);
  EXPECT_EQ(format_of("Oct 11 22:14:15 h su: m"), Format::rfc3164);
  EXPECT_EQ(format_of("{\"message\":\"m\"}"), Format::json);
  EXPECT_EQ(format_of("free text"), Format::raw);
  EXPECT_EQ(format_of("<999>text"), Format::raw);
}

TEST(Automatic, FreeTextIsNoProblem) {
  const auto parsed = parse_as(FormatChoice::automatic, "free text: with a colon");
  EXPECT_EQ(parsed->problem, ParseProblem::none);
  EXPECT_EQ(parsed->event.message, "free text: with a colon");
  EXPECT_EQ(parsed->event.app_name, "");
}

}  // namespace
}  // namespace sluice
