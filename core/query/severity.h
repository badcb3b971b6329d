// The names of severities, as syslog(3) and journalctl write them, and the ranges that `-p` takes.
//
//   parse_severities("err")           // emerg, alert, crit and err
//   parse_severities("3")             // the same
//   parse_severities("err..warning")  // these two and what lies between, in either order
//   parse_severities("info..info")    // this one only
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/error.h"

namespace sluice {

// "emerg" for 0 to "debug" for 7. REQUIRES: severity < 8
std::string_view severity_name(uint8_t severity);

// A set of severities, bit i for severity i. Names in any case; "panic", "error" and "warn" are understood too.
Result<uint8_t> parse_severities(std::string_view text);

}  // namespace sluice
