#include <string>

#include "tests/support/parsed_event.h"

namespace sluice {
namespace {

void expect_5424(std::string_view frame, const ExpectedEvent& expected) {
  expect_event(FormatChoice::rfc5424, frame, expected);
}

std::unique_ptr<ParsedFrame> parse(std::string_view frame) { return parse_as(FormatChoice::rfc5424, frame); }

TEST(Rfc5424, ReadsEveryField) {
  expect_5424("<34>1 2026-01-02T03:04:05.006Z web-1 sshd 4711 LOGIN [x@1 ip=\"192.0.2.1\"] root login failed",
              {.facility = 4,
               .severity = 2,
               .time = "2026-01-02T03:04:05.006000000Z",
               .hostname = "web-1",
               .app_name = "sshd",
               .proc_id = "4711",
               .msg_id = "LOGIN",
               .structured_data = "[x@1 ip=\"192.0.2.1\"]",
               .message = "root login failed"});
}

TEST(Rfc5424, ReadsAbsentFieldsAsAbsent) {
  expect_5424("<0>1 - - - - - - only text", {.facility = 0, .severity = 0, .message = "only text"});
  EXPECT_TRUE(parse("<0>1 - - - - - -")->event.flags & kTimeAssumed);
}

TEST(Rfc5424, TakesOffsetsAndNanoseconds) {
  expect_5424("<13>1 2026-01-02T03:04:05.123456789+05:30 h a - - - m",
              {.time = "2026-01-01T21:34:05.123456789Z", .hostname = "h", .app_name = "a", .message = "m"});
  expect_5424("<13>1 2026-01-02T03:04:05-00:00 h a - - - m",
              {.time = "2026-01-02T03:04:05.000000000Z", .hostname = "h", .app_name = "a", .message = "m"});
}

TEST(Rfc5424, HasACommonLayoutExactlyWhenTheFrameIsTheFieldsAgain) {
  EXPECT_EQ(parse("<34>1 2026-01-02T03:04:05Z h a 1 I - m")->event.layout, CommonLayout::rfc5424);
  EXPECT_EQ(parse("<34>1 2026-01-02T03:04:05+01:00 h a 1 I [x y=\"z\"] ")->event.layout, CommonLayout::rfc5424);
  EXPECT_EQ(parse("<34>1 - - - - - -")->event.layout, CommonLayout::rfc5424_no_msg);
  for (std::string_view unusual : {
           "<034>1 2026-01-02T03:04:05Z h a 1 I - m",            // zero in PRI
           "<34>2 2026-01-02T03:04:05Z h a 1 I - m",             // version
           "<34>1 2026-01-02t03:04:05Z h a 1 I - m",             // small t
           "<34>1 2026-01-02T03:04:05-00:00 h a 1 I - m",        // renders as +00:00
           "<34>1 2026-01-02T03:04:60Z h a 1 I - m",             // leap second
           "<34>1 2026-01-02T03:04:05.1234567890Z h a - - - m",  // ten digits
           "<34>1 2026-01-02T03:04:05Z h a 1 I - \xef\xbb\xbfm", "<34>1 2026-01-02T03:04:05Z h a 1 I - m\r",
           "<34>1 2026-01-02T03:04:05Z h  1 I - m",    // empty field
           "<34>1 2026-01-02T03:04:05Z h a 1 I [x]m",  // no blank
           "<34>1 2026-01-02T03:04:05Z h a 1 I", "<34>1 2026-01-02T03:04:05Z h a 1 I ",
           "<34>1 9999-01-02T03:04:05Z h a 1 I - m",  // beyond 64-bit nanoseconds
       }) {
    SCOPED_TRACE(unusual);
    EXPECT_EQ(parse(unusual)->event.layout, CommonLayout::none);
  }
}

TEST(Rfc5424, KeepsATimeThatCannotBeHeldAndSaysItWasAssumed) {
  const auto parsed = parse("<34>1 0001-01-01T00:00:00Z h a 1 I - m");
  EXPECT_EQ(parsed->problem, ParseProblem::none);
  EXPECT_EQ(parsed->event.time, kReceived);
  EXPECT_TRUE(parsed->event.flags & kTimeAssumed);
  EXPECT_EQ(parsed->event.hostname, "h");
}

TEST(Rfc5424, StripsByteOrderMarkAndTrailer) {
  const auto parsed = parse(std::string_view("<34>1 - h - - - - \xef\xbb\xbfgr\xc3\xbc\xc3\x9f\r\0", 29));
  EXPECT_EQ(parsed->event.message, "gr\xc3\xbc\xc3\x9f");
  EXPECT_TRUE(parsed->event.flags & kBomStripped);
  EXPECT_FALSE(parsed->event.flags & kNotUtf8);
}

TEST(Rfc5424, FlagsWhatIsNotUtf8AndKeepsIt) {
  const auto parsed = parse("<34>1 - h - - - - caf\xe9");
  EXPECT_EQ(parsed->event.message, "caf\xe9");
  EXPECT_TRUE(parsed->event.flags & kNotUtf8);
}

TEST(Rfc5424, FlagsOtherVersions) {
  const auto parsed = parse("<34>999 - h - - - - m");
  EXPECT_EQ(parsed->event.version, 999);
  EXPECT_TRUE(parsed->event.flags & kVersionNotOne);
  EXPECT_FALSE(parse("<34>1 - h - - - - m")->event.flags & kVersionNotOne);
}

TEST(Rfc5424, FlagsOverlongFieldsAndKeepsThemWhole) {
  for (const auto& [limit, field] : {std::pair{255, 0}, {48, 1}, {128, 2}, {32, 3}}) {
    for (const int over : {0, 1}) {
      std::string frame = "<34>1 -";
      for (int f = 0; f < 4; ++f)
        frame += f == field ? " " + std::string(static_cast<size_t>(limit + over), 'x') : " -";
      frame += " - m";
      const auto parsed = parse(frame);
      EXPECT_EQ((parsed->event.flags & kFieldOverlong) != 0, over == 1) << frame;
      const Event& e = parsed->event;
      EXPECT_EQ(e.hostname.size() + e.app_name.size() + e.proc_id.size() + e.msg_id.size(),
                static_cast<size_t>(limit + over));
    }
  }
}

TEST(Rfc5424, RepairsStructuredDataWhereItIsPlainWhatWasMeant) {
  for (std::string_view sd :
       {"[x a=b]", "[]", "[x a=\"b\" ]", "[ x a=\"b\"]", "[x a=\"\\n\"]", "[x a=\"]\"]", "[x  a=\"b\"]"}) {
    const auto parsed = parse("<34>1 - h a - - " + std::string(sd) + " m");
    SCOPED_TRACE(sd);
    EXPECT_EQ(parsed->event.structured_data, sd);
    EXPECT_EQ(parsed->event.message, "m");
    EXPECT_TRUE(parsed->event.flags & kSdRepaired);
    EXPECT_EQ(parsed->event.layout, CommonLayout::rfc5424);
  }
}

TEST(Rfc5424, LeavesBrokenStructuredDataInTheMessage) {
  for (std::string_view rest :
       {"[x a] m", "[x a=\"b] m", "[x a=\"b\" m", "[x =\"b\"] m", "[x", "[", "text", "--", "[x a=\"b\"c m"}) {
    const auto parsed = parse("<34>1 - h a - - " + std::string(rest));
    SCOPED_TRACE(rest);
    EXPECT_EQ(parsed->event.structured_data, "");
    EXPECT_EQ(parsed->event.message, rest);
    EXPECT_TRUE(parsed->event.flags & kSdBroken);
  }
}

TEST(Rfc5424, FlagsARepeatedSdIdAmongFewAndAmongMany) {
  EXPECT_TRUE(parse("<34>1 - h a - - [x a=\"1\"][y][x b=\"2\"] m")->event.flags & kSdIdRepeated);
  EXPECT_FALSE(parse("<34>1 - h a - - [x][y][z] m")->event.flags & kSdIdRepeated);
  for (const bool repeated : {false, true}) {
    std::string frame = "<34>1 - h a - - ";
    for (int i = 0; i < 40; ++i) frame += "[id" + std::to_string(repeated && i == 39 ? 20 : i) + "]";
    EXPECT_EQ((parse(frame)->event.flags & kSdIdRepeated) != 0, repeated);
  }
}

TEST(Rfc5424, ReadsAHeaderThatEndsEarly) {
  expect_5424("<13>1 2026-01-02T03:04:05Z web-1 sshd",
              {.time = "2026-01-02T03:04:05.000000000Z", .hostname = "web-1", .app_name = "sshd"});
  expect_5424("<13>1 ", {});
}

TEST(Rfc5424, SkipsWhiteSpaceBeforeThePri) {
  expect_5424("\n  <13>1 - web-1 a - - - m\n   ", {.hostname = "web-1", .app_name = "a", .message = "m"});
}

TEST(Rfc5424, GivesOtherFramesBackWholeAndSaysWhy) {
  const std::pair<std::string_view, ParseProblem> cases[] = {
      {"", ParseProblem::empty},
      {"\r\n", ParseProblem::empty},
      {"text", ParseProblem::no_pri},
      {"<192>1 - - - - - - m", ParseProblem::bad_pri},
      {"<1920>1 - - - - - - m", ParseProblem::bad_pri},
      {"<>1 - - - - - - m", ParseProblem::bad_pri},
      {"<34", ParseProblem::bad_pri},
      {"<34>", ParseProblem::bad_version},
      {"<34>0 - - - - - - m", ParseProblem::bad_version},
      {"<34>01 - - - - - - m", ParseProblem::bad_version},
      {"<34>1000 - - - - - - m", ParseProblem::bad_version},
      {"<34>Oct 11 22:14:15 h a: m", ParseProblem::bad_version},
      {"<34>1 2026-02-29T03:04:05Z h a - - - m", ParseProblem::bad_time},
      {"<34>1 2026-01-02T24:04:05Z h a - - - m", ParseProblem::bad_time},
      {"<34>1 now h a - - - m", ParseProblem::bad_time},
  };
  for (const auto& [frame, problem] : cases) {
    SCOPED_TRACE(frame);
    const auto parsed = parse(frame);
    EXPECT_EQ(parsed->problem, problem);
    EXPECT_TRUE(parsed->event.flags & kUnparsed);
    EXPECT_EQ(parsed->event.format, Format::raw);
    EXPECT_EQ(parsed->event.facility * 8 + parsed->event.severity, 13);
    if (problem != ParseProblem::empty) {
      EXPECT_EQ(parsed->event.message, frame);
    }
  }
}

TEST(Rfc5424, TakesATimeWithoutOffsetInTheListenersZone) {
  const auto zone = TimeZone::load("Europe/Berlin");
  if (!zone) GTEST_SKIP() << zone.error().message;
  ParserOptions options;
  options.format = FormatChoice::rfc5424;
  options.zone = &*zone;
  const auto parsed = parse_with(options, "<34>1 2026-07-02T03:04:05 h a - - - m");
  EXPECT_EQ(time_text(parsed->event), "2026-07-02T01:04:05.000000000Z");
  EXPECT_TRUE(parsed->event.flags & kZoneAssumed);
  EXPECT_EQ(parsed->event.layout, CommonLayout::rfc5424);
}

}  // namespace
}  // namespace sluice
