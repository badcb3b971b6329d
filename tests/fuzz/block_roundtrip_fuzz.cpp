// Lines of any bytes through parser, open block, encoder, reader and a merge: the frames come back byte for byte.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/parse/parser.h"
#include "core/parse/time_zone.h"
#include "core/record/block.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

const char* const kExamples[] = {
    "\x01<34>1 2026-01-02T03:04:05.006Z web-1 sshd 4711 LOGIN [x@1 ip=\"192.0.2.1\"][y] root login failed\n"
    "<34>1 2026-01-02T03:04:05.007Z web-1 sshd 4711 LOGIN - root login failed\n<34>1 - - - - - -",
    "\x02<34>Oct 11 22:14:15 web-1 su[42]: failed for root\n<34>Oct 11 22:14:15 web-1 su: failed\n",
    "\x03{\"timestamp\":\"2026-01-02T03:04:05Z\",\"host\":\"h\",\"level\":\"info\",\"n\":[1,2.5],\"message\":\"a\\nb\"}"
    "\n"
    "{\"msg\":\"\\u00e9\",\"host\":\"h\\u00e9\"}",
    "\x04{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"s\",\"_x\":\"y\"}",
    "\x05plain\nlines\n\n",
    nullptr,
};

Parser& parser_for(uint8_t choice) {
  static const TimeZone zone = TimeZone::utc();
  static const std::array<std::unique_ptr<Parser>, 6> parsers = [] {
    std::array<std::unique_ptr<Parser>, 6> made;
    for (size_t i = 0; i < made.size(); ++i) {
      made[i] = make_parser({.format = static_cast<FormatChoice>(i), .zone = &zone});
    }
    return made;
  }();
  return *parsers[choice % parsers.size()];
}

BlockReader sealed(const OpenBlock& block) {
  static BlockEncoder encoder;
  EncodedBlock encoded;
  encoder.encode(block, encoded);
  BlockReader reader;
  fuzz_check(reader.open(encoded.bytes).has_value() && reader.load_all().has_value(), "a block that was written loads");
  fuzz_check(reader.summary() == encoded.summary, "its summary is in its header");
  return reader;
}

void check(FuzzInput input) {
  InternerOptions options;
  const uint8_t choice = input.byte();
  if (choice & 0x80) options.max_strings = 1;  // most texts are kept inline
  Interner interner(options);
  InternCache cache(interner, 64);
  OpenBlock block(cache, interner);
  const InternId listener = interner.intern("l");
  block.begin_batch(listener, 1'795'428'930 * kSecond);

  std::vector<std::string_view> frames;
  Event event;
  std::string_view rest = input.rest();
  do {
    const std::string_view frame = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), frame.size() + 1));
    parser_for(choice & 0x7f).parse(frame, {.received = 1'795'428'930 * kSecond, .peer = "192.0.2.7"}, event);
    block.add(event, frames.size(), listener);
    frames.push_back(frame);
  } while (!rest.empty());

  const BlockReader reader = sealed(block);
  OpenBlock merged(cache, interner);
  for (uint32_t row = 0; row < frames.size(); ++row) merged.add(reader.record(row));
  fuzz_check(merged.raw_bytes() == block.raw_bytes(), "a merge keeps the sum of the frames");
  const BlockReader again = sealed(merged);
  fuzz_check(reader.rows() == frames.size() && again.rows() == frames.size(), "every frame is there");
  std::string raw;
  for (uint32_t row = 0; row < frames.size(); ++row) {
    for (const BlockReader* read : {&reader, &again}) {
      raw.clear();
      append_raw(read->record(row), raw);
      fuzz_check(raw == frames[row], "the frame comes back byte for byte");
      append_message(read->record(row), raw);
    }
  }
}

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() { return sluice::kExamples; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check(sluice::FuzzInput(data, size));
  return 0;
}
