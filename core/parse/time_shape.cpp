#include "core/parse/time_shape.h"

#include <cstddef>

#include "core/parse/civil_time.h"

namespace sluice {
namespace {

constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

// Writes into a buffer large enough for every form: one append at the end is cheaper than one a field.
struct TextWriter {
  char text[64];
  size_t size = 0;

  void put(char c) { text[size++] = c; }
  void put(const char* from, size_t n) {
    for (size_t i = 0; i < n; ++i) put(from[i]);
  }
  void number(uint64_t value, int width) {
    for (int i = width - 1; i >= 0; --i, value /= 10)
      text[size + static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
    size += static_cast<size_t>(width);
  }
  void two(int64_t value) { number(static_cast<uint64_t>(value), 2); }
};

struct LocalTime {
  CivilDate date;
  int64_t second_of_day;
};

int64_t floor_seconds(Nanos time) {
  const int64_t seconds = time / kSecond;
  return seconds - (time % kSecond < 0);
}

LocalTime local_time(int64_t seconds, int16_t offset_minutes) {
  seconds += offset_minutes * 60;
  int64_t days = seconds / kSecondsPerDay;
  days -= seconds % kSecondsPerDay < 0;
  return {civil_from_days(days), seconds - days * kSecondsPerDay};
}

void put_date(const CivilDate& date, TextWriter& out) {
  out.number(static_cast<uint64_t>(date.year), 4);
  out.put('-');
  out.two(date.month);
  out.put('-');
  out.two(date.day);
}

void put_clock(int64_t second_of_day, TextWriter& out) {
  out.two(second_of_day / 3600);
  out.put(':');
  out.two(second_of_day / 60 % 60);
  out.put(':');
  out.two(second_of_day % 60);
}

void put_fraction(char point, Nanos nanos, int digits, TextWriter& out) {
  if (digits == 0) return;
  out.put(point);
  out.number(static_cast<uint64_t>(nanos / kFractionUnit[digits]), digits);
}

void put_day(TimeForm form, int day, TextWriter& out) {
  if (day < 10 && form != TimeForm::rfc3164_unpadded) out.put(form == TimeForm::rfc3164_zero ? '0' : ' ');
  out.number(static_cast<uint64_t>(day), day < 10 ? 1 : 2);
}

void put_syslog(TimeForm form, const LocalTime& local, TextWriter& out) {
  out.put(kMonths + 3 * (local.date.month - 1), 3);
  out.put(' ');
  put_day(form, local.date.day, out);
  out.put(' ');
  if (form == TimeForm::rfc3164_year) {
    out.number(static_cast<uint64_t>(local.date.year), 4);
    out.put(' ');
  }
  put_clock(local.second_of_day, out);
}

void put_iso(char between, const LocalTime& local, TextWriter& out) {
  put_date(local.date, out);
  out.put(between);
  put_clock(local.second_of_day, out);
}

void put_offset(int16_t minutes, TextWriter& out) {
  out.put(minutes < 0 ? '-' : '+');
  const int distance = minutes < 0 ? -minutes : minutes;
  out.two(distance / 60 % 100);
  out.put(':');
  out.two(distance % 60);
}

void put_epoch(uint64_t value, TextWriter& out) {
  int width = 1;
  for (uint64_t rest = value; rest >= 10; rest /= 10) ++width;
  out.number(value, width);
}

}  // namespace

void render_time(Nanos time, TimeShape shape, std::string& out) {
  if (shape.digits > 9) return;  // stored bytes may be anything
  const int64_t seconds = floor_seconds(time);
  const Nanos nanos = time - seconds * kSecond;
  const LocalTime local = local_time(seconds, shape.offset_minutes);
  TextWriter text;
  switch (shape.form) {
    case TimeForm::none:
      return;
    case TimeForm::rfc3339_zulu:
    case TimeForm::rfc3339_offset:
    case TimeForm::iso_t:
      put_iso('T', local, text);
      put_fraction('.', nanos, shape.digits, text);
      if (shape.form == TimeForm::rfc3339_zulu) text.put('Z');
      if (shape.form == TimeForm::rfc3339_offset) put_offset(shape.offset_minutes, text);
      break;
    case TimeForm::iso_space:
      put_iso(' ', local, text);
      put_fraction('.', nanos, shape.digits, text);
      break;
    case TimeForm::iso_space_comma:
      put_iso(' ', local, text);
      put_fraction(',', nanos, shape.digits, text);
      break;
    case TimeForm::rfc3164:
    case TimeForm::rfc3164_year:
    case TimeForm::rfc3164_unpadded:
    case TimeForm::rfc3164_zero:
      put_syslog(shape.form, local, text);
      put_fraction('.', nanos, shape.digits, text);
      break;
    case TimeForm::epoch_seconds:
      put_epoch(static_cast<uint64_t>(seconds < 0 ? 0 : seconds), text);
      put_fraction('.', nanos, shape.digits, text);
      break;
    case TimeForm::epoch_millis:
      put_epoch(static_cast<uint64_t>(time < 0 ? 0 : time / kMillisecond), text);
      break;
    default:
      return;
  }
  out.append(text.text, text.size);
}

}  // namespace sluice
