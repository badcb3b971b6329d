// Syslog of both RFCs and the detection: the event gives the frame back, and strict reading agrees with the parser.
#include <array>
#include <memory>
#include <string>

#include "core/parse/parser.h"
#include "core/parse/strict.h"
#include "core/parse/time_zone.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/rebuild_frame.h"

namespace sluice {
namespace {

const char* const kExamples[] = {
    "\x01<34>1 2026-01-02T03:04:05.006Z web-1 sshd 4711 LOGIN [x@1 ip=\"192.0.2.1\" n=\"\\\"\"][y] root login failed",
    "\x01<34>1 - - - - - - \xef\xbb\xbftext\r",
    "\x02<34>Oct 11 22:14:15 web-1 su[42]: failed for root",
    "\x02<189>45: core-1: *Oct 11 22:14:15.123 UTC: %SYS-5-CONFIG_I: Configured",
    "\x02<187>138: RP/0/RP0/CPU0:Oct 11 22:14:15.5 UTC: snmpd[10]: %SNMP-3-AUTH_FAIL : no",
    "\x02<38>Oct 11 22:14:15 Message forwarded from aix-7: sshd[9]: Accepted",
    "\x04[Sun Oct 11 22:14:15 2026] text",
    "\x04"
    "2026-10-11 22:14:15,123 ERROR [main] a: b",
    nullptr,
};

// Parsers live on, so that a time cache full of one input meets the next.
Parser& parser_for(uint8_t choice) {
  static const TimeZone zone = TimeZone::utc();
  static const std::array<std::unique_ptr<Parser>, 4> parsers = [] {
    std::array<std::unique_ptr<Parser>, 4> made;
    for (size_t i = 0; i < made.size(); ++i) {
      ParserOptions options;
      options.format = i == 1 ? FormatChoice::rfc5424 : i == 2 ? FormatChoice::rfc3164 : FormatChoice::automatic;
      options.zone = &zone;
      options.rfc3164_bare_tag = i == 3;
      if (i == 0) options.time_formats = {"[%a %b %d %H:%M:%S %Y]", "%m-%d %H:%M:%S.%f"};
      made[i] = make_parser(options);
    }
    return made;
  }();
  return *parsers[choice % 4];
}

void check(FuzzInput input) {
  const uint8_t choice = input.byte();
  const std::string_view frame = input.rest();
  Event event;
  const ParseProblem problem =
      parser_for(choice).parse(frame, {.received = 1'795'428'930 * kSecond, .peer = "192.0.2.7"}, event);
  fuzz_check(rebuild_frame(event) == frame, "the event gives the frame back");
  fuzz_check((problem != ParseProblem::none) == ((event.flags & kUnparsed) != 0), "a problem is flagged");
  fuzz_check(event.facility < 24 && event.severity < 8, "PRI is in range");

  const auto deviation = first_deviation_rfc5424(frame);
  fuzz_check(!deviation || deviation->octet <= frame.size(), "a deviation lies in the frame");
  if (!deviation) {
    const ParseProblem strict = parser_for(1).parse(frame, {.received = 0, .peer = {}}, event);
    constexpr uint32_t kRepairs = kSdRepaired | kSdBroken | kSdIdRepeated | kFieldOverlong | kLeapSecond | kZoneAssumed;
    fuzz_check(strict == ParseProblem::none, "a message without deviation parses");
    fuzz_check((event.flags & kRepairs) == 0, "and needs no repair");
  }
  first_deviation_rfc3164(frame);
}

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() { return sluice::kExamples; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check(sluice::FuzzInput(data, size));
  return 0;
}
