#include "core/parse/written_time.h"

#include <array>
#include <cstring>

#include "core/parse/civil_time.h"

namespace sluice {
namespace {

struct ZoneName {
  std::string_view name;
  int16_t minutes;
  bool plain;  // no host is likely to bear it
};

// Abbreviations that senders print. Where one has several meanings the one that network devices use stands here.
constexpr std::array<ZoneName, 31> kZoneNames = {{
    {"UTC", 0, true},     {"GMT", 0, true},     {"EST", -300, true},  {"EDT", -240, true},  {"CST", -360, true},
    {"CDT", -300, true},  {"MST", -420, true},  {"MDT", -360, true},  {"PST", -480, true},  {"PDT", -420, true},
    {"CET", 60, true},    {"CEST", 120, true},  {"BST", 60, false},   {"EET", 120, false},  {"EEST", 180, false},
    {"WET", 0, false},    {"WEST", 60, false},  {"MET", 60, false},   {"MEST", 120, false}, {"MSK", 180, false},
    {"JST", 540, false},  {"KST", 540, false},  {"HKT", 480, false},  {"SGT", 480, false},  {"AWST", 480, false},
    {"AEST", 600, false}, {"AEDT", 660, false}, {"NZST", 720, false}, {"NZDT", 780, false}, {"AKST", -540, false},
    {"HST", -600, false},
}};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// A colon ends a time only before a blank or Cisco's mnemonic: "15 2001:db8::1" has no year.
bool ends_time(std::string_view text, size_t at) {
  if (at >= text.size() || text[at] == ' ') return true;
  return text[at] == ':' && (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '%');
}

// hh:mm:ss and its fraction at `at`. Sets fraction_begin, fraction_end and length.
bool read_clock(std::string_view text, size_t at, WrittenTime& out) {
  if (text.size() < at + 8) return false;
  const char* p = text.data() + at;
  out.hour = two_digits(p);
  out.minute = two_digits(p + 3);
  out.second = two_digits(p + 6);
  if (out.hour > 23 || out.minute > 59 || out.second > 60 || p[2] != ':' || p[5] != ':') return false;
  at += 8;
  out.fraction_begin = static_cast<uint32_t>(at);
  if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
    size_t end = at + 1;
    uint32_t nanos = 0;
    for (; end < text.size() && is_digit(text[end]); ++end) {
      if (end - at <= 9) nanos = nanos * 10 + static_cast<uint32_t>(text[end] - '0');
    }
    const size_t digits = end - at - 1;
    if (digits > 0) {
      out.point = text[at];
      out.digits = static_cast<uint8_t>(digits < 9 ? digits : 9);
      out.nanos = nanos * static_cast<uint32_t>(kFractionUnit[out.digits]);
      if (digits > 9) out.form = TimeForm::none;
      at = end;
    } else if (text[at] == '.') {  // a point without digits belongs to the time, a comma without is punctuation
      out.form = TimeForm::none;
      at = end;
    }
  }
  out.fraction_end = static_cast<uint32_t>(at);
  out.length = static_cast<uint32_t>(at);
  return true;
}

// Four digits, or -1.
int four_digits(const char* p) {
  const int high = two_digits(p);
  const int low = two_digits(p + 2);
  return high > 99 || low > 99 ? -1 : high * 100 + low;
}

bool is_date(const WrittenTime& t) {
  if (t.month < 1 || t.month > 12 || t.day < 1) return false;
  constexpr int kSomeLeapYear = 2000;  // without a year, 29 February may be right
  return t.day <= days_in_month(t.year == WrittenTime::kNoYear ? kSomeLeapYear : t.year, t.month);
}

// The day at `at`: "23", " 3", "03" or "3", and the blank behind it. Moves `at` behind that.
bool read_day(std::string_view text, size_t& at, WrittenTime& out) {
  if (text.size() < at + 3) return false;
  const char* p = text.data() + at;
  if (is_digit(p[0]) && is_digit(p[1])) {
    out.day = (p[0] - '0') * 10 + (p[1] - '0');
    if (p[0] == '0') out.form = TimeForm::rfc3164_zero;
    at += 2;
  } else if (p[0] == ' ' && is_digit(p[1])) {
    out.day = p[1] - '0';
    at += 2;
  } else if (is_digit(p[0])) {
    out.day = p[0] - '0';
    out.form = TimeForm::rfc3164_unpadded;
    at += 1;
  } else {
    return false;
  }
  return text[at++] == ' ';
}

}  // namespace

