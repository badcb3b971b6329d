// Whatever the octets: no parser reads outside the frame, and the event gives the frame back.
#include <random>
#include <string>

#include "tests/support/parsed_event.h"

namespace sluice {
namespace {

const std::string_view kSeeds[] = {
    "<34>1 2026-01-02T03:04:05.006Z web-1 sshd 4711 LOGIN [x@1 ip=\"192.0.2.1\" n=\"\\\"\"][y] root login failed",
    "<34>1 - - - - - - \xef\xbb\xbftext\r",
    "<13>1 2026-01-02T03:04:05,5+01:00 h a p m - ",
    "<34>Oct 11 22:14:15 web-1 su[42]: failed for root",
    "<34>Oct  1 22:14:15.123 web-1 su: failed",
    "<189>45: core-1: *Oct 11 22:14:15.123 UTC: %SYS-5-CONFIG_I: Configured",
    "<187>138: RP/0/RP0/CPU0:Oct 11 22:14:15.5 UTC: snmpd[10]: %SNMP-3-AUTH_FAIL : no",
    "<166>Oct 11 2026 22:14:15 fw-1 : %ASA-6-302014: Teardown",
    "<38>Oct 11 22:14:15 Message forwarded from aix-7: sshd[9]: Accepted",
    "<14>Oct 11 22:14:15 win-1\tMSWinEventLog\t1\tSecurity",
    "<45>6w0d: %LINK-3-UPDOWN: up",
    "2026-10-11 22:14:15,123 ERROR [main] a: b",
    " \n <13>1 - web-1 a - - - m\n   ",
    "{\"message\":\"m\",\"time\":1795428930.5}",
};

void expect_round_trip(Parser& parser, const std::string& frame, Event& event) {
  // On the heap to the octet, so that a sanitizer sees a read outside.
  const std::unique_ptr<char[]> exact(new char[frame.size()]);
  std::copy(frame.begin(), frame.end(), exact.get());
  const std::string_view view(exact.get(), frame.size());
  const ParseProblem problem = parser.parse(view, {.received = kReceived, .peer = {}}, event);
  ASSERT_EQ(rebuild_frame(event), view);
  ASSERT_LE(event.severity, 7);
  ASSERT_LE(event.facility, 23);
  ASSERT_EQ(problem != ParseProblem::none, (event.flags & kUnparsed) != 0) << frame;
}

TEST(RoundTrip, EveryMutationOfALineComesBackByteForByte) {
  constexpr std::string_view kOctets = "<>[]\"\\=:;,. -+0159TZaz%\r\n\t{}\xef\xbb\xbf\xff";
  std::mt19937 random(42);
  for (const FormatChoice format :
       {FormatChoice::automatic, FormatChoice::rfc5424, FormatChoice::rfc3164, FormatChoice::raw}) {
    for (const bool bare_tag : {false, true}) {
      ParserOptions options;
      options.format = format;
      options.rfc3164_bare_tag = bare_tag;
      options.time_formats = {"%y/%m/%d %H:%M:%S"};
      const auto parser = make_parser(options);
      Event event;
      for (const std::string_view seed : kSeeds) {
        for (size_t cut = 0; cut <= seed.size(); ++cut)
          expect_round_trip(*parser, std::string(seed.substr(0, cut)), event);
        for (int i = 0; i < 1000; ++i) {
          std::string frame(seed);
          for (size_t n = 1 + random() % 3; n > 0 && !frame.empty(); --n) {
            const size_t at = random() % frame.size();
            switch (random() % 3) {
              case 0:
                frame[at] = kOctets[random() % kOctets.size()];
                break;
              case 1:
                frame.insert(at, 1, kOctets[random() % kOctets.size()]);
                break;
              default:
                frame.erase(at, 1);
            }
          }
          expect_round_trip(*parser, frame, event);
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

// A layout is kept once for all frames that share it: what varies from frame to frame must not be part of it.
TEST(RoundTrip, FramesOfOneSenderShareTheirLayout) {
  const auto layout_of = [](std::string_view frame) {
    const auto parsed = parse_as(FormatChoice::automatic, frame);
    std::string layout;
    size_t at = 0;
    for (uint32_t i = 0; i < parsed->event.span_count; ++i) {
      const Span& span = parsed->event.spans[i];
      layout += frame.substr(at, span.offset - at);
      layout += static_cast<char>(span.piece);
      at = span.offset + size_t{span.length};
    }
    EXPECT_EQ(parsed->event.layout, CommonLayout::none);
    return layout + std::string(frame.substr(at));
  };
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"<189>45: *Oct 11 22:14:15.123 UTC: %SYS-5-CONFIG_I: by console",
       "<190>46: *Nov 12 00:00:00.000 UTC: %LINK-6-UPDOWN: up"},
      {"<189>45: 00:00:46: %SYS-5-CONFIG_I: a", "<189>46: 1d02h: %SYS-5-CONFIG_I: b"},
      {"<6>AUG 10 22:18:24 a b: c", "<7>SEP 11 22:18:24 d e: f"},
      {"<034>1 2026-01-02T03:04:05Z h a 1 I - m", "<035>1 2026-01-02T03:04:06Z g b 2 J - n"},
      {"<34>1 2026-01-02T03:04:05.1234567890Z h a 1 I - m", "<34>1 2026-01-02T03:04:05.0234567890Z h a 1 I - m"},
      {"<34>2 - h a 1 I - m", "<34>3 - h a 1 I - m"},
      {"<13>Oct 11 22:14:15 haproxy[7]: up", "<13>Oct 12 22:14:15 haproxy[8]: down"},
      {"<187>138: RP/0/RP0/CPU0:Oct 11 22:14:15: a: x", "<187>139: RP/0/RP1/CPU0:Oct 11 22:14:16: a: y"},
      {"<13>Oct 11 22:14:15 h su: m\n", "<13>Oct 11 22:14:15 g su: n\n"},
  };
  for (const auto& [one, other] : pairs) EXPECT_EQ(layout_of(one), layout_of(other)) << one;
}

TEST(RoundTrip, FrameFlagsBecomeEventFlags) {
  for (const FormatChoice format :
       {FormatChoice::rfc5424, FormatChoice::rfc3164, FormatChoice::raw, FormatChoice::automatic}) {
    ParserOptions options;
    options.format = format;
    Event event;
    make_parser(options)->parse("<13>1 - h a - - - m", {.received = 1, .peer = {}, .frame_flags = 3}, event);
    EXPECT_TRUE(event.flags & kTruncatedFlag);
    EXPECT_TRUE(event.flags & kCutShortFlag);
  }
}

}  // namespace
}  // namespace sluice
