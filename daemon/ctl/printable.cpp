#include "daemon/ctl/printable.h"

#include <array>

namespace sluice {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void append_octet(unsigned char octet, std::string& out) {
  out += "\\x";
  out += kHex[octet >> 4];
  out += kHex[octet & 15];
}

void append_code(uint32_t code, std::string& out) {
  out += "\\u{";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15];
  out += '}';
}

bool is_deceptive(uint32_t code) {
  return (code >= 0x80 && code < 0xa0) || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

Utf8Char utf8_char(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return {1, first};
  const uint32_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  uint32_t code = first & (0x7fu >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (at(i) & 0x3fu);
  }
  constexpr std::array<uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < kLeast[length] || code > 0x10ffff || surrogate) return {};
  return {length, code};
}

void append_printable(std::string_view text, std::string& out) {
  while (!text.empty()) {
    // The common case: a stretch of plain ASCII.
    size_t plain = 0;
    while (plain < text.size() && ((text[plain] >= 0x20 && text[plain] < 0x7f) || text[plain] == '\t')) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const Utf8Char character = utf8_char(text);
    if (character.length <= 1) {
      append_octet(static_cast<unsigned char>(text[0]), out);
      text.remove_prefix(1);
      continue;
    }
    if (is_deceptive(character.code)) {
      append_code(character.code, out);
    } else {
      out.append(text.substr(0, character.length));
    }
    text.remove_prefix(character.length);
  }
}

}  // namespace sluice
