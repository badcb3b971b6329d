#include "core/parse/time_format.h"

#include <array>
#include <limits>

#include "core/parse/civil_time.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 12> kMonthNames = {"january",   "february", "march",    "april",
                                                          "may",       "june",     "july",     "august",
                                                          "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};

// The whole name in any case, or its first three letters. Returns the octets read, 0 for none.
size_t read_name(std::string_view text, std::string_view name) {
  size_t same = 0;
  while (same < name.size() && same < text.size() && (text[same] | 0x20) == name[same]) ++same;
  return same == name.size() ? same : same >= 3 ? 3 : 0;
}

template <size_t n>
size_t read_one_of(std::string_view text, const std::array<std::string_view, n>& names, int& index) {
  for (size_t i = 0; i < n; ++i) {
    if (const size_t length = read_name(text, names[i])) {
      index = static_cast<int>(i);
      return length;
    }
  }
  return 0;
}

// 1 to `most` digits. Returns the octets read.
size_t read_number(std::string_view text, size_t most, int64_t& value) {
  size_t n = 0;
  value = 0;
  while (n < most && n < text.size() && is_digit(text[n])) value = value * 10 + (text[n++] - '0');
  return n;
}

bool has(std::string_view directives, char d) { return directives.find(d) != std::string_view::npos; }

}  // namespace

// What a pattern says in pieces, put together at its end.
struct TimeFormat::Progress {
  size_t at = 0;
  int hour12 = -1;
  int pm = -1;
  int day_of_year = -1;
  bool epoch = false;
  int64_t epoch_seconds = 0;
};

bool TimeFormat::expand(std::string_view pattern, std::vector<Step>& steps, std::string& unknown) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == ' ' || pattern[i] == '\t') {
      if (steps.empty() || steps.back().directive != ' ') steps.push_back({' ', 0});
      continue;
    }
    if (pattern[i] != '%') {
      steps.push_back({0, pattern[i]});
      continue;
    }
    const char d = ++i < pattern.size() ? pattern[i] : '\0';
    bool ok = true;
    if (d == '%') {
      steps.push_back({0, '%'});
    } else if (d == 'n' || d == 't') {
      steps.push_back({' ', 0});
    } else if (d == 'F') {
      ok = expand("%Y-%m-%d", steps, unknown);
    } else if (d == 'T') {
      ok = expand("%H:%M:%S", steps, unknown);
    } else if (d == 'R') {
      ok = expand("%H:%M", steps, unknown);
    } else if (d == 'D') {
      ok = expand("%m/%d/%y", steps, unknown);
    } else if (d != '\0' && has("YymbBhdejHIpMSfzZsaA", d)) {
      steps.push_back({d == 'B' || d == 'h' ? 'b' : d == 'e' ? 'd' : d == 'A' ? 'a' : d, 0});
    } else {
      unknown = d == '\0' ? "%" : std::string("%") + d;
      ok = false;
    }
    if (!ok) return false;
  }
  return true;
}

Result<TimeFormat> TimeFormat::compile(std::string_view pattern) {
  TimeFormat format;
  format.pattern_ = pattern;
  while (!pattern.empty() && pattern.back() == ' ') pattern.remove_suffix(1);
  std::string unknown;
  const auto failed = [&](std::string why) {
    return Unexpected(Error{"time format '" + format.pattern_ + "': " + std::move(why)});
  };
  if (!expand(pattern, format.steps_, unknown)) return failed("unknown directive " + unknown);
  std::string directives;
  for (const Step& step : format.steps_) {
    if (step.directive == 0 || step.directive == ' ') continue;
    if (step.directive != 'a' && has(directives, step.directive)) {
      return failed(std::string("%") + step.directive + " comes twice");
    }
    directives += step.directive;
  }
  const bool dated = has(directives, 's') || has(directives, 'j') ||
                     (has(directives, 'd') && (has(directives, 'm') || has(directives, 'b')));
  if (!dated) return failed("needs a day (%d) and a month (%m or %b)");
  if (!has(directives, 's') && !has(directives, 'H') && !has(directives, 'I')) return failed("needs an hour (%H)");
  if (has(directives, 'I') && !has(directives, 'p')) return failed("%I needs %p");
  return format;
}

