// What the fuzz targets share: a check that holds in every build, and small numbers drawn from the input.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// Optional: what a target's inputs look like. standalone.cpp mutates these texts; libFuzzer has its own corpus.
// Ends with nullptr.
extern "C" const char* const* fuzz_examples() __attribute__((weak));

namespace sluice {

inline void fuzz_check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_check failed: %s\n", what);
  std::abort();
}

// Takes numbers and the rest off an input.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}

  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::string_view take(size_t size) {
    const std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(part.size());
    return part;
  }
  std::string_view rest() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace sluice