int month_number(const char* name) {
  static constexpr char kMonths[] = "janfebmaraprmayjunjulaugsepoctnovdec";
  char lower[3];
  for (int i = 0; i < 3; ++i) lower[i] = static_cast<char>(name[i] | 0x20);
  for (int month = 0; month < 12; ++month) {
    if (std::memcmp(kMonths + 3 * month, lower, 3) == 0) return month + 1;
  }
  return 0;
}

size_t read_offset(std::string_view text, int32_t& offset) {
  if (text.empty()) return 0;
  if (text[0] == 'Z' || text[0] == 'z') {
    offset = 0;
    return 1;
  }
  if ((text[0] != '+' && text[0] != '-') || text.size() < 3) return 0;
  const int hours = two_digits(text.data() + 1);
  if (hours > 23) return 0;
  size_t length = 3;
  int minutes = 0;
  const size_t colon = text.size() > 3 && text[3] == ':' ? 1 : 0;
  if (text.size() >= 5 + colon && is_digit(text[3 + colon])) {
    minutes = two_digits(text.data() + 3 + colon);
    if (minutes > 59) return 0;
    length = 5 + colon;
  }
  offset = (hours * 60 + minutes) * 60;
  if (text[0] == '-') offset = -offset;
  return length;
}

bool zone_name_offset(std::string_view name, int32_t& offset) {
  for (const ZoneName& zone : kZoneNames) {
    if (zone.name == name) {
      offset = zone.minutes * 60;
      return true;
    }
  }
  return false;
}

bool read_iso(std::string_view text, WrittenTime& out) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-') return false;
  const char* p = text.data();
  out.year = four_digits(p);
  out.month = two_digits(p + 5);
  out.day = two_digits(p + 8);
  const char between = p[10];
  if (out.year < 0 || !is_date(out) || (between != 'T' && between != 't' && between != ' ')) return false;
  out.form = between == 'T' ? TimeForm::iso_t : between == ' ' ? TimeForm::iso_space : TimeForm::none;
  if (!read_clock(text, 11, out)) return false;
  const bool comma = out.digits > 0 && out.point == ',';
  if (comma) out.form = out.form == TimeForm::iso_space ? TimeForm::iso_space_comma : TimeForm::none;

  const std::string_view zone = text.substr(out.length);
  const size_t length = read_offset(zone, out.offset);
  if (length > 0) {
    out.has_offset = true;
    out.length += static_cast<uint32_t>(length);
    if (out.form == TimeForm::iso_t && zone[0] == 'Z') {
      out.form = TimeForm::rfc3339_zulu;
    } else if (out.form == TimeForm::iso_t && length == 6 && !(zone[0] == '-' && out.offset == 0)) {
      out.form = TimeForm::rfc3339_offset;
    } else if (out.form == TimeForm::iso_t) {
      out.form = TimeForm::none;
    } else {  // the part before the zone can be made again
      out.rendered = out.fraction_end;
    }
  }
  if (out.rendered == 0) out.rendered = out.length;
  if (out.form == TimeForm::none || out.second == 60) out.form = TimeForm::none, out.rendered = 0;
  return true;
}

