// Query: what a reader of the store asks for. Plain data; compiled into a Scan (scan.h), answered by a Timeline
// (timeline.h).
//
//   Query query;
//   query.since = *parse_time_spec("-1h", now, zone);
//   query.severities = *parse_severities("err");           // err and worse
//   query.app_names = {"sshd"};
//   query.pattern = "failed password";                     // all lower case: case does not matter
//
// Conditions of different kinds must all hold; of one kind (several app_names) any.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"

namespace sluice {

enum class CaseRule : uint8_t {
  smart,  // a pattern without an upper-case letter ignores case
  sensitive,
  insensitive,
};

struct Query {
  // Of the record's own time, both ends included.
  Nanos since = std::numeric_limits<Nanos>::min();
  Nanos until = std::numeric_limits<Nanos>::max();
  uint8_t severities = 0xff;           // bit i: severity i is wanted
  std::vector<std::string> app_names;  // exact; empty: any
  std::vector<std::string> hostnames;  // exact; empty: any
  std::string pattern;                 // RE2, found anywhere in the message; empty: any
  CaseRule case_rule = CaseRule::smart;

  bool reverse = false;          // newest first
  std::optional<uint64_t> last;  // only the newest so many lines
  bool every_repeat = false;     // a collapsed line counts as often as it came
};

}  // namespace sluice
