#include "core/parse/syslog_tag.h"

#include <algorithm>
#include <array>

#include "core/parse/civil_time.h"

namespace sluice {
namespace {

enum : uint8_t {
  kTagOctet = 1,       // of an app_name
  kPidOctet = 2,       // between the brackets
  kHostOctet = 4,      // of a hostname, colon left out
  kHostFirst = 8,      // begins one
  kAddressOctet = 16,  // of an IPv6 address, colons left out
};

constexpr bool contains(std::string_view octets, unsigned c) {
  for (const char o : octets) {
    if (static_cast<unsigned char>(o) == c) return true;
  }
  return false;
}

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    const bool digit = c >= '0' && c <= '9';
    const bool printable = c > 0x20 && c != 0x7f;
    const bool foreign = c >= 0x80;
    if (printable && !contains(":[]\"=,;{}<>", c)) classes[c] |= kTagOctet;
    if (printable && !contains("[]\"'=,;{}", c)) classes[c] |= kPidOctet;
    if (letter || digit || foreign || contains(".-_@/%", c)) classes[c] |= kHostOctet;
    if (letter || digit || foreign || c == '_') classes[c] |= kHostFirst;
    if (digit || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') || c == '.') classes[c] |= kAddressOctet;
  }
  return classes;
}();

bool is(char c, uint8_t kind) { return (kClasses[static_cast<unsigned char>(c)] & kind) != 0; }

bool all(std::string_view text, uint8_t kind) {
  return std::all_of(text.begin(), text.end(), [kind](char c) { return is(c, kind); });
}

bool all_digits_or_points(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
}

// An IPv6 address (with its scope), a MAC address: hexadecimal groups and at least two colons.
bool is_address(std::string_view word) {
  word = word.substr(0, word.find('%'));
  size_t colons = 0;
  for (const char c : word) {
    if (c == ':') {
      ++colons;
    } else if (!is(c, kAddressOctet)) {
      return false;
    }
  }
  return colons >= 2;
}

// Whether `name:` with `after` glued to it is more likely something else: 11/10/2026:22:14, 10.0.0.1:514, http://,
// C:\, std::, 2001:db8::1.
bool is_no_tag(std::string_view name, std::string_view after) {
  if (after.empty() || after[0] == ' ') return false;
  const bool number = is_digit(name.back()) && is_digit(after[0]);
  return number || after[0] == ':' || after[0] == '\\' || after.starts_with("//") || all_digits_or_points(name);
}

}  // namespace

Tag find_tag(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin;
  while (p != end && is(*p, kTagOctet)) ++p;
  Tag tag;
  tag.app_name = {begin, static_cast<size_t>(p - begin)};
  if (tag.app_name.empty() || p == end) return {};
  tag.usual = true;

  if (*p == '[') {
    const char* const from = ++p;
    while (p != end && is(*p, kPidOctet)) ++p;
    if (p == end || *p != ']') return {};
    tag.proc_id = {from, static_cast<size_t>(p - from)};
    ++p;
    tag.usual = !tag.proc_id.empty();
    if (p != end && *p != ':' && *p != ' ') return {};
  } else if (*p == ' ') {  // IOS-XR: "%PKT_INFRA-LINK-3-UPDOWN : text"
    if (*begin != '%' || end - p < 2 || p[1] != ':') return {};
    ++p;
    tag.usual = false;
  } else if (*p == '\t' && tag.app_name == "MSWinEventLog") {  // Snare
    tag.length = static_cast<uint32_t>(p + 1 - begin);
    tag.usual = false;
    return tag;
  } else if (*p != ':') {
    return {};
  }

  tag.colon = p != end && *p == ':';
  if (tag.colon) ++p;
  if (tag.colon && is_no_tag(tag.app_name, {p, static_cast<size_t>(end - p)})) return {};
  const bool blank = p != end && *p == ' ';
  if (blank) ++p;
  tag.usual = tag.usual && tag.colon && blank;
  tag.length = static_cast<uint32_t>(p - begin);
  return tag;
}

Word classify_first_word(std::string_view word) {
  if (word.empty()) return Word::other;
  if (is(word[0], kHostFirst) && all(word, kHostOctet)) return Word::hostname;
  if (word == "-") return Word::hostname;
  if (word[0] == '[' && word.back() == ']' && is_address(word.substr(1, word.size() - 2))) return Word::hostname;
  if (is_address(word) && (word.back() != ':' || word.ends_with("::"))) return Word::hostname;
  return find_tag(word).length > 0 ? Word::tag : Word::other;
}

}  // namespace sluice
