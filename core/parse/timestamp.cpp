#include "core/parse/timestamp.h"

#include <algorithm>
#include <limits>

#include "core/parse/civil_time.h"
#include "core/parse/event.h"

namespace sluice {
namespace {

constexpr int64_t kMaxSeconds = std::numeric_limits<Nanos>::max() / kSecond - 1;
constexpr int64_t kMinSeconds = std::numeric_limits<Nanos>::min() / kSecond + 1;

int64_t floor_seconds(Nanos time) { return time / kSecond - (time % kSecond < 0); }

bool ends_5424(std::string_view text, size_t at) { return at >= text.size() || text[at] == ' '; }

bool ends_3164(std::string_view text, size_t at) {
  return at >= text.size() || text[at] == ' ' || text[at] == ':' || text[at] == ',';
}

int64_t clock_seconds(const WrittenTime& t) { return t.hour * 3600 + t.minute * 60 + t.second; }

bool exists(int64_t year, const WrittenTime& t) { return t.day <= days_in_month(year, t.month); }

// What a time without a year means, and for which times of receipt it means that.
struct GuessedYear {
  int64_t local_seconds;
  Nanos valid_from;
  Nanos valid_until;
};

Nanos nanos_before(int64_t seconds, Nanos before) {
  if (seconds > kMaxSeconds) return std::numeric_limits<Nanos>::max();
  if (seconds < kMinSeconds + before / kSecond) return std::numeric_limits<Nanos>::min();
  return seconds * kSecond - before;
}

// The last year in which the time is at most kMaxAhead after its receipt. Local time is compared with UTC: a month's
// bound does not care for hours, and so the guess depends on nothing but the two.
GuessedYear guess_year(const WrittenTime& t, Nanos received) {
  const int64_t latest = floor_seconds(received) + kMaxAhead / kSecond;
  const auto local_in = [&](int64_t year) {
    return days_from_civil(year, t.month, t.day) * kSecondsPerDay + clock_seconds(t);
  };
  const int64_t days = latest / kSecondsPerDay - (latest % kSecondsPerDay < 0);
  int64_t year = civil_from_days(days).year;
  while (!exists(year, t) || local_in(year) > latest) --year;  // at most nine times: 29 February around 2100
  int64_t next = year + 1;
  while (!exists(next, t)) ++next;
  return {local_in(year), nanos_before(local_in(year), kMaxAhead), nanos_before(local_in(next), kMaxAhead)};
}

}  // namespace

TimestampReader::TimestampReader(const ParserOptions& options) : zone_(options.zone), use_cache_(options.time_cache) {
  for (const std::string& pattern : options.time_formats) {
    // config/ has refused what does not compile; here such a pattern just reads nothing.
    if (auto format = TimeFormat::compile(pattern)) formats_.push_back(std::move(*format));
  }
}

bool TimestampReader::read_rfc5424(std::string_view text, Nanos received, ReadTime& out) {
  if (find_cached(text, received, out) && ends_5424(text, out.length)) return true;
  return (read_standard(text, received, false, out) || read_epoch(text, received, out)) && ends_5424(text, out.length);
}

bool TimestampReader::read_rfc3164(std::string_view text, Nanos received, ReadTime& out) {
  if (find_cached(text, received, out) && ends_3164(text, out.length) && !may_have_tail(text, out.length)) return true;
  if (read_standard(text, received, true, out) && ends_3164(text, out.length)) return true;
  return read_configured(text, received, ends_3164, out);
}

std::optional<ReadTime> TimestampReader::read(std::string_view text, Nanos received) {
  ReadTime out;
  if (find_cached(text, received, out) && out.length == text.size()) return out;
  if (read_standard(text, received, true, out) && out.length == text.size()) return out;
  if (read_epoch(text, received, out) && out.length == text.size()) return out;
  const auto ends_text = [](std::string_view whole, size_t at) { return at == whole.size(); };
  if (read_configured(text, received, ends_text, out)) return out;
  return std::nullopt;
}

bool TimestampReader::read_standard(std::string_view text, Nanos received, bool with_tail, ReadTime& out) {
  WrittenTime written;
  if (!read_iso(text, written)) {
    written = {};
    if (!with_tail || !read_month_name(text, written)) return false;  // a month's name stands only where a tail may
  }
  if (with_tail) read_tail(text, written);
  settle(text, written, received, out);
  return true;
}

bool TimestampReader::read_configured(std::string_view text, Nanos received, bool (*ends)(std::string_view, size_t),
                                      ReadTime& out) {
  for (const TimeFormat& format : formats_) {
    WrittenTime written;
    if (!format.read(text, written) || !ends(text, written.length)) continue;
    settle(text, written, received, out);
    return true;
  }
  return false;
}

void TimestampReader::settle(std::string_view text, const WrittenTime& written, Nanos received, ReadTime& out) {
  out.length = written.length;
  out.flags = 0;
  TimeReading reading;
  bool cacheable = use_cache_ && written.second != 60;

  int32_t offset = written.offset;
  bool zoned = written.has_offset;
  int64_t local = 0;
  if (written.year != WrittenTime::kNoYear) {
    local = days_from_civil(written.year, written.month, written.day) * kSecondsPerDay + clock_seconds(written);
  } else {
    const GuessedYear guess = guess_year(written, received);
    local = guess.local_seconds;
    reading.valid_from = guess.valid_from;
    reading.valid_until = guess.valid_until;
    out.flags |= kYearAssumed;
  }
  if (!zoned && !written.zone_name.empty()) {
    zoned = zone_.is_called(written.zone_name, local, offset) || zone_name_offset(written.zone_name, offset);
  }
  if (!zoned) {
    const LocalOffset found = zone_.at_local(local, floor_seconds(received));
    offset = found.seconds;
    out.flags |= kZoneAssumed;
    cacheable = cacheable && !found.ambiguous;
  }
  if (written.second == 60) out.flags |= kLeapSecond;

  const int64_t seconds = local - offset;
  if (seconds >= kMaxSeconds || seconds <= kMinSeconds) {
    out = {.time = received, .shape = {}, .flags = kTimeAssumed, .length = written.length, .rendered = 0};
    return;
  }
  out.time = seconds * kSecond + written.nanos;
  const TimeForm form = offset % 60 == 0 ? written.form : TimeForm::none;
  out.shape = {form, written.digits, static_cast<int16_t>(offset / 60)};
  out.rendered = form == TimeForm::none ? 0 : written.rendered;
  if (form == TimeForm::none) out.shape = {};
  if (!cacheable) return;

  // A point without digits belongs to the text up to the second, as every fraction of a format that has no point does.
  const bool has_fraction = written.digits > 0 && written.fraction != Fraction::never;
  const bool cut = has_fraction && written.fraction_end - written.fraction_begin - 1 != written.digits;
  if (cut || (!has_fraction && written.fraction_end != written.fraction_begin)) return;
  reading.prefix = text.substr(0, written.fraction_begin);
  reading.suffix = text.substr(written.fraction_end, written.length - written.fraction_end);
  reading.base = has_fraction ? seconds * kSecond : out.time;
  reading.shape = out.shape;
  reading.flags = out.flags;
  reading.rendered_suffix = out.rendered > written.fraction_end ? out.rendered - written.fraction_end : 0;
  // With a comma the form differs from that of the same time without a fraction.
  reading.fraction = has_fraction && written.point == ',' ? Fraction::always : written.fraction;
  reading.point = written.point;
  cache_.keep(reading);
}

// Seconds with an optional fraction, or an integer whose size tells its unit: 12 to 14 digits are milliseconds (from
// 1973 on), 15 to 17 microseconds, 18 and 19 nanoseconds.
bool TimestampReader::read_epoch(std::string_view text, Nanos received, ReadTime& out) {
  size_t digits = 0;
  uint64_t value = 0;
  while (digits < text.size() && digits < 19 && is_digit(text[digits])) {
    value = value * 10 + static_cast<uint64_t>(text[digits++] - '0');
  }
  if (digits == 0 || (digits < text.size() && is_digit(text[digits]))) return false;
  const bool canonical = digits == 1 || text[0] != '0';
  out = {.time = received, .shape = {}, .flags = 0, .length = static_cast<uint32_t>(digits), .rendered = 0};
  if (digits >= 12) {
    const uint64_t unit = digits <= 14 ? kMillisecond : digits <= 17 ? kMicrosecond : 1;
    uint64_t nanos = 0;
    if (__builtin_mul_overflow(value, unit, &nanos) || nanos > static_cast<uint64_t>(kMaxSeconds) * kSecond) {
      out.flags = kTimeAssumed;
      return true;
    }
    out.time = static_cast<Nanos>(nanos);
    if (canonical && unit == kMillisecond) out.shape.form = TimeForm::epoch_millis;
  } else {
    uint32_t nanos = 0;
    size_t end = digits;
    size_t fraction = 0;
    if (end < text.size() && text[end] == '.') {
      for (++end; end < text.size() && is_digit(text[end]); ++end, ++fraction) {
        if (fraction < 9) nanos = nanos * 10 + static_cast<uint32_t>(text[end] - '0');
      }
      if (fraction == 0) return false;
      nanos *= static_cast<uint32_t>(kFractionUnit[std::min<size_t>(fraction, 9)]);
    }
    out.length = static_cast<uint32_t>(end);
    if (value >= static_cast<uint64_t>(kMaxSeconds)) {
      out.flags = kTimeAssumed;
      return true;
    }
    out.time = static_cast<Nanos>(value) * kSecond + nanos;
    if (canonical && fraction <= 9) out.shape = {TimeForm::epoch_seconds, static_cast<uint8_t>(fraction), 0};
  }
  if (out.shape.form != TimeForm::none) out.rendered = out.length;
  return true;
}

}  // namespace sluice
