// Runs a fuzz target without libFuzzer: on the files named, or on inputs made from a fixed seed (random bytes, and the
// target's examples with bytes changed, cut, doubled and joined).
//
//   framer_fuzz                    20,000 inputs
//   framer_fuzz -runs=1000000
//   framer_fuzz FILE...            one input a file, as to see a finding again

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr unsigned kSeed = 20261123;

class Inputs {
 public:
  Inputs() {
    for (const char* const* text = fuzz_examples ? fuzz_examples() : nullptr; text && *text; ++text) {
      examples_.emplace_back(*text);
    }
  }

  std::string next() {
    if (examples_.empty() || below(8) == 0) return random_bytes(below(200));
    std::string input = example();
    for (size_t changes = below(6); changes > 0; --changes) change(input);
    return input;
  }

 private:
  size_t below(size_t limit) { return random_() % limit; }
  const std::string& example() { return examples_[below(examples_.size())]; }

  std::string random_bytes(size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }

  void change(std::string& input) {
    const size_t at = below(input.size() + 1);
    switch (below(6)) {
      case 0:
        input.insert(at, random_bytes(1 + below(4)));
        break;
      case 1:
        input.erase(at, 1 + below(8));
        break;
      case 2:
        if (at < input.size()) input[at] = static_cast<char>(random_());
        break;
      case 3:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 4:
        input.insert(at, input.substr(below(input.size() + 1), below(40)));
        break;
      default:
        input.resize(at);
        append_end_of(example(), input);
    }
  }

  void append_end_of(const std::string& text, std::string& input) { input.append(text, below(text.size() + 1)); }

  std::mt19937 random_{kSeed};
  std::vector<std::string> examples_;
};

void run(const std::string& input) {
  // A copy of exactly this size, so that AddressSanitizer sees a read behind its end.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  long runs = 20'000;
  bool files = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "-runs=", 6) == 0) {
      runs = std::atol(argv[i] + 6);
    } else {
      files = true;
      std::ifstream file(argv[i], std::ios::binary);
      run({std::istreambuf_iterator<char>(file), {}});
    }
  }
  if (files) return 0;
  Inputs inputs;
  std::printf("%ld inputs from seed %u\n", runs, kSeed);
  for (long i = 0; i < runs; ++i) run(inputs.next());
  return 0;
}
