// parse_time_spec: a point in time as people type it, read as journalctl reads --since and --until.
//
//   2026-11-23 18:15:00      2026-11-23 18:15      2026-11-23       18:15:00      18:15
//   2026-11-23T18:15:00.5Z   2026-11-23T18:15:00+01:00              Mon 2026-11-23 18:15:00
//   2026-11-23 18:15:00 UTC  2026-11-23 18:15 Europe/Berlin
//   now   today   yesterday   tomorrow   @1795457700   @1795457700.25
//   -5min   +1h   -1h30min   -2 days   5 min ago   1.5h ago   2h left
//
// A missing date is today, a missing time 00:00, missing seconds 0. What has no zone is in `zone`. A time that a change
// of clocks skips means the moment of the change; one that comes twice means the first.
// Units are those of systemd.time(7): us ms s min h d w month(s) or M (30.44 days) y (365.25 days), and their long names;
// a number without a unit counts seconds.
#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/error.h"

namespace sluice {

// Errors: one sentence that quotes the text and shows what would have been understood.
Result<Nanos> parse_time_spec(std::string_view text, Nanos now, const absl::TimeZone& zone);

}  // namespace sluice
