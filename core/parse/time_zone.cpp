#include "core/parse/time_zone.h"

#include <cstdlib>
#include <limits>

#include "absl/time/civil_time.h"

namespace sluice {
namespace {

const absl::CivilSecond kEpoch(1970, 1, 1, 0, 0, 0);

int64_t magnitude(int64_t v) { return v < 0 ? -v : v; }

}  // namespace

Result<TimeZone> TimeZone::load(const std::string& name) {
  if (name.empty()) return local();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) {
    return Unexpected(Error{"unknown time zone '" + name + "' (is the package tzdata installed?)"});
  }
  return TimeZone(zone);
}

TimeZone TimeZone::local() { return TimeZone(absl::LocalTimeZone()); }

TimeZone TimeZone::utc() { return TimeZone(absl::UTCTimeZone()); }

ZoneOffsets::ZoneOffsets(const TimeZone* zone) : zone_(zone != nullptr ? zone->zone_ : absl::LocalTimeZone()) {}

int32_t ZoneOffsets::at_utc(int64_t seconds) const { return zone_.At(absl::FromUnixSeconds(seconds)).offset; }

LocalOffset ZoneOffsets::look_up(int64_t local, int64_t received) {
  const absl::TimeZone::TimeInfo info = zone_.At(kEpoch + local);
  // Not the offset at info.pre: a time that was skipped lies, read with the offset before, after the change.
  const auto before = static_cast<int32_t>(local - absl::ToUnixSeconds(info.pre));
  if (info.kind == absl::TimeZone::TimeInfo::UNIQUE) {
    remember_span(info.pre, before);
    return {before, false};
  }
  if (info.kind == absl::TimeZone::TimeInfo::REPEATED) {
    const int64_t first = absl::ToUnixSeconds(info.pre);
    const int64_t second = absl::ToUnixSeconds(info.post);
    const int64_t late = magnitude(received - second);
    if (late < 86'400 && late < magnitude(received - first)) return {zone_.At(info.post).offset, true};
  }
  return {before, true};
}

void ZoneOffsets::remember_span(absl::Time time, int32_t offset) {
  absl::TimeZone::CivilTransition change;
  // The later of the two clocks around the last change, the earlier of those around the next: local times between
  // them exist once.
  from_ = std::numeric_limits<int64_t>::min();
  // PrevTransition() counts in whole seconds and leaves its argument's own second out.
  if (zone_.PrevTransition(time + absl::Seconds(1), &change)) from_ = std::max(change.from, change.to) - kEpoch;
  until_ = std::numeric_limits<int64_t>::max();
  if (zone_.NextTransition(time, &change)) until_ = std::min(change.from, change.to) - kEpoch;
  offset_ = offset;
}

bool ZoneOffsets::is_called(std::string_view name, int64_t local, int32_t& offset) const {
  const absl::TimeZone::TimeInfo info = zone_.At(kEpoch + local);
  for (const absl::Time reading : {info.pre, info.post}) {
    const absl::TimeZone::CivilInfo civil = zone_.At(reading);
    if (name == civil.zone_abbr) {
      offset = civil.offset;
      return true;
    }
  }
  return false;
}

}  // namespace sluice
