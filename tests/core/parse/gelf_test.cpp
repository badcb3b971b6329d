#include <gtest/gtest.h>

#include "tests/support/parsed_event.h"
#include "tests/support/rebuild_frame.h"

namespace sluice {
namespace {

std::unique_ptr<ParsedFrame> gelf(std::string_view frame) {
  auto parsed = parse_as(FormatChoice::gelf, frame);
  EXPECT_EQ(complaint_about_spans(parsed->event), "") << frame;
  return parsed;
}

TEST(Gelf, ReadsADocument) {
  const std::string_view frame =
      R"({"version":"1.1","host":"web-1","short_message":"it broke","full_message":"it broke\nhere",)"
      R"("timestamp":1767323045.25,"level":3,"_user_id":9001})";
  expect_event(FormatChoice::gelf, frame,
               {.severity = 3, .time = "2026-01-02T03:04:05.250000000Z", .hostname = "web-1", .message = "it broke"});
  const auto parsed = gelf(frame);
  EXPECT_EQ(parsed->event.format, Format::gelf);
  EXPECT_EQ(parsed->event.flags, kExtraFields);
}

TEST(Gelf, ReadsTheTimeExactly) {
  for (const auto& [text, time] : std::vector<std::pair<std::string, std::string>>{
           {"1767323045", "2026-01-02T03:04:05.000000000Z"},
           {"1767323045.3", "2026-01-02T03:04:05.300000000Z"},
           {"1767323045.307200001", "2026-01-02T03:04:05.307200001Z"},
           {"337647600.012", "1980-09-12T23:00:00.012000000Z"},
           {"\"1767323045.5\"", "2026-01-02T03:04:05.500000000Z"},
       }) {
    const auto parsed = gelf("{\"short_message\":\"\",\"timestamp\":" + text + "}");
    EXPECT_EQ(time_text(parsed->event), time) << text;
  }
}

TEST(Gelf, AssumesThePeerAsHostAndSaysSo) {
  const auto parsed = gelf(R"({"short_message":"x"})");
  EXPECT_EQ(parsed->event.hostname, "192.0.2.7");
  EXPECT_EQ(parsed->event.flags, kHostnameAssumed | kTimeAssumed | kPriAbsent);
  EXPECT_EQ(parsed->event.severity, 5);
}

TEST(Gelf, RefusesADocumentWithoutAMessageAndKeepsItWhole) {
  for (const char* frame : {R"({"host":"h"})", R"({"host":"h","short_message":null})", R"({"short_message":{}})"}) {
    const auto parsed = gelf(frame);
    EXPECT_EQ(parsed->problem, ParseProblem::missing_message) << frame;
    EXPECT_EQ(parsed->event.message, frame);
    EXPECT_EQ(parsed->event.format, Format::raw);
    EXPECT_TRUE(parsed->event.flags & kUnparsed);
  }
}

TEST(Gelf, RefusesALevelThatIsNoNumber) {
  for (const char* level : {"\"high\"", "\"\"", "true", "1.5"}) {
    EXPECT_EQ(gelf("{\"short_message\":\"x\",\"level\":" + std::string(level) + "}")->problem, ParseProblem::bad_level);
  }
}

TEST(Gelf, TakesALevelAsTextAndPassesOverOneOutOfRange) {
  EXPECT_EQ(gelf(R"({"short_message":"x","level":"4"})")->event.severity, 4);
  EXPECT_EQ(gelf(R"({"short_message":"x","level":null})")->event.flags & kPriAbsent, kPriAbsent);
  for (const char* level : {"8", "-1", "123456789012345678901234567890"}) {
    const auto parsed = gelf("{\"short_message\":\"x\",\"level\":" + std::string(level) + "}");
    EXPECT_EQ(parsed->problem, ParseProblem::none) << level;
    EXPECT_EQ(parsed->event.severity, 5);
    EXPECT_TRUE(parsed->event.flags & kPriInvalid);
  }
}

TEST(Gelf, TellsOfAFieldNameThatIsNotAllowedAndReadsTheDocument) {
  for (const char* key : {"user", "_bad key", "_per%cent", "bad-key", "\\u005fb\\u00e9"}) {
    const auto parsed = gelf("{\"host\":\"h\",\"short_message\":\"x\",\"" + std::string(key) + "\":1}");
    EXPECT_EQ(parsed->problem, ParseProblem::bad_field_name) << key;
    EXPECT_EQ(parsed->event.message, "x");
    EXPECT_EQ(parsed->event.hostname, "h");
  }
  for (const char* key : {"_a", "_", "_A.b-c_9", "facility", "line", "file", "full_message", "\\u005fa"}) {
    const auto parsed = gelf("{\"host\":\"h\",\"short_message\":\"x\",\"" + std::string(key) + "\":1}");
    EXPECT_EQ(parsed->problem, ParseProblem::none) << key;
    EXPECT_EQ(parsed->event.flags, kExtraFields | kTimeAssumed | kPriAbsent) << key;
  }
}

TEST(Gelf, RefusesWhatIsNoJsonObject) {
  EXPECT_EQ(gelf("{")->problem, ParseProblem::not_json);
  EXPECT_EQ(gelf("[]")->problem, ParseProblem::not_an_object);
  EXPECT_EQ(gelf("")->problem, ParseProblem::empty);
  EXPECT_EQ(gelf(R"({"short_message":"x","version":"\q"})")->problem, ParseProblem::not_json);
}

TEST(Gelf, KeepsTheVersionAsTextOfTheLayout) {
  const auto parsed = gelf(R"({"version":"1.1","short_message":"x"})");
  EXPECT_EQ(parsed->event.span_count, 1u);
  EXPECT_EQ(parsed->event.spans[0].piece, Piece::message);
  EXPECT_FALSE(parsed->event.flags & kExtraFields);
}

TEST(Gelf, EndsADocumentAtItsNul) { EXPECT_EQ(gelf({"{\"short_message\":\"x\"}\0", 22})->event.message, "x"); }

}  // namespace
}  // namespace sluice
