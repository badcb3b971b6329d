#include "core/parse/parser.h"

#include "core/frame/frame.h"
#include "core/parse/formats.h"
#include "core/parse/text_scan.h"
#include "simdjson.h"

namespace sluice {

std::string_view problem_text(ParseProblem problem) {
  switch (problem) {
    case ParseProblem::none:
      return "";
    case ParseProblem::empty:
      return "the frame is empty";
    case ParseProblem::no_pri:
      return "RFC 5424 demands a PRI, as in <34>, at the beginning";
    case ParseProblem::bad_pri:
      return "the PRI is not a number from 0 to 191 in angle brackets";
    case ParseProblem::bad_version:
      return "a VERSION of one to three digits must follow the PRI";
    case ParseProblem::bad_time:
      return "the TIMESTAMP is neither '-' nor an RFC 3339 time";
    case ParseProblem::bad_header:
      return "a field of the header is missing";
    case ParseProblem::bad_structured_data:
      return "the STRUCTURED-DATA is broken";
    case ParseProblem::not_json:
      return "the frame is not JSON";
    case ParseProblem::not_an_object:
      return "the frame is JSON, but not an object";
    case ParseProblem::missing_message:
      return "GELF demands a short_message";
    case ParseProblem::bad_level:
      return "the GELF level is not a number";
    case ParseProblem::too_deep:
      return "the JSON is nested too deeply";
    case ParseProblem::bad_field_name:
      return "the GELF document has a field that is neither known nor named like _name";
  }
  return "unknown problem";
}

std::string_view without_trailer(std::string_view frame) {
  const auto strip = [&](auto belongs) {
    size_t size = frame.size();
    while (size > 0 && belongs(frame[size - 1])) --size;
    return size;
  };
  const auto ends_line = [](char c) { return c == '\0' || c == '\r' || c == '\n'; };
  if (frame.empty() || static_cast<unsigned char>(frame.back()) > ' ') return frame;
  // Blanks go only with a line's end before them: on their own they may be the message's.
  const size_t size = strip([&](char c) { return ends_line(c) || c == ' '; });
  for (size_t i = size; i < frame.size(); ++i) {
    if (ends_line(frame[i])) return frame.substr(0, i);
  }
  return frame;
}

void begin_event(std::string_view frame, const ParseContext& context, Event& event) {
  event.frame = frame;
  event.time = context.received;
  event.hostname = event.app_name = event.proc_id = event.msg_id = event.structured_data = event.message = {};
  event.flags = 0;
  if (context.frame_flags & kFrameTruncated) event.flags |= kTruncatedFlag;
  if (context.frame_flags & kFrameCutShort) event.flags |= kCutShortFlag;
  event.version = 0;
  event.format = Format::raw;
  event.facility = 1;
  event.severity = 5;
  event.layout = CommonLayout::none;
  event.time_shape = {};
  event.span_count = 0;
}

void set_whole_message(Event& event, std::string_view message) {
  event.message = message;
  event.span_count = 0;
  if (message.size() == event.frame.size()) {
    event.layout = CommonLayout::raw;
    return;
  }
  event.layout = CommonLayout::none;
  if (!message.empty()) event.add_span(message, Piece::message);
}

ParseProblem reject(std::string_view frame, const ParseContext& context, Event& event, ParseProblem problem,
                    uint32_t flags) {
  begin_event(frame, context, event);
  event.flags |= kUnparsed | kTimeAssumed | flags;
  if (!(flags & kPriInvalid)) event.flags |= kPriAbsent;
  set_whole_message(event, without_trailer(frame));
  check_utf8(event);
  return problem;
}

void check_utf8(Event& event) {
  if (is_ascii(event.frame)) return;
  if (!simdjson::validate_utf8(event.frame)) event.flags |= kNotUtf8;
}

std::unique_ptr<Parser> make_parser(const ParserOptions& options) {
  switch (options.format) {
    case FormatChoice::automatic:
      return make_automatic_parser(options);
    case FormatChoice::rfc5424:
      return make_rfc5424_parser(options);
    case FormatChoice::rfc3164:
      return make_rfc3164_parser(options);
    case FormatChoice::json:
      return make_json_parser(options);
    case FormatChoice::gelf:
      return make_gelf_parser(options);
    case FormatChoice::raw:
      return make_raw_parser(options);
  }
  return make_raw_parser(options);
}

}  // namespace sluice
