// GELF documents: any bytes give an event whose pieces make the frame again.

#include "core/parse/extra_fields.h"
#include "core/parse/parser.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/rebuild_frame.h"

extern "C" const char* const* fuzz_examples() {
  static const char* const kExamples[] = {
      R"({"version":"1.1","host":"web-1","short_message":"boo","full_message":"a\nb","timestamp":1385053862.3072,"level":1,"_id":9})",
      R"({"short_message":"a\/b","_a.b-c":null,"_nested":{"x":[]},"level":"4","facility":"f","line":3,"file":"/x"})",
      R"({"host":"h","short_message":7,"bad key":1,"level":null})",
      nullptr,
  };
  return kExamples;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  static const std::unique_ptr<Parser> parser = make_parser({.format = FormatChoice::gelf});
  static ExtraFieldReader extra_fields;
  static Event event;
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  const ParseProblem problem = parser->parse(frame, {.received = 1'700'000'000 * kSecond, .peer = "peer"}, event);
  fuzz_check(complaint_about_spans(event).empty(), "the spans keep their promises");
  fuzz_check(rebuild_frame(event) == frame, "the frame can be made again");
  const bool parsed = problem == ParseProblem::none || problem == ParseProblem::bad_field_name;
  fuzz_check(parsed == (event.format == Format::gelf), "what is no GELF is raw");
  fuzz_check(!parsed || !event.hostname.empty(), "there is a hostname, at worst the peer's");
  const bool visited = extra_fields.visit(frame, event.format, event.flags, [](auto, auto) {});
  fuzz_check(visited == parsed, "extra fields are read where GELF was");
  return 0;
}
