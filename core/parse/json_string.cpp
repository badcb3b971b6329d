#include "core/parse/json_string.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace sluice {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

void append_utf8(uint32_t c, std::string& out) {
  const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xe0 | c >> 12);
    } else {
      put(0xf0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3f));
    }
    put(0x80 | (c >> 6 & 0x3f));
  }
  put(0x80 | (c & 0x3f));
}

std::optional<uint32_t> read_hex4(std::string_view text) {
  if (text.size() < 4) return {};
  uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return {};
    }
  }
  return value;
}

bool is_high_surrogate(uint32_t c) { return c >= 0xd800 && c < 0xdc00; }
bool is_low_surrogate(uint32_t c) { return c >= 0xdc00 && c < 0xe000; }

// `rest` begins behind "\u". Returns the characters of it that were used, 0 when they are not hexadecimal.
size_t append_code_point(std::string_view rest, std::string& out) {
  const auto first = read_hex4(rest);
  if (!first) return 0;
  if (is_high_surrogate(*first) && rest.substr(4, 2) == "\\u") {
    const auto second = read_hex4(rest.substr(6));
    if (second && is_low_surrogate(*second)) {
      append_utf8(0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00), out);
      return 10;
    }
  }
  append_utf8(is_high_surrogate(*first) || is_low_surrogate(*first) ? kReplacement : *first, out);
  return 4;
}

char simple_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// `text` begins with a backslash. Returns the characters of the escape, 0 when it is none of JSON's.
size_t append_escape(std::string_view text, std::string& out) {
  if (text.size() < 2) return 0;
  if (text[1] == 'u') {
    const size_t used = append_code_point(text.substr(2), out);
    return used == 0 ? 0 : 2 + used;
  }
  const char c = simple_escape(text[1]);
  if (c == '\0') return 0;
  out.push_back(c);
  return 2;
}

}  // namespace

bool append_unescaped(std::string_view inside, std::string& out) {
  while (!inside.empty()) {
    const size_t plain = std::min(inside.find('\\'), inside.size());
    out.append(inside.substr(0, plain));
    inside.remove_prefix(plain);
    if (inside.empty()) break;
    const size_t used = append_escape(inside, out);
    if (used == 0) {
      out.append(inside);
      return false;
    }
    inside.remove_prefix(used);
  }
  return true;
}

bool has_valid_escapes(std::string_view inside) {
  for (size_t at = inside.find('\\'); at != std::string_view::npos; at = inside.find('\\', at)) {
    const std::string_view escape = inside.substr(at + 1);
    if (escape.empty()) return false;
    if (escape[0] == 'u' ? !read_hex4(escape.substr(1)) : simple_escape(escape[0]) == '\0') return false;
    at += 2;
  }
  return true;
}

}  // namespace sluice
