#include <algorithm>
#include <array>

#include "core/parse/strict.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 9> kFields = {
    "version", "host", "short_message", "full_message", "timestamp", "level", "facility", "line", "file"};

bool is_name_octet(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '.' || c == '-';
}

// `key` as it stands in the frame, at octet `at`.
std::optional<Deviation> deviation_of(std::string_view key, size_t at) {
  if (std::find(kFields.begin(), kFields.end(), key) != kFields.end()) return std::nullopt;
  if (!key.starts_with('_')) return Deviation{at, "an additional field's name begins with '_'"};
  if (key == "_id") return Deviation{at, "an additional field is not named '_id'"};
  for (size_t i = 1; i < key.size(); ++i) {
    if (!is_name_octet(key[i]))
      return Deviation{at + i, "an additional field's name has letters, digits, '_', '.' and '-'"};
  }
  return std::nullopt;
}

}  // namespace

// In an object a string is a key when nothing but the brace or a comma stands before it.
std::optional<Deviation> first_deviation_gelf(std::string_view frame) {
  int depth = 0;
  bool key_next = false;
  for (size_t i = 0; i < frame.size(); ++i) {
    switch (frame[i]) {
      case '{':
      case '[':
        key_next = ++depth == 1;
        break;
      case '}':
      case ']':
        --depth;
        break;
      case ',':
        key_next = depth == 1;
        break;
      case '"': {
        const size_t from = ++i;
        while (i < frame.size() && frame[i] != '"') i += frame[i] == '\\' ? 2 : 1;
        const size_t end = std::min(i, frame.size());
        if (key_next) {
          if (const auto deviation = deviation_of(frame.substr(from, end - from), from)) return deviation;
        }
        key_next = false;
        break;
      }
      default:
        break;
    }
  }
  return std::nullopt;
}

}  // namespace sluice
