// One line in, one event out: what the parser tests share.
//
//   expect_event("<34>Oct 11 22:14:15 web-1 su: failed", {.facility = 4, .severity = 2, .time = "...", ...});
//   EXPECT_TRUE(has_flags(parse_once(FormatChoice::rfc3164, "..."), kYearAssumed));
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/parse/parser.h"
#include "core/parse/time_shape.h"
#include "core/parse/time_zone.h"
#include "gtest/gtest.h"
#include "tests/support/rebuild_frame.h"

namespace sluice {

// 2026-11-23T10:15:30Z
inline constexpr Nanos kReceived = 1'795'428'930 * kSecond;

struct ExpectedEvent {
  int facility = 1;
  int severity = 5;
  std::string_view time;  // RFC 3339 in UTC with nine fraction digits; empty: assumed
  std::string_view hostname, app_name, proc_id, msg_id, structured_data, message;
};

// A frame kept with the event that views it, and the parser whose scratch memory it may view.
struct ParsedFrame {
  std::unique_ptr<Parser> parser;
  std::string frame;
  Event event;
  ParseProblem problem = ParseProblem::none;
};

inline std::unique_ptr<ParsedFrame> parse_with(const ParserOptions& options, std::string_view frame,
                                               Nanos received = kReceived) {
  auto parsed = std::make_unique<ParsedFrame>();
  parsed->frame = frame;
  parsed->parser = make_parser(options);
  parsed->problem = parsed->parser->parse(parsed->frame, {.received = received, .peer = "192.0.2.7"}, parsed->event);
  EXPECT_EQ(rebuild_frame(parsed->event), frame);
  return parsed;
}

inline std::unique_ptr<ParsedFrame> parse_as(FormatChoice format, std::string_view frame, Nanos received = kReceived) {
  static const TimeZone utc = TimeZone::utc();
  ParserOptions options;
  options.format = format;
  options.zone = &utc;
  return parse_with(options, frame, received);
}

inline std::string time_text(const Event& event) {
  std::string text;
  if (!(event.flags & kTimeAssumed)) render_time(event.time, {TimeForm::rfc3339_zulu, 9, 0}, text);
  return text;
}

inline void expect_event(FormatChoice format, std::string_view frame, const ExpectedEvent& expected) {
  SCOPED_TRACE(frame);
  const auto parsed = parse_as(format, frame);
  const Event& event = parsed->event;
  EXPECT_EQ(parsed->problem, ParseProblem::none);
  EXPECT_EQ(event.facility, expected.facility);
  EXPECT_EQ(event.severity, expected.severity);
  EXPECT_EQ(time_text(event), expected.time);
  EXPECT_EQ(event.hostname, expected.hostname);
  EXPECT_EQ(event.app_name, expected.app_name);
  EXPECT_EQ(event.proc_id, expected.proc_id);
  EXPECT_EQ(event.msg_id, expected.msg_id);
  EXPECT_EQ(event.structured_data, expected.structured_data);
  EXPECT_EQ(event.message, expected.message);
}

}  // namespace sluice
