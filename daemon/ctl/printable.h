// Text from strangers, made safe to look at: control characters, which could move the cursor, change the terminal's
// title or hide a line, are written out.
//
//   append_printable("a\x1b[2J", out);     // a\x1b[2J
//
// Written out as \xNN: C0 controls but tab, DEL, and octets that are not UTF-8; as \u{NNNN}: C1 controls and the marks
// that turn the direction of writing. Everything else is copied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

void append_printable(std::string_view text, std::string& out);

// The number of octets of the UTF-8 character at the front, and the character; 0 when it is none. REQUIRES: !text.empty()
struct Utf8Char {
  uint32_t length = 0;
  uint32_t code = 0;
};
Utf8Char utf8_char(std::string_view text);

}  // namespace sluice
