// GELF datagrams in any order: memory stays bounded and every line is counted once.
//
// Input: three bytes of limits, then datagrams, each a byte for its length and one for the time that passes.

#include "core/frame/gelf_chunks.h"
#include "tests/fuzz/fuzz.h"

extern "C" const char* const* fuzz_examples() {
  static const char* const kExamples[] = {
      "\x04\xff\xff\x10\x01\x1e\x0f"
      "abcdefgh\x01\x02"
      "bar\x10\x01",
      "\x04\xff\xff\x0e\x01x\x9cK\xcb\xcf\x07z\x02\x82\x01"
      "E\x0e\x01{\"short_message\":1}",
      "\x04\xff\xff\x14\x01\x1f\x8b\x08\x01\x01\x01\x01\x01\x02\x03K\xcb\xcf\x07",
      nullptr,
  };
  return kExamples;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  FuzzInput input(data, size);
  GelfDatagramsOptions options;
  options.max_messages = 1 + input.byte() % 8;
  options.max_bytes = 64 * (1 + input.byte());
  options.max_document = 4 * (1 + input.byte());
  GelfDatagrams gelf(options);
  Nanos now = 0;
  uint64_t documents = 0;
  uint64_t problems = 0;
  while (!input.empty()) {
    const size_t length = input.byte();
    now += input.byte() * (kSecond / 16);
    const std::string_view datagram = input.take(length);
    const auto document = gelf.accept(datagram, now % 3, now);
    if (document) {
      ++documents;
      fuzz_check(!document->empty(), "a document is not empty");
      const bool bounded = document->size() <= options.max_document || document->data() == datagram.data();
      fuzz_check(bounded, "a document is bounded");
    }
    problems += gelf.last_problem() != GelfProblem::none;
    fuzz_check(!(document && gelf.last_problem() != GelfProblem::none), "a document or a problem");
    fuzz_check(gelf.waiting() <= options.max_messages, "the messages waiting are bounded");
    fuzz_check(gelf.waiting_bytes() <= options.max_bytes, "their memory is bounded");
  }
  fuzz_check(gelf.stats().documents == documents, "documents are counted");
  fuzz_check(problems <= gelf.stats().malformed + gelf.stats().incomplete, "problems are counted");
  gelf.expire(now + options.timeout);
  fuzz_check(gelf.waiting() == 0 && gelf.waiting_bytes() == 0, "nothing waits for ever");
  return 0;
}
