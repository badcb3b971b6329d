// A stream in any mode, cut anywhere, gives the same frames and counts as in one piece, and never a tail too long.

#include <string>
#include <vector>

#include "core/frame/framer.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

struct Outcome {
  std::vector<std::string> frames;
  std::vector<uint8_t> flags;
  Framer::Counters counters;
  FramingError error = FramingError::none;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class Reader {
 public:
  explicit Reader(const FramerOptions& options) : framer_(options) {}

  void receive(std::string_view bytes) {
    slot_.append(bytes);
    const size_t used = framer_.cut(slot_, 0, refs_);
    fuzz_check(used <= slot_.size(), "no more is consumed than there is");
    take_frames();
    slot_.erase(0, used);
    fuzz_check(slot_.size() <= framer_.max_tail(), "the tail is bounded");
  }
  Outcome finish() {
    framer_.finish(slot_, 0, refs_);
    take_frames();
    outcome_.counters = framer_.counters();
    outcome_.error = framer_.error();
    return outcome_;
  }

 private:
  void take_frames() {
    for (const FrameRef& frame : refs_) {
      fuzz_check(frame.length > 0 && frame.offset + frame.length <= slot_.size(), "a frame lies in its slot");
      outcome_.frames.push_back(slot_.substr(frame.offset, frame.length));
      outcome_.flags.push_back(frame.flags);
    }
    refs_.clear();
  }

  Framer framer_;
  std::string slot_;
  std::vector<FrameRef> refs_;
  Outcome outcome_;
};

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() {
  static const char* const kExamples[] = {
      "\x01\x20\x05\x30<34>1 - host app - - - first\n<34>1 - host app - - - second\r\n\n",
      "\x02\x20\x03\x30"
      "12 <1>abcdefghi4 <2>b\n7 <3>cdef",
      "\x00\x40\x07\x30"
      "12 {\"a\":\"bcd\"}\n12 {\"a\":\"bcd\"}",
      "\x03\x05\x02\x30{\"short_message\":\"x\"}",
      nullptr,
  };
  return kExamples;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  FuzzInput input(data, size);
  const uint8_t mode = input.byte();
  FramerOptions options;
  options.mode = static_cast<FramingMode>(mode % 4);
  options.nul_ends_frames = mode & 4;
  options.max_frame_bytes = 1 + input.byte();
  const size_t step = 1 + input.byte() % 16;

  Reader whole(options);
  whole.receive(input.rest());
  Reader pieces(options);
  while (!input.empty()) pieces.receive(input.take(step));
  fuzz_check(whole.finish() == pieces.finish(), "frames do not depend on the cuts");
  return 0;
}
