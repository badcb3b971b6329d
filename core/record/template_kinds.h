// The kinds of variables in a template, as they are stored: how a piece of text is written as a number and made again.
// Internal to core/record.
//
//   0         the piece itself, in the column's strings
//   1 to 19   a decimal number of so many digits, leading zeros and all
//   21 to 36  a hexadecimal number in lower case, of kind - 20 digits
//   37 to 52  the same in upper case, of kind - 36 digits
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice {

inline constexpr uint8_t kStringKind = 0;
inline constexpr size_t kMostDecimalDigits = 19;  // what 64 bits hold
inline constexpr size_t kMostHexDigits = 16;
inline constexpr uint8_t kLowerHexKind = 20;  // + digits
inline constexpr uint8_t kUpperHexKind = 36;  // + digits
inline constexpr size_t kVariableKinds = 53;

inline constexpr size_t kMostVariableBytes = 8;

// How many bytes the number of a kind takes.
inline constexpr std::array<uint8_t, kVariableKinds> kBytesOfKind = [] {
  std::array<uint8_t, kVariableKinds> bytes{};
  uint64_t highest = 0;
  for (size_t digits = 1; digits <= kMostDecimalDigits; ++digits) {
    highest = highest * 10 + 9;
    for (uint64_t left = highest; left != 0; left >>= 8) ++bytes[digits];
  }
  for (size_t digits = 1; digits <= kMostHexDigits; ++digits) {
    bytes[kLowerHexKind + digits] = bytes[kUpperHexKind + digits] = static_cast<uint8_t>((digits + 1) / 2);
  }
  return bytes;
}();

inline constexpr std::array<uint8_t, kVariableKinds> kDigitsOfKind = [] {
  std::array<uint8_t, kVariableKinds> digits{};
  for (size_t n = 1; n <= kMostDecimalDigits; ++n) digits[n] = static_cast<uint8_t>(n);
  for (size_t n = 1; n <= kMostHexDigits; ++n) {
    digits[kLowerHexKind + n] = digits[kUpperHexKind + n] = static_cast<uint8_t>(n);
  }
  return digits;
}();

// A number as its difference to the one before, and back: zigzag, within the bytes that the number's kind takes.
inline uint64_t difference_of(uint64_t number, uint64_t before, unsigned bytes) {
  const unsigned unused = 64 - 8 * bytes;
  const auto difference = static_cast<int64_t>((number - before) << unused) >> unused;
  return (static_cast<uint64_t>(difference) << 1 ^ static_cast<uint64_t>(difference >> 63)) << unused >> unused;
}
inline uint64_t number_of(uint64_t difference, uint64_t before, unsigned bytes) {
  const unsigned unused = 64 - 8 * bytes;
  return (before + (difference >> 1 ^ (0 - (difference & 1)))) << unused >> unused;
}

}  // namespace sluice
