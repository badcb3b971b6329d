// TimeZone: a zone's rules, by IANA name or the machine's own. ZoneOffsets: one thread's quick view of it.
//
//   Result<TimeZone> zone = TimeZone::load("Europe/Berlin");      // "": the machine's (honours TZ)
//   ZoneOffsets offsets(&*zone);
//   LocalOffset o = offsets.at_local(local_seconds, received_seconds);
//   int64_t utc = local_seconds - o.seconds;
//
// Around a change of offset a local time exists twice or not at all. Twice: the first reading, unless the line was
// received within a day after the second one and is nearer to that. Not at all: read as if the clock had not been
// put forward yet.
//
// Threads: TimeZone is immutable and safe from any thread; ZoneOffsets belongs to one.
// Memory:  no allocation per lookup. ZoneOffsets remembers the span of time without a change around its last answer,
//          so that the common case is two comparisons.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/base/error.h"

namespace sluice {

class TimeZone {
 public:
  // Fails with a sentence when there is no such zone on this machine.
  static Result<TimeZone> load(const std::string& name);
  static TimeZone local();
  static TimeZone utc();

  std::string name() const { return zone_.name(); }

 private:
  friend class ZoneOffsets;
  explicit TimeZone(absl::TimeZone zone) : zone_(zone) {}
  absl::TimeZone zone_;
};

struct LocalOffset {
  int32_t seconds = 0;     // local time minus UTC
  bool ambiguous = false;  // the local time exists twice or not at all: another time of receipt may give another answer
};

class ZoneOffsets {
 public:
  explicit ZoneOffsets(const TimeZone* zone);  // null: the machine's. Copies what it needs.

  // `local` counts seconds since 1970-01-01T00:00:00 on the local clock; `received` is UTC.
  LocalOffset at_local(int64_t local, int64_t received) {
    if (local >= from_ && local < until_) return {offset_, false};
    return look_up(local, received);
  }
  int32_t at_utc(int64_t seconds) const;

  // Whether the zone calls itself `name` (as in "CEST") at that local time, and its offset then.
  bool is_called(std::string_view name, int64_t local, int32_t& offset) const;

 private:
  LocalOffset look_up(int64_t local, int64_t received);
  void remember_span(absl::Time time, int32_t offset);

  absl::TimeZone zone_;
  int64_t from_ = 0;   // local times from here
  int64_t until_ = 0;  // to before here have offset_
  int32_t offset_ = 0;
};

}  // namespace sluice
