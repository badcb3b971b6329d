#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/parse/json_string.h"
#include "core/parse/parser.h"
#include "tests/support/parsed_event.h"
#include "tests/support/rebuild_frame.h"

namespace sluice {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::unique_ptr<ParsedFrame> json(std::string_view frame) {
  auto parsed = parse_as(FormatChoice::json, frame);
  EXPECT_EQ(complaint_about_spans(parsed->event), "") << frame;
  return parsed;
}

ParseProblem problem_of(std::string_view frame) {
  const auto parsed = json(frame);
  EXPECT_EQ(parsed->problem == ParseProblem::none, !(parsed->event.flags & kUnparsed)) << frame;
  EXPECT_EQ(parsed->event.format, parsed->problem == ParseProblem::none ? Format::json : Format::raw) << frame;
  return parsed->problem;
}

// The frame with each piece as {name}: what is left is what all lines of its kind share.
std::string layout_of(const Event& event) {
  static constexpr const char* kNames[] = {"end",     "pri",    "time", "host",    "app",
                                           "proc_id", "msg_id", "sd",   "message", "*"};
  std::string out;
  size_t at = 0;
  for (uint32_t i = 0; i < event.span_count; ++i) {
    const Span& span = event.spans[i];
    out.append(event.frame.substr(at, span.offset - at));
    out.append("{").append(kNames[static_cast<size_t>(span.piece)]).append("}");
    at = span.offset + span.length;
  }
  return out.append(event.frame.substr(at));
}

TEST(JsonLines, ReadsTheWellKnownFields) {
  expect_event(FormatChoice::json,
               R"({"timestamp":"2026-01-02T03:04:05.006Z","host":"web-1","app":"shop","pid":42,"msg_id":"LOGIN",)"
               R"("level":"error","facility":"local3","message":"it broke"})",
               {.facility = 19,
                .severity = 3,
                .time = "2026-01-02T03:04:05.006000000Z",
                .hostname = "web-1",
                .app_name = "shop",
                .proc_id = "42",
                .msg_id = "LOGIN",
                .message = "it broke"});
}

TEST(JsonLines, LeavesWhatIsAbsentAsAbsentAndSaysSo) {
  const auto parsed = json(R"({"msg":"x"})");
  EXPECT_EQ(parsed->event.flags, kTimeAssumed | kPriAbsent);
  EXPECT_EQ(parsed->event.time, kReceived);
  EXPECT_EQ(parsed->event.hostname, "");
  EXPECT_EQ(parsed->event.severity, 5);
  EXPECT_EQ(parsed->event.facility, 1);
}

TEST(JsonLines, TakesTheFirstNameOfTheListWhateverTheOrderInTheLine) {
  for (const char* frame : {R"({"hostname":"second","host":"first","msg":"m","message":"n"})",
                            R"({"message":"n","host":"first","hostname":"second","msg":"m"})"}) {
    const auto parsed = json(frame);
    EXPECT_EQ(parsed->event.hostname, "first");
    EXPECT_EQ(parsed->event.message, "n");
    EXPECT_TRUE(parsed->event.flags & kExtraFields);  // the names that did not count
    EXPECT_FALSE(parsed->event.flags & kDuplicateKeys);
  }
}

TEST(JsonLines, TakesTheLastOfTheSameKey) {
  const auto parsed = json(R"({"msg":"one","host":"a","msg":"two","host":"b","host":"c"})");
  EXPECT_EQ(parsed->event.message, "two");
  EXPECT_EQ(parsed->event.hostname, "c");
  EXPECT_TRUE(parsed->event.flags & kDuplicateKeys);
  EXPECT_EQ(layout_of(parsed->event), R"({"msg":"{*}","host":"{*}","msg":"{message}","host":"{*}","host":"{host}"})");
}

TEST(JsonLines, PassesOverNullAndNestedValuesOfWellKnownNames) {
  const auto parsed = json(R"({"host":null,"hostname":"h","app":{"name":"a"},"log":["x"],"text":"t"})");
  EXPECT_EQ(parsed->event.hostname, "h");
  EXPECT_EQ(parsed->event.app_name, "");
  EXPECT_EQ(parsed->event.message, "t");
  EXPECT_TRUE(parsed->event.flags & kExtraFields);
}

TEST(JsonLines, TakesNumbersAndWordsAsText) {
  const auto parsed = json(R"({"host":7,"pid":-1.5e3,"message":true})");
  EXPECT_EQ(parsed->event.hostname, "7");
  EXPECT_EQ(parsed->event.proc_id, "-1.5e3");
  EXPECT_EQ(parsed->event.message, "true");
}

TEST(JsonLines, KeepsTheTextOfNumbersOfAnySize) {
  const std::string digits(400, '9');
  const auto parsed = json("{\"message\":" + digits + ",\"x\":1e99999}");
  EXPECT_EQ(parsed->event.message, digits);
}

TEST(JsonLines, ReadsSeveritiesByNameInAnyCaseAndByNumber) {
  const std::vector<std::pair<std::string, int>> levels = {
      {"\"emerg\"", 0},     {"\"PANIC\"", 0}, {"\"Alert\"", 1}, {"\"critical\"", 2}, {"\"FATAL\"", 2},
      {"\"err\"", 3},       {"\"Error\"", 3}, {"\"WARN\"", 4},  {"\"warning\"", 4},  {"\"notice\"", 5},
      {"\"info\"", 6},      {"\"I\"", 6},     {"\"debug\"", 7}, {"\"trace\"", 7},    {"\"informational\"", 6},
      {"\"emergency\"", 0}, {"0", 0},         {"7", 7},         {"\"4\"", 4},        {"\"\\u0057arn\"", 4},
  };
  for (const auto& [level, severity] : levels) {
    const auto parsed = json("{\"level\":" + level + ",\"msg\":\"\"}");
    EXPECT_EQ(parsed->event.severity, severity) << level;
    EXPECT_EQ(parsed->event.flags, kTimeAssumed) << level;
  }
}

TEST(JsonLines, SaysWhenASeverityCanNotBeUnderstood) {
  for (const char* level : {"\"loud\"", "8", "-1", "1.5", "true", "\"\"", "\"emergencyx\"", "\"informationx\""}) {
    const auto parsed = json("{\"level\":"s + level + ",\"msg\":\"\"}");
    EXPECT_EQ(parsed->event.severity, 5) << level;
    EXPECT_EQ(parsed->event.flags, kTimeAssumed | kPriInvalid | kExtraFields) << level;
  }
}

TEST(JsonLines, ReadsTimesOfManyForms) {
  const std::vector<std::pair<std::string, std::string>> times = {
      {R"("2026-01-02T03:04:05Z")", "2026-01-02T03:04:05.000000000Z"},
      {R"("2026-01-02T03:04:05.123456789+01:00")", "2026-01-02T02:04:05.123456789Z"},
      {R"("2026-01-02 03:04:05,5")", "2026-01-02T03:04:05.500000000Z"},
      {"1767323045", "2026-01-02T03:04:05.000000000Z"},
      {"1767323045.000000001", "2026-01-02T03:04:05.000000001Z"},
      {"1767323045678", "2026-01-02T03:04:05.678000000Z"},
      {"1767323045678901", "2026-01-02T03:04:05.678901000Z"},
      {"1767323045678901234", "2026-01-02T03:04:05.678901234Z"},
      {R"("2026\u002d01-02T03:04:05Z")", "2026-01-02T03:04:05.000000000Z"},
  };
  for (const auto& [text, time] : times) {
    EXPECT_EQ(time_text(json("{\"ts\":" + text + ",\"msg\":\"\"}")->event), time) << text;
  }
}

TEST(JsonLines, TakesTheTimeOfReceiptWhenTheTimeCanNotBeRead) {
  for (const char* time : {"\"soon\"", "\"\"", "true", "1e400"}) {
    const auto parsed = json("{\"time\":"s + time + ",\"msg\":\"\"}");
    EXPECT_EQ(parsed->event.time, kReceived) << time;
    EXPECT_EQ(parsed->event.flags, kTimeAssumed | kPriAbsent | kExtraFields) << time;
  }
}

TEST(JsonLines, UndoesEscapesInEveryField) {
  const auto parsed =
      json(R"({"h\u006fst":"w\u00e9b","app":"a\/b","pid":"\t","message":"\"q\"\\ \ud83d\ude00 \u20ac\b\f\n\r"})");
  EXPECT_EQ(parsed->event.hostname, "w\u00e9b");
  EXPECT_EQ(parsed->event.app_name, "a/b");
  EXPECT_EQ(parsed->event.proc_id, "\t");
  EXPECT_EQ(parsed->event.message, "\"q\"\\ \U0001f600 \u20ac\b\f\n\r");
  EXPECT_TRUE(parsed->event.flags & kMessageEscaped);
  EXPECT_EQ(layout_of(parsed->event), R"({"h\u006fst":"{*}","app":"{*}","pid":"{*}","message":"{message}"})");
}

