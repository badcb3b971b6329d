#include "core/parse/extra_fields.h"

#include <gtest/gtest.h>

#include "tests/support/parsed_event.h"

namespace sluice {
namespace {

// key=value of each, with a stop behind it.
std::string extras_of(FormatChoice choice, std::string_view frame) {
  const auto parsed = parse_as(choice, frame);
  ExtraFieldReader reader;
  std::string out;
  const bool read = reader.visit(
      frame, parsed->event.format, parsed->event.flags,
      [&](std::string_view key, std::string_view json) { out.append(key).append("=").append(json).append(";"); });
  EXPECT_EQ(read, !(parsed->event.flags & kUnparsed));
  EXPECT_EQ(!out.empty(), !!(parsed->event.flags & kExtraFields)) << frame;
  return out;
}
std::string json(std::string_view frame) { return extras_of(FormatChoice::json, frame); }
std::string gelf(std::string_view frame) { return extras_of(FormatChoice::gelf, frame); }

TEST(ExtraFields, AreWhatFeedsNoField) {
  EXPECT_EQ(json(R"({"time":1767323045,"a":1,"host":"h","b":"x\"y","level":"info","msg":"m","c":null,"d":true})"),
            R"(a=1;b="x\"y";c=null;d=true;)");
  EXPECT_EQ(json(R"({"message":"m"})"), "");
}

TEST(ExtraFields, KeepTheirJsonAsItStandsInTheFrame) {
  EXPECT_EQ(json("{ \"a\" : { \"b\" : [ 1 , 2 ] } , \"c\": [ ] ,\"d\" :12345678901234567890.10 }\r\n"),
            "a={ \"b\" : [ 1 , 2 ] };c=[ ];d=12345678901234567890.10;");
}

TEST(ExtraFields, HaveTheirKeysUnescaped) { EXPECT_EQ(json(R"({"\u0061\"\n":1})"), "a\"\n=1;"); }

TEST(ExtraFields, AreAlsoTheNamesThatDidNotCount) {
  EXPECT_EQ(json(R"({"hostname":"b","host":"a","msg":"n","message":"m"})"), R"(hostname="b";msg="n";)");
  EXPECT_EQ(json(R"({"msg":"one","msg":"two","host":null})"), "");  // the same key twice: only the last one counts
  EXPECT_EQ(json(R"({"host":{"name":"a"},"msg":"m"})"), R"(host={"name":"a"};)");
}

TEST(ExtraFields, AreAlsoFieldsThatCouldNotBeUnderstood) {
  EXPECT_EQ(json(R"({"time":"soon","level":"loud","facility":"shop","msg":"m"})"),
            R"(time="soon";level="loud";facility="shop";)");
}

TEST(ExtraFields, OfGelfLoseTheirUnderscore) {
  EXPECT_EQ(gelf(R"({"version":"1.1","host":"h","short_message":"m","full_message":"f","_id":7,"__x":1,"line":3})"),
            R"(full_message="f";id=7;_x=1;line=3;)");
}

TEST(ExtraFields, AreNotReadFromOtherFormatsOrBrokenDocuments) {
  const auto never = [](std::string_view, std::string_view) { FAIL(); };
  EXPECT_FALSE(visit_extra_fields(R"({"a":1})", Format::rfc5424, {}, never));
  EXPECT_FALSE(visit_extra_fields(R"({"a":1,"b":})", Format::json, {}, never));
  EXPECT_FALSE(visit_extra_fields("", Format::json, {}, never));
}

}  // namespace
}  // namespace sluice
