// Parser: frame to Event, one contract, one .cpp a format.
//
//   auto parser = make_parser(options);                    // or make_parser(rfc5424 ...) for one format only
//   Event event;                                           // reused
//   parser->parse(frame, {.received = now, .peer = "192.0.2.7"}, event);
//
// parse() always gives an event: text that is not of the format becomes a raw event with kUnparsed, its
// whole frame (trailing CR, NUL stripped) as message, user.notice, the time of receipt. Nothing is lost or refused.
// Return value: the ParseProblem that made it so, or `none`.
//
// Errors:  never throws, never reads outside the frame, whatever the bytes.
// Threads: a Parser has scratch memory and a time cache: one per thread.
// Memory:  no allocation per line once its scratch has grown to the largest frame seen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/parse/event.h"

namespace sluice {

class TimeZone;

// Why a frame is not of the format asked for. One sentence each: problem_text().
enum class ParseProblem : uint8_t {
  none = 0,
  empty,             // no octet
  no_pri,            // RFC 5424 demands one
  bad_pri,           // over 191, overflowing, or not a number
  bad_version,       // no VERSION, or not a number of one to three digits
  bad_time,          // TIMESTAMP is neither "-" nor RFC 3339
  bad_header,        // a header field is missing
  bad_structured_data,
  not_json,          // does not parse
  not_an_object,     // JSON, but not an object
  missing_message,   // GELF without short_message
  bad_level,         // GELF level not a number
  too_deep,          // JSON nested over the limit
  bad_field_name,    // GELF: a key neither known nor like _name; the event is that of the document all the same
};
std::string_view problem_text(ParseProblem problem);

enum class FormatChoice : uint8_t { automatic, rfc5424, rfc3164, json, gelf, raw };

// Which JSON keys feed which field; the first one present counts.
struct JsonFieldNames {
  std::vector<std::string> time{"timestamp", "time", "@timestamp", "ts"};
  std::vector<std::string> hostname{"host", "hostname"};
  std::vector<std::string> app_name{"app", "app_name", "appname", "application", "service", "program", "logger"};
  std::vector<std::string> proc_id{"pid", "proc_id", "procid", "process_id"};
  std::vector<std::string> msg_id{"msg_id", "msgid"};
  std::vector<std::string> severity{"level", "severity", "log_level", "loglevel"};
  std::vector<std::string> facility{"facility"};
  std::vector<std::string> message{"message", "msg", "log", "text", "short_message"};
};

struct ParserOptions {
  FormatChoice format = FormatChoice::automatic;
  const TimeZone* zone = nullptr;          // for times without one; null: the machine's
  std::vector<std::string> time_formats;   // strptime-like, tried where the built-in forms do not fit
  JsonFieldNames json_fields;
  bool time_cache = true;                  // off only for measuring what it gains
  // First word after an RFC 3164 header without ':' or '[': false leaves it in the message, true takes it as app_name.
  bool rfc3164_bare_tag = false;
};

struct ParseContext {
  Nanos received = 0;          // wall clock
  std::string_view peer;       // sender's address without its port
  uint8_t frame_flags = 0;     // FrameFlag
};

class Parser {
 public:
  virtual ~Parser() = default;
  virtual ParseProblem parse(std::string_view frame, const ParseContext& context, Event& event) = 0;
};

std::unique_ptr<Parser> make_parser(const ParserOptions& options);

}  // namespace sluice