TEST(JsonLines, MakesTheReplacementCharacterOfALoneSurrogate) {
  EXPECT_EQ(json(R"({"message":"a\ud800b\udc00\ud83d\u0041"})")->event.message, "a\ufffdb\ufffd\ufffdA");
}

TEST(JsonLines, MakesEveryScalarAPieceSoThatLinesOfOneKindShareTheirLayout) {
  const auto parsed =
      json(R"({ "ts": "2026-01-02T03:04:05Z", "msg":"m", "a":1,"b":[true,{"c":"d"},null,[]], "e":"", "host":"h" } )"
           "\r\n");
  EXPECT_EQ(
      layout_of(parsed->event),
      R"({ "ts": "{time}", "msg":"{message}", "a":{*},"b":[{*},{"c":"{*}"},{*},[]], "e":"{*}", "host":"{host}" } )"
      "\r\n");
}

TEST(JsonLines, KeepsATimeThatCanNotBeRenderedAsAValue) {
  EXPECT_EQ(layout_of(json(R"({"ts":1767323045678901,"msg":"m"})")->event), R"({"ts":{*},"msg":"{message}"})");
}

TEST(JsonLines, TakesTheWholeObjectAsMessageWhenItHasNone) {
  const auto parsed = json("{\"host\":\"h\",\"status\":200}\r\n");
  EXPECT_EQ(parsed->event.message, R"({"host":"h","status":200})");
  EXPECT_EQ(parsed->event.hostname, "h");
  EXPECT_EQ(layout_of(parsed->event), "{message}\r\n");
}

