#include "daemon/ctl/event_json.h"

#include <string>

#include "gtest/gtest.h"

namespace sluice {
namespace {

std::string members(const EventFields& fields) {
  std::string out;
  append_event_members(fields, out);
  return out;
}

std::string text_member(std::string_view text) {
  std::string out;
  append_text_member("k", text, out);
  return out;
}

std::string structured(std::string_view sd) {
  const std::string all = members({.structured_data = sd});
  const size_t from = all.find("\"structured_data\":") + 18;
  return all.substr(from, all.find(",\"message\"") - from);
}

TEST(EventJson, PrintsEveryKeyAndNullForWhatIsAbsent) {
  EXPECT_EQ(
      members({.facility = 4, .severity = 2, .flags = kTimeAssumed}),
      R"("facility":4,"severity":2,"version":null,"timestamp":null,"hostname":null,"app_name":null,"procid":null,)"
      R"("msgid":null,"structured_data":null,"message":null)");
  EXPECT_EQ(members({.facility = 4,
                     .severity = 2,
                     .version = 1,
                     .time = 1'795'428'930 * kSecond,
                     .hostname = "h",
                     .app_name = "a",
                     .proc_id = "p",
                     .msg_id = "i",
                     .message = "m"}),
            R"("facility":4,"severity":2,"version":1,"timestamp":"2026-11-23T10:15:30Z","hostname":"h","app_name":"a",)"
            R"("procid":"p","msgid":"i","structured_data":null,"message":"m")");
}

TEST(EventJson, PrintsAnAssumedTimeOnlyWhenAsked) {
  EXPECT_EQ(members({.flags = kTimeAssumed}).find("1970"), std::string::npos);
  EXPECT_NE(members({.flags = kTimeAssumed, .show_assumed_time = true}).find("\"1970-01-01T00:00:00Z\""),
            std::string::npos);
}

TEST(EventJson, PrintsAsManyFractionDigitsAsAreNeeded) {
  const auto text = [](Nanos time) {
    std::string out;
    append_rfc3339(time, out);
    return out;
  };
  EXPECT_EQ(text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text(120'000'000), "1970-01-01T00:00:00.12Z");
  EXPECT_EQ(text(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(text(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(EventJson, EscapesWhatJsonDemands) {
  EXPECT_EQ(text_member("a\"b\\c\n\t\x01/"), R"("k":"a\"b\\c\n\t\u0001/")");
  EXPECT_EQ(text_member(std::string_view("\0", 1)), R"("k":"\u0000")");
  EXPECT_EQ(text_member("gr\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"), "\"k\":\"gr\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

TEST(EventJson, PrintsTextThatIsNotUtf8TwoWays) {
  EXPECT_EQ(text_member("caf\xe9"), "\"k\":\"caf\xef\xbf\xbd\",\"k_b64\":\"Y2Fm6Q==\"");
  for (std::string_view bad : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                               "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3"}) {
    std::string out;
    EXPECT_FALSE(append_json_string(bad, out)) << out;
  }
}

TEST(EventJson, PrintsStructuredDataMergedAndUnescaped) {
  EXPECT_EQ(structured(R"([a x="1" y="\"q\""][b])"), R"({"a":{"x":"1","y":"\"q\""},"b":{}})");
  EXPECT_EQ(structured(R"([a x="1"][b][a y="2"])"), R"({"a":{"x":"1","y":"2"},"b":{}})");
  EXPECT_EQ(structured(R"([a x="1" y="2" x="3"])"), R"({"a":{"x":["1","3"],"y":"2"}})");
  EXPECT_EQ(structured("[]"), "null");
}

TEST(EventJson, PrintsTheOtherFieldsOfAJsonFrameOnOneLine) {
  const std::string frame = "{\"message\":\"m\",\"n\":[1,\n2],\"o\":{\"p\":\"q\"}}";
  const std::string out = members({.format = Format::json, .flags = kExtraFields, .message = "m", .frame = frame});
  EXPECT_NE(out.find(R"("structured_data":{"json":{"n":[1, 2],"o":{"p":"q"}}})"), std::string::npos) << out;
}

TEST(EventJson, UndoesTheEscapesOfAJsonMessage) {
  EXPECT_NE(members({.flags = kMessageEscaped, .message = R"(a\u0041\n)"}).find(R"("message":"aA\n")"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice
