// Small scans over a frame, eight octets at a time: fields are short, so that a call to memchr costs more than the scan.
//
// Threads: free functions without state.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

inline constexpr uint64_t kOnes = 0x0101010101010101;
inline constexpr uint64_t kHighBits = 0x8080808080808080;

inline uint64_t load_word(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// The first ' ' in [p, end), or end.
inline const char* find_blank(const char* p, const char* end) {
  constexpr uint64_t kBlanks = kOnes * ' ';
  while (end - p >= 8) {
    const uint64_t differs = load_word(p) ^ kBlanks;
    // The lowest set bit is exact: octets that are zero turn their high bit on, borrows only reach higher ones.
    const uint64_t hit = (differs - kOnes) & ~differs & kHighBits;
    if (hit != 0) return p + (std::countr_zero(hit) >> 3);
    p += 8;
  }
  while (p != end && *p != ' ') ++p;
  return p;
}

inline bool is_ascii(std::string_view text) {
  uint64_t all = 0;
  size_t i = 0;
  for (; i + 32 <= text.size(); i += 32) {
    const char* p = text.data() + i;
    all |= load_word(p) | load_word(p + 8) | load_word(p + 16) | load_word(p + 24);
  }
  for (; i + 8 <= text.size(); i += 8) all |= load_word(text.data() + i);
  for (; i < text.size(); ++i) all |= static_cast<uint64_t>(static_cast<unsigned char>(text[i]));
  return (all & kHighBits) == 0;
}

}  // namespace sluice
