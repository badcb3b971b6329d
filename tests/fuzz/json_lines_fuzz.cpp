// JSON lines: any bytes give an event whose pieces make the frame again; what is taken as JSON is JSON.

#include <simdjson.h>

#include <string>

#include "core/parse/extra_fields.h"
#include "core/parse/parser.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/rebuild_frame.h"

extern "C" const char* const* fuzz_examples() {
  static const char* const kExamples[] = {
      R"({"timestamp":"2026-11-23T10:15:30.123Z","level":"warn","host":"web-1","pid":42,"msg":"a \"b\" \u00e9\ud83d\ude00"})",
      R"({ "time" : 1385053862.3072 , "hostname":"h","host":null,"a":[1,-2.5e+3,{"b":[true,false,null]}],"message":"" })",
      R"({"level":3,"level":4,"x":{"y":{"z":"w"}},"text":"t","facility":"local0"})"
      "\r\n",
      R"([1,{"a":"b"},"c"])",
      "\"text\"",
      R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1,"r":1,)"
      R"("s":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32],"msg":"late"})",
      nullptr,
  };
  return kExamples;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  static const std::unique_ptr<Parser> parser = make_parser({.format = FormatChoice::json});
  static ExtraFieldReader extra_fields;
  static Event event;
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  const ParseProblem problem = parser->parse(frame, {.received = 1'700'000'000 * kSecond, .peer = "peer"}, event);
  fuzz_check(complaint_about_spans(event).empty(), "the spans keep their promises");
  fuzz_check(rebuild_frame(event) == frame, "the frame can be made again");
  fuzz_check((problem == ParseProblem::none) == (event.format == Format::json), "what is no JSON is raw");
  if (problem == ParseProblem::none) {
    // Another reader must agree. It refuses numbers beyond a double, and surrogates without a partner.
    simdjson::dom::parser strict;
    const auto error = strict.parse(frame.data(), frame.find_last_not_of(std::string_view("\0\r\n ", 4)) + 1).error();
    fuzz_check(!error || error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR, "it is JSON");
  }
  size_t extras = 0;
  const bool visited = extra_fields.visit(frame, event.format, event.flags, [&](auto, auto json) {
    ++extras;
    fuzz_check(!json.empty(), "an extra field has a value");
  });
  fuzz_check(visited == (problem == ParseProblem::none), "extra fields are read where JSON was");
  const bool any = event.flags & kExtraFields;
  fuzz_check(problem != ParseProblem::none || any == (extras > 0), "kExtraFields tells whether there are any");
  return 0;
}
