// The PRI at the beginning of a syslog message: facility * 8 + severity in angle brackets.
//
//   switch (const Pri pri = read_pri(text); pri.kind) ...
#pragma once

#include <cstdint>
#include <string_view>

#include "core/parse/civil_time.h"
#include "core/parse/event.h"

namespace sluice {

struct Pri {
  enum class Kind : uint8_t { absent, bad, good };
  Kind kind = Kind::absent;
  uint8_t value = 0;       // with `good`
  uint8_t length = 0;      // octets with the brackets, with `good`
  bool canonical = false;  // decimal without leading zeros
};

// One to three digits up to 191. Whatever else begins with '<' is bad.
inline Pri read_pri(std::string_view text) {
  if (text.empty() || text[0] != '<') return {};
  unsigned value = 0;
  size_t at = 1;
  while (at < text.size() && at < 4 && is_digit(text[at])) value = value * 10 + static_cast<unsigned>(text[at++] - '0');
  if (at == 1 || at == text.size() || text[at] != '>' || value > 191) return {.kind = Pri::Kind::bad};
  return {.kind = Pri::Kind::good,
          .value = static_cast<uint8_t>(value),
          .length = static_cast<uint8_t>(at + 1),
          .canonical = at == 2 || text[1] != '0'};
}

inline void set_pri(Event& event, uint8_t value) {
  event.facility = value >> 3;
  event.severity = value & 7;
}

// A blank line's end or indentation before the PRI: how many octets of white space stand before a '<'. 0 where the
// text begins with anything else.
inline size_t white_space_before_pri(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && (text[n] == ' ' || text[n] == '\n' || text[n] == '\r' || text[n] == '\t')) ++n;
  return n + 1 < text.size() && text[n] == '<' && is_digit(text[n + 1]) ? n : 0;
}

}  // namespace sluice