bool read_month_name(std::string_view text, WrittenTime& out) {
  size_t at = 0;
  bool canonical = true;
  if (text.size() >= 5 && is_digit(text[0]) && text[4] == ' ') {  // 2013 Mar 11 15:22:43
    out.year = four_digits(text.data());
    if (out.year < 0) return false;
    canonical = false;
    at = 5;
  }
  if (text.size() < at + 13 || text[at + 3] != ' ') return false;
  out.month = month_number(text.data() + at);
  if (out.month == 0) return false;
  const char* name = text.data() + at;
  canonical = canonical && is_upper(name[0]) && !is_upper(name[1]) && !is_upper(name[2]);
  at += 4;
  out.form = TimeForm::rfc3164;
  if (!read_day(text, at, out)) return false;
  if (out.year == WrittenTime::kNoYear && text.size() > at + 4 && text[at + 4] == ' ') {
    out.year = four_digits(text.data() + at);
    if (out.year < 0) return false;
    canonical = canonical && out.form == TimeForm::rfc3164;
    out.form = TimeForm::rfc3164_year;
    at += 5;
  }
  if (!is_date(out) || !read_clock(text, at, out)) return false;
  if (!canonical || out.second == 60 || (out.digits > 0 && out.point != '.')) out.form = TimeForm::none;
  out.rendered = out.form == TimeForm::none ? 0 : out.length;
  return true;
}

bool may_have_tail(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  if (text[at] != ' ') return !ends_time(text, at);
  if (at + 4 > text.size()) return false;  // no name or offset is shorter than three octets, no year than four
  const char* p = text.data() + at + 1;
  if (is_digit(p[0])) return is_digit(p[1]) && is_digit(p[2]) && at + 4 < text.size() && is_digit(p[3]);
  if (p[0] == 'T' && p[1] == 'Z' && (p[2] == '-' || p[2] == '+')) return true;
  if (is_upper(p[0])) return is_upper(p[1]) && is_upper(p[2]) && (ends_time(text, at + 4) || ends_time(text, at + 5));
  return p[0] == '+' || p[0] == '-';
}

namespace {

// A year behind the time ("Dec  3 09:10:12 2019"). Returns the octets read.
size_t read_tail_year(std::string_view rest, WrittenTime& out) {
  if (out.year != WrittenTime::kNoYear || rest.size() < 4 || !ends_time(rest, 4)) return 0;
  WrittenTime dated = out;
  dated.year = four_digits(rest.data());
  if (dated.year < 1970 || dated.year > 2099 || !is_date(dated)) return 0;
  out.year = dated.year;
  return 4;
}

// "+02:00", "+0200"; glued also "Z" and "+02"; "TZ-6", as RFC 3164 shows it.
size_t read_tail_offset(std::string_view rest, bool glued, WrittenTime& out) {
  int32_t offset = 0;
  size_t length = 0;
  if (rest.starts_with("TZ") && rest.size() > 3 && is_digit(rest[3])) {
    length = rest.size() > 4 && is_digit(rest[4]) ? 5 : 4;
    const int hours = length == 5 ? two_digits(rest.data() + 3) : rest[3] - '0';
    if (hours > 23) return 0;
    offset = (rest[2] == '-' ? -hours : hours) * 3600;
  } else {
    length = read_offset(rest, offset);
    if (!glued && length < 5) return 0;
  }
  if (length == 0 || !ends_time(rest, length)) return 0;
  out.has_offset = true;
  out.offset = offset;
  return length;
}

size_t read_tail_zone_name(std::string_view rest, WrittenTime& out) {
  for (const ZoneName& zone : kZoneNames) {
    const size_t n = zone.name.size();
    if (!rest.starts_with(zone.name) || !ends_time(rest, n)) continue;
    if (!zone.plain && (n == rest.size() || rest[n] != ':')) continue;
    out.zone_name = rest.substr(0, n);
    return n;
  }
  return 0;
}

}  // namespace

void read_tail(std::string_view text, WrittenTime& out) {
  for (int parts = 0; parts < 2; ++parts) {  // "2009 CET", "CET 2009"
    const size_t at = out.length;
    if (!may_have_tail(text, at)) return;
    const bool glued = text[at] != ' ';
    const bool zoned = out.has_offset || !out.zone_name.empty();
    const std::string_view rest = text.substr(at + (glued ? 0 : 1));
    size_t length = glued ? 0 : read_tail_year(rest, out);
    if (length == 0 && !zoned) length = read_tail_offset(rest, glued, out);
    if (length == 0 && !zoned && !glued) length = read_tail_zone_name(rest, out);
    if (length == 0) return;
    out.length = static_cast<uint32_t>(at + (glued ? 0 : 1) + length);
  }
}

}  // namespace sluice
