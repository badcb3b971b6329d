// LocalTime: an instant as text in a time zone, quickly for many instants of the same second.
//
//   LocalTime local(absl::LocalTimeZone());
//   local.append_short(time, out);       // Nov 23 10:15:30
//   local.append_iso(time, out);         // 2026-11-23T10:15:30.123456+01:00
//
// Threads: one (it remembers the last second).
#pragma once

#include <string>

#include "absl/time/time.h"
#include "core/base/clock.h"

namespace sluice {

class LocalTime {
 public:
  explicit LocalTime(absl::TimeZone zone) : zone_(zone) {}

  void append_short(Nanos time, std::string& out);
  // RFC 3339 with microseconds.
  void append_iso(Nanos time, std::string& out);

 private:
  void recall(int64_t second);

  const absl::TimeZone zone_;
  int64_t second_ = 0;
  bool known_ = false;
  std::string short_;   // Nov 23 10:15:30
  std::string iso_;     // 2026-11-23T10:15:30
  std::string offset_;  // +01:00
};

}  // namespace sluice
