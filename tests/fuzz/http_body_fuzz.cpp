// A body of random bytes: cut into any pieces and decoded into rooms of any size it gives the same text, the same error
// and the same lines, never more than the limit.

#include <string>
#include <vector>

#include "core/frame/body_decoder.h"
#include "core/frame/framer.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxBytes = 64 << 10;  // small enough for many inputs a second
constexpr uint32_t kMaxFrameBytes = 100;

struct Outcome {
  std::string text;
  BodyError error = BodyError::none;
  std::vector<std::string> lines;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::vector<std::string> lines_of(const std::string& text, size_t step) {
  Framer framer({.mode = FramingMode::newline, .max_frame_bytes = kMaxFrameBytes});
  std::vector<std::string> lines;
  std::vector<FrameRef> frames;
  std::string slot;
  const auto take = [&] {
    for (const FrameRef& frame : frames) lines.push_back(slot.substr(frame.offset, frame.length));
    frames.clear();
  };
  for (size_t at = 0; at < text.size(); at += step) {
    slot += text.substr(at, step);
    const size_t used = framer.cut(slot, 0, frames);
    take();
    slot.erase(0, used);
  }
  framer.finish(slot, 0, frames);
  take();
  return lines;
}

Outcome decode(BodyCoding coding, std::string_view body, size_t piece, size_t room) {
  BodyDecoder decoder(coding, kMaxBytes);
  Outcome outcome;
  std::string slot(room, '\0');
  while (!body.empty() && decoder.error() == BodyError::none) {
    std::string_view part = body.substr(0, piece);
    body.remove_prefix(part.size());
    while (decoder.error() == BodyError::none && (!part.empty() || decoder.holds_output())) {
      const BodyDecoder::Step step = decoder.decode(part, slot);
      fuzz_check(step.read <= part.size() && step.written <= room, "a step stays inside its piece and its room");
      fuzz_check(step.read + step.written > 0 || decoder.error() != BodyError::none || part.empty(),
                 "a step with something to read goes on");
      part.remove_prefix(step.read);
      outcome.text.append(slot, 0, step.written);
    }
  }
  outcome.error = decoder.error() == BodyError::none ? decoder.finish() : decoder.error();
  fuzz_check(outcome.text.size() <= kMaxBytes, "the limit holds");
  fuzz_check(
      coding != BodyCoding::identity || outcome.error == BodyError::none || outcome.error == BodyError::too_large,
      "plain bytes are never corrupt");
  // What was written before an error depends on the pieces; only a whole body must be the same.
  if (outcome.error != BodyError::none && outcome.error != BodyError::too_large) outcome.text.clear();
  outcome.lines = lines_of(outcome.text, piece);
  return outcome;
}

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() {
  // The coding, piece and room, then: lines; gzip of "a\nb\n"; a zstd frame of one raw block.
  static const char* const kExamples[] = {
      "\x03\x05\x07<34>1 - host app - - - first\nsecond\r\n\n\nlast",
      "\x01\x02\x03\x1f\x8b\x08\x01\x01\x01\x01\x01\x02\x03\x4b\xe4\x4a\xe2\x02",
      "\x02\x02\x03\x28\xb5\x2f\xfd\x20\x04\x21\x01\x01\x61\x0a\x62\x0a",
      nullptr,
  };
  return kExamples;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  FuzzInput input(data, size);
  const auto coding = static_cast<BodyCoding>(input.byte() % 3);
  const size_t piece = 1 + input.byte() % 64;
  const size_t room = 1 + input.byte();
  const Outcome whole = decode(coding, input.rest(), input.rest().size() + 1, 4096);
  fuzz_check(whole == decode(coding, input.rest(), piece, room), "a body does not depend on the cuts");
  return 0;
}
