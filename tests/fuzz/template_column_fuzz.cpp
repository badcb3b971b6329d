// A block's template columns: any texts come back byte for byte, and of any bytes nothing comes but a refusal or as many
// texts as were asked for.
#include <algorithm>
#include <string>
#include <vector>

#include "core/record/template_column.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

const char* const kExamples[] = {
    "\x01session 4711 of u17 from 10.0.0.5: id 7f3a9b2c\nsession 4712 of u18 from 10.0.0.6: id 00FFab1c0x1f\n\nx86y64",
    "\x02took 100 of 5\ntook 101 of 6\ntook 102 of 7\ntook 103 of 8\ntook 104 of 1f\ntook 105 of a1b2c3",
    "\x03\x04\x40\x01\x09\x12",
    nullptr,
};

void check_round_trip(std::string_view rest, Compressor& compressor) {
  const std::string source = std::string(rest) + std::string(kTextSlack, 'x');
  static TemplateColumnWriter writer;
  static IntegerScratch scratch;
  static TemplateColumnReader reader;
  std::vector<std::string_view> texts;
  for (size_t at = 0; at <= rest.size();) {
    const size_t end = std::min(rest.find('\n', at), rest.size());
    texts.emplace_back(source.data() + at, end - at);
    at = end + 1;
  }
  writer.begin(texts.size());
  for (const std::string_view text : texts) {
    if (!writer.add(text)) return;
  }
  Buffer out;
  writer.finish(compressor, scratch, out);
  std::string read;
  std::vector<uint32_t> begins;
  fuzz_check(reader.read({out.view(), texts.size(), writer.text_bytes()}, read, begins), "what was written is read");
  fuzz_check(read.substr(0, begins.back()) == std::string(rest) + "\n", "each text comes back");
  // A template whose length is even is wanted.
  fuzz_check(reader.read_wanted(
                 {out.view(), texts.size(), writer.text_bytes()},
                 [](std::string_view text) { return text.size() % 2 == 0; }, read, begins),
             "what is wanted is read");
  for (size_t row = 0; row < texts.size(); ++row) {
    const std::string_view text = std::string_view(read).substr(begins[row], begins[row + 1] - begins[row] - 1);
    fuzz_check(text.empty() || text == texts[row], "a wanted text comes back, another is empty");
  }
}

void check_any_bytes(FuzzInput input) {
  const size_t rows = input.byte();
  const size_t bytes = 16 * size_t{input.byte()} + input.byte();
  static TemplateColumnReader reader;
  std::string read;
  std::vector<uint32_t> begins;
  if (!reader.read({input.rest(), rows, bytes}, read, begins)) return;
  fuzz_check(begins.size() == rows + 1 && begins.back() == bytes && read.size() >= bytes, "as much as was asked for");
}

void check(FuzzInput input) {
  static Compressor hurried(1), unhurried(5);
  switch (input.byte() % 3) {
    case 0:
      return check_any_bytes(input);
    case 1:
      return check_round_trip(input.rest(), hurried);
    default:
      return check_round_trip(input.rest(), unhurried);
  }
}

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() { return sluice::kExamples; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check(sluice::FuzzInput(data, size));
  return 0;
}
