// LiteralFinder: where a text stands in many bytes, by the vector: two bytes of it that are rare in logs are looked for
// sixteen places at a time, and only where both stand is the rest compared.
//
//   const LiteralFinder finder("failed password", true);      // ASCII letters in either case
//   for (size_t at = 0; (at = finder.find(bytes, at)) != LiteralFinder::npos; ++at) ...
//
// Threads: const methods from any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

class LiteralFinder {
 public:
  static constexpr size_t npos = std::string_view::npos;

  // REQUIRES: !literal.empty(); with `ignores_case` only ASCII
  LiteralFinder(std::string literal, bool ignores_case);

  // The first place at `from` or behind it.
  size_t find(std::string_view text, size_t from = 0) const;
  const std::string& literal() const { return literal_; }  // in lower case where that does not matter
  bool ignores_case() const { return ignores_case_; }

 private:
  // A byte to look for: (byte | fold) == value.
  struct Probe {
    size_t offset = 0;  // in the literal
    uint8_t value = 0;
    uint8_t fold = 0;  // the bit in which the cases of a letter differ, where that does not matter
  };
  Probe probe_at(size_t offset) const;
  bool stands_at(const char* at) const;

  std::string literal_;
  bool ignores_case_;
  Probe first_, second_;
};

}  // namespace sluice