TEST(JsonLines, PutsWhatIsBeyondTheLastSpanIntoThatSpan) {
  for (size_t values : {46u, 47u, 48u, 49u, 200u}) {
    std::string frame = "{";
    for (size_t i = 0; i < values; ++i) frame += "\"k\":" + std::to_string(i) + ",";
    frame += R"("message":"a\tb","host":"h"})";
    const auto parsed = json(frame);  // checks that it can be made again
    EXPECT_EQ(parsed->event.message, "a\tb");
    EXPECT_EQ(parsed->event.hostname, "h");
    EXPECT_EQ(parsed->event.span_count, kMaxSpans);
    // Only a message that is a piece of its own is stored with its escapes.
    EXPECT_EQ(!!(parsed->event.flags & kMessageEscaped), values < 47) << values;
  }
}

TEST(JsonLines, RefusesWhatIsNotJson) {
  for (const std::string_view bad : {"{",
                                     "}",
                                     "{]",
                                     "{\"a\"}",
                                     "{\"a\":}",
                                     "{\"a\":1,}",
                                     "{,}",
                                     "{\"a\":1 \"b\":2}",
                                     "{\"a\":1}}",
                                     "{\"a\":1}x",
                                     "{\"a\":1}{}",
                                     "{\"a\":01}",
                                     "{\"a\":1.}",
                                     "{\"a\":.5}",
                                     "{\"a\":+1}",
                                     "{\"a\":-}",
                                     "{\"a\":1e}",
                                     "{\"a\":0x1}",
                                     "{\"a\":NaN}",
                                     "{\"a\":tru}",
                                     "{\"a\":truex}",
                                     "{\"a\":nul}",
                                     "{\"a\":True}",
                                     "{\"a\":[1,]}",
                                     "{\"a\":[,1]}",
                                     "{\"a\":[1}",
                                     "{\"a\":{]}",
                                     "{\"a\":\"\\x\"}",
                                     "{\"a\":\"\\u12g4\"}",
                                     "{\"a\":\"\\\"}",
                                     "{\"a\":\"\t\"}",
                                     "{\"\\x\":1}",
                                     "{\"a\":{\"\\x\":1}}",
                                     "{a:1}",
                                     "{'a':1}",
                                     "{1:1}",
                                     "{\"a\":\"b\":1}",
                                     "{\"x\":{\"a\":\"b\":1}}}",
                                     "{\"x\":[\"a\":1]}",
                                     "{\"a\":1:2}",
                                     "{\"a\"::1}",
                                     "{\"a\":\"\xff\"}",
                                     "{\"a\":\"b\"c}",
                                     "{\"a\":1/**/}",
                                     "plain text",
                                     "<34>1 - - - - - -",
                                     "\xef\xbb\xbf{}",
                                     "{\"message\":\"\\x\"}",
                                     "{\"version\":\"\\x\"}"}) {
    EXPECT_EQ(problem_of(bad), ParseProblem::not_json) << bad;
  }
}

