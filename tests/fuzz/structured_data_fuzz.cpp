// Structured data: what measure() accepts, parse() reads to its end, and look-ups find what was read.
#include <string>

#include "core/parse/structured_data.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

const char* const kExamples[] = {
    "[x@1 ip=\"192.0.2.1\" n=\"\\\"\"][y]",
    "[ a x=1  y=\"]\" z=\"\\n\" ][][a x=\"2\"]",
    "[a][b][c][d][e][f][g][h][i][j][a b=\"c\"]",
    nullptr,
};

void check(std::string_view text) {
  static SdMeasurer measurer;
  static StructuredData data;
  const std::string whole = "[" + std::string(text);
  const SdMeasure measure = measurer.measure(whole);
  const std::string_view accepted = std::string_view(whole).substr(0, measure.length);
  fuzz_check(data.parse(measure.broken ? std::string_view{} : accepted), "what was measured is read");
  size_t params = 0;
  for (const auto& element : data.elements()) {
    params += data.params(element).size();
    for (const auto& param : data.params(element)) {
      fuzz_check(data.find(element.id, param.name).has_value(), "what was read is found");
      fuzz_check(param.value.size() <= whole.size(), "undoing escapes only shortens");
    }
  }
  fuzz_check(params <= whole.size(), "there are fewer parameters than octets");
  data.parse(whole);
}

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() { return sluice::kExamples; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
