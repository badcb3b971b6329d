#include "core/query/time_spec.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include "core/base/ascii.h"

namespace sluice {
namespace {

constexpr double kDay = 86400.0 * kSecond;

// Nanoseconds of each unit of systemd.time(7). "m" is minutes and "M" months, so case counts.
constexpr std::array<std::pair<std::string_view, double>, 33> kUnits{{
    {"us", 1e3},
    {"usec", 1e3},
    {"\xc2\xb5s", 1e3},
    {"ms", 1e6},
    {"msec", 1e6},
    {"s", 1e9},
    {"sec", 1e9},
    {"second", 1e9},
    {"seconds", 1e9},
    {"m", 60e9},
    {"min", 60e9},
    {"minute", 60e9},
    {"minutes", 60e9},
    {"h", 3600e9},
    {"hr", 3600e9},
    {"hour", 3600e9},
    {"hours", 3600e9},
    {"d", kDay},
    {"day", kDay},
    {"days", kDay},
    {"w", 7 * kDay},
    {"week", 7 * kDay},
    {"weeks", 7 * kDay},
    {"M", 30.44 * kDay},
    {"month", 30.44 * kDay},
    {"months", 30.44 * kDay},
    {"y", 365.25 * kDay},
    {"year", 365.25 * kDay},
    {"years", 365.25 * kDay},
    {"", 1e9},
    {"mins", 60e9},
    {"secs", 1e9},
    {"hrs", 3600e9},
}};

std::optional<double> unit_nanos(std::string_view unit) {
  for (const auto& [name, nanos] : kUnits) {
    if (unit == name) return nanos;
  }
  return std::nullopt;
}

// All of `text` as a number.
template <class Number>
bool read_number(std::string_view text, Number& value) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

bool fits(double nanos) { return std::abs(nanos) < 9.2e18; }

std::string_view take_while(std::string_view& text, bool (*wanted)(unsigned char)) {
  size_t n = 0;
  while (n < text.size() && wanted(static_cast<unsigned char>(text[n]))) ++n;
  const std::string_view taken = text.substr(0, n);
  text.remove_prefix(n);
  return taken;
}

// "1h 30min", "5 min", "2.5d", "90"
std::optional<Nanos> parse_span(std::string_view text) {
  double sum = 0;
  text = ascii::strip(text);
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::string_view number = take_while(text, [](unsigned char c) { return ascii::is_digit(c) || c == '.'; });
    text = ascii::strip_left(text);
    const std::string_view unit = take_while(text, [](unsigned char c) { return ascii::is_alpha(c) || c >= 0x80; });
    text = ascii::strip_left(text);
    const auto nanos = unit_nanos(unit);
    double value = 0;
    if (number.empty() || !nanos || !read_number(number, value)) return std::nullopt;
    sum += value * *nanos;
    if (!fits(sum)) return std::nullopt;
  }
  return static_cast<Nanos>(std::llround(sum));
}

std::optional<Nanos> add(Nanos now, Nanos span) {
  Nanos sum;
  if (__builtin_add_overflow(now, span, &sum)) return std::nullopt;
  return sum;
}

std::optional<Nanos> parse_relative(std::string_view text, Nanos now) {
  const auto shifted = [&](std::string_view span_text, int sign) -> std::optional<Nanos> {
    const auto span = parse_span(span_text);
    return span ? add(now, sign * *span) : std::nullopt;
  };
  if (ascii::take_prefix(text, "-")) return shifted(text, -1);
  if (ascii::take_prefix(text, "+")) return shifted(text, 1);
  if (ascii::take_suffix(text, " ago")) return shifted(text, -1);
  if (ascii::take_suffix(text, " left")) return shifted(text, 1);
  return std::nullopt;
}

// Up to nine digits after a point, as nanoseconds.
std::optional<Nanos> parse_fraction(std::string_view digits) {
  if (digits.empty() || digits.size() > 9) return std::nullopt;
  Nanos value = 0;
  for (const char c : digits) {
    if (!ascii::is_digit(static_cast<unsigned char>(c))) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  for (size_t i = digits.size(); i < 9; ++i) value *= 10;
  return value;
}

// "@1795457700" or "@1795457700.25", by integers so that no nanosecond is lost.
std::optional<Nanos> parse_epoch(std::string_view text) {
  const size_t point = text.find('.');
  int64_t seconds = 0;
  if (!read_number(text.substr(0, point), seconds)) return std::nullopt;
  Nanos nanos = 0;
  if (__builtin_mul_overflow(seconds, kSecond, &nanos)) return std::nullopt;
  if (point == std::string_view::npos) return nanos;
  const auto fraction = parse_fraction(text.substr(point + 1));
  return fraction ? add(nanos, text[0] == '-' ? -*fraction : *fraction) : std::nullopt;
}

// Digits of exactly this many places, taken off the front.
std::optional<int> take_number(std::string_view& text, size_t min_places, size_t max_places) {
  const std::string_view digits = take_while(text, ascii::is_digit);
  int value = 0;
  if (digits.size() < min_places || digits.size() > max_places || !read_number(digits, value)) {
    return std::nullopt;
  }
  return value;
}

struct Clocktime {
  int hour = 0, minute = 0, second = 0;
  Nanos fraction = 0;
};

// HH:MM[:SS[.fraction]]
std::optional<Clocktime> take_clocktime(std::string_view& text) {
  Clocktime at;
  const auto hour = take_number(text, 1, 2);
  if (!hour || !ascii::take_prefix(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  at.hour = *hour;
  at.minute = *minute;
  if (!ascii::take_prefix(text, ":")) return at;
  const auto second = take_number(text, 2, 2);
  if (!second || *second > 59) return std::nullopt;
  at.second = *second;
  if (!ascii::take_prefix(text, ".")) return at;
  const auto fraction = parse_fraction(take_while(text, ascii::is_digit));
  if (!fraction) return std::nullopt;
  at.fraction = *fraction;
  return at;
}

// YYYY-MM-DD
std::optional<absl::CivilDay> take_day(std::string_view& text) {
  const auto year = take_number(text, 4, 4);
  if (!year || !ascii::take_prefix(text, "-")) return std::nullopt;
  const auto month = take_number(text, 1, 2);
  if (!month || !ascii::take_prefix(text, "-")) return std::nullopt;
  const auto day = take_number(text, 1, 2);
  if (!day) return std::nullopt;
  const absl::CivilDay civil(*year, *month, *day);
  // CivilDay turns February 30 into March 2.
  if (civil.month() != *month || civil.day() != *day) return std::nullopt;
  return civil;
}

void skip_weekday(std::string_view& text) {
  std::string_view rest = text;
  const std::string_view word = take_while(rest, ascii::is_alpha);
  if (word.size() < 3 || !rest.starts_with(' ')) return;
  for (const std::string_view day : {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}) {
    if (word.size() <= day.size() && ascii::equal_ignoring_case(day.substr(0, word.size()), word)) {
      text = ascii::strip_left(rest);
      return;
    }
  }
}

// What follows the time: nothing, Z, +01:00, or a blank and a zone's name.
std::optional<absl::TimeZone> parse_zone(std::string_view text, const absl::TimeZone& otherwise) {
  text = ascii::strip(text);
  if (text.empty()) return otherwise;
  if (text == "Z" || text == "z" || text == "UTC") return absl::UTCTimeZone();
  if (text[0] == '+' || text[0] == '-') {
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hour = take_number(text, 2, 4);
    if (!hour) return std::nullopt;
    if (text.empty()) {  // +0100 or +01
      const int minutes = *hour > 99 ? *hour / 100 * 60 + *hour % 100 : *hour * 60;
      if (minutes >= 24 * 60) return std::nullopt;
      return absl::FixedTimeZone(sign * minutes * 60);
    }
    if (!ascii::take_prefix(text, ":")) return std::nullopt;
    const auto minute = take_number(text, 2, 2);
    if (!minute || !text.empty() || *hour > 23 || *minute > 59) return std::nullopt;
    return absl::FixedTimeZone(sign * (*hour * 3600 + *minute * 60));
  }
  absl::TimeZone named;
  if (!absl::LoadTimeZone(std::string(text), &named)) return std::nullopt;
  return named;
}

std::optional<Nanos> to_nanos(absl::CivilSecond civil, Nanos fraction, const absl::TimeZone& zone) {
  const int64_t seconds = absl::ToUnixSeconds(absl::FromCivil(civil, zone));
  Nanos nanos = 0;
  if (__builtin_mul_overflow(seconds, kSecond, &nanos)) return std::nullopt;
  return add(nanos, fraction);
}

std::optional<Nanos> parse_absolute(std::string_view text, absl::CivilDay today, const absl::TimeZone& zone) {
  skip_weekday(text);
  std::string_view rest = text;
  const auto day = take_day(rest);
  if (day && (rest.empty() || rest[0] == ' ')) {
    std::string_view after = ascii::strip_left(rest);
    if (after.empty() || !ascii::is_digit(static_cast<unsigned char>(after[0]))) {
      const auto named = parse_zone(after, zone);
      return named ? to_nanos(absl::CivilSecond(*day), 0, *named) : std::nullopt;
    }
  }
  if (day) {
    if (rest[0] != ' ' && rest[0] != 'T' && rest[0] != 't') return std::nullopt;
    rest = ascii::strip_left(rest.substr(1));
  } else {
    rest = text;
  }
  const auto at = take_clocktime(rest);
  if (!at) return std::nullopt;
  const auto named = parse_zone(rest, zone);
  if (!named) return std::nullopt;
  const absl::CivilDay d = day.value_or(today);
  return to_nanos(absl::CivilSecond(d.year(), d.month(), d.day(), at->hour, at->minute, at->second), at->fraction,
                  *named);
}

std::optional<Nanos> parse_word(std::string_view text, Nanos now, absl::CivilDay today, const absl::TimeZone& zone) {
  if (text == "now") return now;
  if (text == "today") return to_nanos(absl::CivilSecond(today), 0, zone);
  if (text == "yesterday") return to_nanos(absl::CivilSecond(today - 1), 0, zone);
  if (text == "tomorrow") return to_nanos(absl::CivilSecond(today + 1), 0, zone);
  return std::nullopt;
}

}  // namespace

Result<Nanos> parse_time_spec(std::string_view text, Nanos now, const absl::TimeZone& zone) {
  const std::string_view given = ascii::strip(text);
  const absl::CivilDay today = absl::ToCivilDay(absl::FromUnixNanos(now), zone);
  std::optional<Nanos> time = parse_word(given, now, today, zone);
  if (!time && given.starts_with('@')) time = parse_epoch(given.substr(1));
  if (!time) time = parse_relative(given, now);
  if (!time) time = parse_absolute(given, today, zone);
  if (time) return *time;
  return Unexpected(Error{"'" + std::string(text) +
                          "' is not a time: give \"2026-11-23 18:15:00\", a date, a time, yesterday, today, now, "
                          "-5min, \"2h ago\" or @1795457700"});
}

}  // namespace sluice
