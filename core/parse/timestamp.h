// TimestampReader: reads the times that log senders write.
//
//   TimestampReader reader(options);
//   ReadTime read;
//   if (reader.read_rfc5424(text, received, read)) ...      // at the start of `text`, up to a blank or its end
//   if (reader.read_rfc3164(text, received, read)) ...      // at the start of `text`, up to a blank, ':', ',' or its end
//   if (auto t = reader.read(text, received)) ...           // the whole text, as in a JSON field
//
// Understood: RFC 3339, with a blank for the T, a comma for the point, up to nine fraction digits (more are cut), and
// without a zone; `Mmm dd hh:mm:ss` in every dialect known (day padded or not, year before the month, before or
// after the time, fraction, zone name or offset); seconds, milli-, micro- and nanoseconds since 1970; then the
// configured formats.
//
// Assumptions are told as EventFlags: kYearAssumed, kZoneAssumed, kLeapSecond; kTimeAssumed for a well-formed time that
// 64-bit nanoseconds can't hold (`time` is then the time of receipt). A missing year is the one that puts the time
// nearest to its receipt, at most kMaxAhead in the future: lines come late, seldom early.
//
// Each reader serves one of the three functions: what the cache remembers was read by that one's rules.
//
// Threads: one thread (it has a cache). Memory: none per read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/parse/parser.h"
#include "core/parse/read_time.h"
#include "core/parse/time_format.h"
#include "core/parse/time_format_cache.h"
#include "core/parse/time_zone.h"
#include "core/parse/written_time.h"

namespace sluice {

// A clock that is ahead by more than a month is less likely than a line that is eleven months old.
inline constexpr Nanos kMaxAhead = 31 * 86'400 * kSecond;

class TimestampReader {
 public:
  explicit TimestampReader(const ParserOptions& options);

  bool read_rfc5424(std::string_view text, Nanos received, ReadTime& out);
  bool read_rfc3164(std::string_view text, Nanos received, ReadTime& out);
  std::optional<ReadTime> read(std::string_view text, Nanos received);

 private:
  bool find_cached(std::string_view text, Nanos received, ReadTime& out) {
    return use_cache_ && cache_.find(text, received, out);
  }
  bool read_standard(std::string_view text, Nanos received, bool with_tail, ReadTime& out);
  bool read_epoch(std::string_view text, Nanos received, ReadTime& out);
  bool read_configured(std::string_view text, Nanos received, bool (*ends)(std::string_view, size_t), ReadTime& out);
  void settle(std::string_view text, const WrittenTime& written, Nanos received, ReadTime& out);

  ZoneOffsets zone_;
  std::vector<TimeFormat> formats_;
  TimeFormatCache cache_;
  const bool use_cache_;
};

}  // namespace sluice