TEST(JsonLines, TellsJsonOfAnotherKindFromNoJson) {
  for (const char* other : {"[]", "[1,{\"a\":[]}]", "\"text\"", "1", "-1.5", "true", "null", " [ ] \r\n"}) {
    EXPECT_EQ(problem_of(other), ParseProblem::not_an_object) << other;
  }
  for (const char* none : {"[1", "[1]]", "\"a", "tru", "1 2", "\"a\" \"b\"", "[\"\\x\"]", "\"\\x\""}) {
    EXPECT_EQ(problem_of(none), ParseProblem::not_json) << none;
  }
}

TEST(JsonLines, KeepsAFrameThatItRefusesAsAWhole) {
  const auto parsed = json("{\"level\":\"err\", oops\r\n");
  EXPECT_EQ(parsed->event.message, "{\"level\":\"err\", oops");
  EXPECT_EQ(parsed->event.severity, 5);
  EXPECT_EQ(parsed->event.flags, kUnparsed | kTimeAssumed | kPriAbsent);
}

TEST(JsonLines, RefusesAnEmptyFrame) {
  for (const std::string_view frame : {""sv, "\r\n"sv, "\0"sv}) EXPECT_EQ(problem_of(frame), ParseProblem::empty);
}

TEST(JsonLines, BoundsTheDepth) {
  const auto nested = [](size_t levels, char open, char close, const std::string& key) {
    std::string text = "{\"a\":";
    for (size_t i = 0; i < levels; ++i) text += open + key;
    text += "1";
    return text + std::string(levels, close) + "}";
  };
  EXPECT_EQ(problem_of(nested(127, '[', ']', "")), ParseProblem::none);
  EXPECT_EQ(problem_of(nested(128, '[', ']', "")), ParseProblem::too_deep);
  EXPECT_EQ(problem_of(nested(127, '{', '}', "\"b\":")), ParseProblem::none);
  EXPECT_EQ(problem_of(nested(128, '{', '}', "\"b\":")), ParseProblem::too_deep);
  EXPECT_EQ(problem_of(nested(100'000, '[', ']', "")), ParseProblem::too_deep);
  EXPECT_EQ(problem_of(std::string(100'000, '[')), ParseProblem::not_json);
  EXPECT_NE(problem_of("{\"a\":" + std::string(100'000, '[')), ParseProblem::none);
}

TEST(JsonLines, ReadsLinesOfChangingSizeAndShapeWithOneParser) {
  const auto parser = make_parser({.format = FormatChoice::json});
  Event event;
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string message(random() % 20'000 >> random() % 14, 'x');
    const std::string key(random() % 40, 'k');
    const std::string frame = "{\"" + key + "\":1,\"host\":\"h" + std::to_string(i) + "\",\"msg\":\"" + message + "\"}";
    ASSERT_EQ(parser->parse(frame, {.received = 1}, event), ParseProblem::none);
    ASSERT_EQ(event.message, message);
    ASSERT_EQ(event.hostname, "h" + std::to_string(i));
    ASSERT_EQ(rebuild_frame(event), frame);
  }
}

TEST(JsonLines, ReadsNothingBeyondTheFrame) {
  const std::string text = R"({"msg":"x"})";
  for (size_t size = 0; size <= text.size(); ++size) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<ptrdiff_t>(size));  // for AddressSanitizer
    EXPECT_EQ(problem_of({exact.data(), exact.size()}) == ParseProblem::none, size == text.size());
  }
}

TEST(JsonLines, TakesConfiguredNames) {
  ParserOptions options{.format = FormatChoice::json};
  options.json_fields.message = {"what"};
  options.json_fields.hostname = {"where", "what"};  // a key feeds the field whose list comes first
  const auto parsed = parse_with(options, R"({"what":"w","host":"h","where":"x"})");
  EXPECT_EQ(parsed->event.hostname, "x");
  EXPECT_EQ(parsed->event.message, parsed->frame);
}

TEST(JsonString, UndoesEscapesAndTellsWhatIsNone) {
  for (const auto& [inside, text, valid] : std::vector<std::tuple<std::string, std::string, bool>>{
           {"", "", true},
           {R"(a\n\u0041\/)", "a\nA/", true},
           {R"(a\qb)", R"(a\qb)", false},
           {R"(\u12)", R"(\u12)", false},
           {R"(a\)", R"(a\)", false},
           {R"(\\n)", R"(\n)", true},
       }) {
    std::string out;
    EXPECT_EQ(append_unescaped(inside, out), valid) << inside;
    EXPECT_EQ(out, text);
    EXPECT_EQ(has_valid_escapes(inside), valid) << inside;
  }
}

}  // namespace
}  // namespace sluice