bool TimeFormat::read_step(Step step, std::string_view text, Progress& progress, WrittenTime& out) const {
  size_t& at = progress.at;
  const std::string_view rest = text.substr(at);
  if (step.directive == 0) {
    if (rest.empty() || rest[0] != step.literal) return false;
    ++at;
    return true;
  }
  if (step.directive == ' ') {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    return true;
  }
  int64_t value = 0;
  int index = 0;
  size_t length = 0;
  switch (step.directive) {
    case 'Y':
      length = read_number(rest, 4, value);
      if (length != 4) return false;
      out.year = static_cast<int>(value);
      break;
    case 'y':
      length = read_number(rest, 2, value);
      if (length != 2) return false;
      out.year = static_cast<int>(value < 69 ? 2000 + value : 1900 + value);
      break;
    case 'm':
      length = read_number(rest, 2, value);
      out.month = static_cast<int>(value);
      break;
    case 'b':
      length = read_one_of(rest, kMonthNames, index);
      out.month = index + 1;
      break;
    case 'd': {
      const size_t blanks = rest.starts_with(' ') ? 1 : 0;
      length = read_number(rest.substr(blanks), 2, value);
      if (length > 0) length += blanks;
      out.day = static_cast<int>(value);
      break;
    }
    case 'j':
      length = read_number(rest, 3, value);
      progress.day_of_year = static_cast<int>(value);
      break;
    case 'H':
      length = read_number(rest, 2, value);
      out.hour = static_cast<int>(value);
      break;
    case 'I':
      length = read_number(rest, 2, value);
      progress.hour12 = static_cast<int>(value);
      break;
    case 'p':
      if (rest.size() < 2 || (rest[1] | 0x20) != 'm') return false;
      progress.pm = (rest[0] | 0x20) == 'p' ? 1 : (rest[0] | 0x20) == 'a' ? 0 : -1;
      length = progress.pm < 0 ? 0 : 2;
      break;
    case 'M':
      length = read_number(rest, 2, value);
      out.minute = static_cast<int>(value);
      break;
    case 'S':
      length = read_number(rest, 2, value);
      out.second = static_cast<int>(value);
      break;
    case 'f':
      length = read_number(rest, 9, value);
      out.digits = static_cast<uint8_t>(length);
      out.nanos = static_cast<uint32_t>(value) * static_cast<uint32_t>(kFractionUnit[length]);
      out.fraction_begin = static_cast<uint32_t>(at);
      out.fraction_end = static_cast<uint32_t>(at + length);
      break;
    case 'z':
      length = read_offset(rest, out.offset);
      out.has_offset = true;
      break;
    case 'Z':
      while (length < rest.size() && length < 5 && rest[length] >= 'A' && rest[length] <= 'Z') ++length;
      out.zone_name = rest.substr(0, length);
      break;
    case 's':
      length = read_number(rest, 11, value);
      progress.epoch = true;
      progress.epoch_seconds = value;
      break;
    case 'a':
      length = read_one_of(rest, kWeekdays, index);
      break;
    default:
      return false;
  }
  at += length;
  return length > 0;
}

bool TimeFormat::read(std::string_view text, WrittenTime& out) const {
  out = {};
  Progress progress;
  for (const Step& step : steps_) {
    if (!read_step(step, text, progress, out)) return false;
  }
  if (progress.epoch) {
    const int64_t days = progress.epoch_seconds / kSecondsPerDay;
    const int64_t of_day = progress.epoch_seconds % kSecondsPerDay;
    const CivilDate date = civil_from_days(days);
    out.year = static_cast<int>(date.year);
    out.month = date.month;
    out.day = date.day;
    out.hour = static_cast<int>(of_day / 3600);
    out.minute = static_cast<int>(of_day / 60 % 60);
    out.second = static_cast<int>(of_day % 60);
    out.has_offset = true;
    out.offset = 0;
  }
  if (progress.hour12 >= 0) {
    if (progress.hour12 < 1 || progress.hour12 > 12) return false;
    out.hour = progress.hour12 % 12 + 12 * progress.pm;
  }
  if (progress.day_of_year >= 0) {
    if (out.year == WrittenTime::kNoYear || progress.day_of_year < 1) return false;
    const CivilDate date = civil_from_days(days_from_civil(out.year, 1, 1) + progress.day_of_year - 1);
    if (date.year != out.year) return false;
    out.month = date.month;
    out.day = date.day;
  }
  constexpr int kSomeLeapYear = 2000;
  if (out.month < 1 || out.month > 12 || out.day < 1 || out.hour > 23 || out.minute > 59 || out.second > 60)
    return false;
  if (out.day > days_in_month(out.year == WrittenTime::kNoYear ? kSomeLeapYear : out.year, out.month)) return false;

  out.form = TimeForm::none;
  out.length = static_cast<uint32_t>(progress.at);
  const uint32_t begin = out.fraction_begin;
  if (out.fraction_end > 0 && begin > 0 && (text[begin - 1] == '.' || text[begin - 1] == ',')) {
    out.fraction = Fraction::always;
    out.point = text[begin - 1];
    out.fraction_begin = begin - 1;
  } else {  // as if all of it, fraction included, were the text up to the second
    out.fraction = Fraction::never;
    out.fraction_begin = out.fraction_end = out.length;
  }
  return out.length > 0;
}

}  // namespace sluice
