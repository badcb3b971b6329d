// Event: a parsed frame. Its fields are views into the frame (or, where an escape had to be undone, into the
// parser's scratch memory): valid until the parser's next call and while the frame's slot lives.
//
// Words are those of RFC 5424 (facility, severity, hostname, app_name, proc_id, msg_id, structured data). An absent
// field is an empty view.
//
// An event also says where in the frame each field stands, so that the record can keep the fields once and
// still give back the frame byte for byte: either the frame has one of the common layouts, which a writer can make
// again from the fields alone, or `spans` lists the pieces in order, and what lies between them is the frame's
// layout (kept once for all frames that share it).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/clock.h"
#include "core/parse/time_shape.h"

namespace sluice {

// Stored: never renumber.
enum class Format : uint8_t { raw = 0, rfc3164 = 1, rfc5424 = 2, json = 3, gelf = 4 };

// What was assumed or repaired. Bits of PackedFlags (record/packed_flags.h) from bit 12 on. Stored: never renumber.
enum EventFlag : uint32_t {
  kTimeAssumed = 1u << 12,       // the frame had no (readable) time: it is the time of receipt
  kPriAbsent = 1u << 13,         // no PRI: user.notice assumed
  kPriInvalid = 1u << 14,        // PRI over 191 or not a number: user.notice assumed, the whole line is the message
  kHostnameAssumed = 1u << 15,   // no hostname where the format demands one: the peer's address
  kYearAssumed = 1u << 16,       // no year: the one nearest to the time of receipt
  kZoneAssumed = 1u << 17,       // no zone: the listener's
  kSdRepaired = 1u << 18,        // structured data was broken and plain to repair
  kSdBroken = 1u << 19,          // structured data was broken: it and the rest are the message
  kSdIdRepeated = 1u << 20,      // the same SD-ID twice: merged
  kVersionNotOne = 1u << 21,     // RFC 5424 VERSION other than 1
  kFieldOverlong = 1u << 22,     // an RFC 5424 field over its limit: accepted whole
  kUnparsed = 1u << 23,          // not of the listener's format: stored raw
  kBomStripped = 1u << 24,       // byte order mark before the message
  kTruncatedFlag = 1u << 25,     // over the frame limit (FrameFlag)
  kCutShortFlag = 1u << 26,      // the stream ended inside the frame (FrameFlag)
  kMessageEscaped = 1u << 27,    // the message's bytes in the frame are a JSON string's inside, escapes not undone
  kLeapSecond = 1u << 28,        // second 60, taken as the next one
  kDuplicateKeys = 1u << 29,     // JSON: a key came twice, the last one counts
  kExtraFields = 1u << 30,       // JSON, GELF: has fields beside the well-known ones (they are structured data)
  kNotUtf8 = 1u << 31,           // bytes that are not UTF-8, kept as they are
};

// The pieces of a frame. Stored in layouts: never renumber.
enum class Piece : uint8_t {
  end = 0,              // (in stored layouts: nothing follows)
  pri = 1,              // decimal digits without leading zeros
  time = 2,             // text that render_time(time, time_shape) makes
  hostname = 3,
  app_name = 4,
  proc_id = 5,
  msg_id = 6,
  structured_data = 7,
  message = 8,
  value = 9,            // any other varying text; may come many times
};

struct Span {
  uint32_t offset = 0;
  uint32_t length = 0;
  Piece piece = Piece::end;
};

// Layouts that need no spans: the frame is exactly this text. `absent` fields are "-" in RFC 5424. Stored: never
// renumber.
enum class CommonLayout : uint8_t {
  none = 0,             // see spans
  rfc5424 = 1,          // <PRI>1 TIME HOSTNAME APP_NAME PROC_ID MSG_ID SD MESSAGE
  rfc5424_no_msg = 2,   // the same without " MESSAGE"
  rfc3164_pid = 3,      // <PRI>TIME HOSTNAME APP_NAME[PROC_ID]: MESSAGE
  rfc3164 = 4,          // <PRI>TIME HOSTNAME APP_NAME: MESSAGE
  raw = 5,              // MESSAGE
};

inline constexpr size_t kMaxSpans = 48;  // a frame with more pieces keeps the rest as text of its layout

struct Event {
  std::string_view frame;
  Nanos time = 0;  // UTC
  std::string_view hostname;
  std::string_view app_name;
  std::string_view proc_id;
  std::string_view msg_id;
  std::string_view structured_data;  // RFC 5424: its text with the brackets; see structured_data.h. JSON: empty
  std::string_view message;
  uint32_t flags = 0;  // EventFlag
  uint16_t version = 0;  // RFC 5424 VERSION; 0 for the other formats
  Format format = Format::raw;
  uint8_t facility = 1;  // user
  uint8_t severity = 5;  // notice
  CommonLayout layout = CommonLayout::none;
  TimeShape time_shape;
  // With layout `none`: ascending, not overlapping, inside the frame; each of the pieces except `value` at most once.
  // The text of each span equals the field of that name, except `message` with kMessageEscaped. A field whose text in
  // the frame differs (escapes in a hostname, say) has no span of its name: its text is covered by a `value` span.
  uint32_t span_count = 0;
  std::array<Span, kMaxSpans> spans;

  void add_span(std::string_view text, Piece piece) {  // REQUIRES: text lies inside frame, after the last span
    if (span_count == kMaxSpans) return;
    spans[span_count++] = {static_cast<uint32_t>(text.data() - frame.data()), static_cast<uint32_t>(text.size()), piece};
  }
};

}  // namespace sluice
