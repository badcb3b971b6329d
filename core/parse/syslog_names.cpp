#include "core/parse/syslog_names.h"

namespace sluice {
namespace {

// Up to eight letters as one number, in lower case, so that a name is found by one comparison.
constexpr uint64_t packed(std::string_view text) {
  uint64_t value = 0;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    value = value << 8 | static_cast<uint8_t>(lower);
  }
  return value;
}

std::optional<uint8_t> small_number(std::string_view text, uint8_t most) {
  if (text.empty() || text.size() > 2) return {};
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > most) return {};
  return static_cast<uint8_t>(value);
}

}  // namespace

std::optional<uint8_t> severity_from_text(std::string_view text) {
  if (text.size() > 8) {  // the long names, told apart by their first eight letters
    switch (packed(text.substr(0, 8))) {
      case packed("emergenc"):
        return packed(text.substr(8)) == packed("y") ? std::optional<uint8_t>(0) : std::nullopt;
      case packed("informat"): {
        const uint64_t rest = packed(text.substr(8, 8));
        return rest == packed("ion") || rest == packed("ional") ? std::optional<uint8_t>(6) : std::nullopt;
      }
      default:
        return {};
    }
  }
  switch (packed(text)) {
    case packed("emerg"):
    case packed("panic"):
      return 0;
    case packed("alert"):
      return 1;
    case packed("crit"):
    case packed("critical"):
    case packed("fatal"):
    case packed("f"):
      return 2;
    case packed("err"):
    case packed("error"):
    case packed("severe"):
    case packed("e"):
      return 3;
    case packed("warn"):
    case packed("warning"):
    case packed("w"):
      return 4;
    case packed("notice"):
    case packed("n"):
      return 5;
    case packed("info"):
    case packed("i"):
      return 6;
    case packed("debug"):
    case packed("trace"):
    case packed("verbose"):
    case packed("d"):
    case packed("t"):
    case packed("v"):
      return 7;
    default:
      return small_number(text, 7);
  }
}

std::optional<uint8_t> facility_from_text(std::string_view text) {
  if (text.size() > 8) return {};
  switch (packed(text)) {
    case packed("kern"):
      return 0;
    case packed("user"):
      return 1;
    case packed("mail"):
      return 2;
    case packed("daemon"):
      return 3;
    case packed("auth"):
    case packed("security"):
      return 4;
    case packed("syslog"):
      return 5;
    case packed("lpr"):
      return 6;
    case packed("news"):
      return 7;
    case packed("uucp"):
      return 8;
    case packed("cron"):
      return 9;
    case packed("authpriv"):
      return 10;
    case packed("ftp"):
      return 11;
    case packed("ntp"):
      return 12;
    case packed("audit"):
      return 13;
    case packed("alert"):
      return 14;
    case packed("clock"):
      return 15;
    default:
      break;
  }
  if (text.size() == 6 && packed(text.substr(0, 5)) == packed("local") && text[5] >= '0' && text[5] <= '7') {
    return static_cast<uint8_t>(16 + (text[5] - '0'));
  }
  return small_number(text, 23);
}

}  // namespace sluice
