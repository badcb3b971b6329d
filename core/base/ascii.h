// The few ASCII operations that reading words and telling digits from letters needs; independent of the locale.
//
// (Debian's Abseil is built with its own string_view, so its string functions do not take ours.)
#pragma once

#include <algorithm>
#include <string_view>

namespace sluice::ascii {

constexpr bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alpha(unsigned char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
constexpr bool is_blank(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr char lower(char c) { return is_upper(static_cast<unsigned char>(c)) ? static_cast<char>(c + 32) : c; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

constexpr std::string_view strip_left(std::string_view text) {
  while (!text.empty() && is_blank(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  return text;
}

constexpr std::string_view strip(std::string_view text) {
  text = strip_left(text);
  while (!text.empty() && is_blank(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// Take `part` off the front or the end; false when it is not there.
constexpr bool take_prefix(std::string_view& text, std::string_view part) {
  if (!text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  return true;
}
constexpr bool take_suffix(std::string_view& text, std::string_view part) {
  if (!text.ends_with(part)) return false;
  text.remove_suffix(part.size());
  return true;
}

}  // namespace sluice::ascii
