// What an operator types: any text is a time, a severity, a pattern, or an error in one line.
#include <limits>
#include <string>

#include "absl/time/time.h"
#include "core/query/scan.h"
#include "core/query/severity.h"
#include "core/query/time_spec.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

const char* const kExamples[] = {
    "\x01"
    "2026-11-23 18:15:00.25 Europe/Berlin",
    "\x02"
    "1h 30min ago",
    "\x03"
    "@1795457700.5",
    "\x04"
    "Mon 2026-11-23T18:15:00+01:00",
    "\x05"
    "err..warning",
    "\x06"
    "(a|b)*[c-d]{2,5}failed$",
    nullptr};

void check_sentence(const Error& error) { fuzz_check(!error.message.empty(), "an error says something"); }

void check(FuzzInput input) {
  const Nanos now = input.byte() % 2 == 0 ? 1'795'457'700 * kSecond : std::numeric_limits<Nanos>::max();
  const std::string text(input.rest().substr(0, 200));

  if (const auto time = parse_time_spec(text, now, absl::UTCTimeZone()); !time) check_sentence(time.error());
  if (const auto set = parse_severities(text); set) {
    fuzz_check(*set != 0, "a set of severities is not empty");
  } else {
    check_sentence(set.error());
  }
  const auto scan = Scan::compile({.pattern = text});
  if (!scan) return check_sentence(scan.error());
  StoredRecord record;
  record.message = text;
  std::string scratch;
  scan->matches_message(record, scratch);
}

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() { return sluice::kExamples; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check(sluice::FuzzInput(data, size));
  return 0;
}
