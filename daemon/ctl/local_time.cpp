#include "daemon/ctl/local_time.h"

namespace sluice {
namespace {

// Towards the past, so that the fraction is never negative.
int64_t whole_seconds(Nanos time) { return time / kSecond - (time % kSecond < 0 ? 1 : 0); }

}  // namespace

void LocalTime::recall(int64_t second) {
  if (known_ && second == second_) return;
  known_ = true;
  second_ = second;
  const absl::Time time = absl::FromUnixSeconds(second);
  short_ = absl::FormatTime("%b %d %H:%M:%S", time, zone_);
  iso_ = absl::FormatTime("%Y-%m-%dT%H:%M:%S", time, zone_);
  offset_ = absl::FormatTime("%Ez", time, zone_);
}

void LocalTime::append_short(Nanos time, std::string& out) {
  recall(whole_seconds(time));
  out += short_;
}

void LocalTime::append_iso(Nanos time, std::string& out) {
  const int64_t second = whole_seconds(time);
  recall(second);
  char fraction[] = ".000000";
  auto micros = static_cast<uint32_t>((time - second * kSecond) / kMicrosecond);
  for (int i = 6; i >= 1; --i, micros /= 10) fraction[i] = static_cast<char>('0' + micros % 10);
  out += iso_;
  out += fraction;
  out += offset_;
}

}  // namespace sluice
