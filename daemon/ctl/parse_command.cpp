#include "daemon/ctl/parse_command.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "core/parse/strict.h"
#include "core/parse/timestamp.h"
#include "daemon/ctl/event_json.h"
#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/message_input.h"

namespace sluice {
namespace {

// nullopt: SLUICE_NOW is there and not a time.
std::optional<Nanos> now() {
  const char* set = std::getenv("SLUICE_NOW");
  if (set == nullptr || *set == '\0') return system_clock().now();
  TimestampReader reader{ParserOptions{}};
  const std::optional<ReadTime> read = reader.read(set, system_clock().now());
  if (!read) return std::nullopt;
  return read->time;
}

std::optional<Deviation> first_deviation(const Event& event) {
  switch (event.format) {
    case Format::rfc5424:
      return first_deviation_rfc5424(event.frame);
    case Format::rfc3164:
      return first_deviation_rfc3164(event.frame);
    case Format::gelf:
      return first_deviation_gelf(event.frame);
    default:
      return std::nullopt;
  }
}

// With --strict a frame that did not parse is measured against the format that was asked for.
std::string error_text(const ParseCommandOptions& options, ParseProblem problem, const Event& event) {
  if (options.strict) {
    const bool unparsed = event.flags & kUnparsed;
    const auto deviation = unparsed && options.format == FormatChoice::rfc5424   ? first_deviation_rfc5424(event.frame)
                           : unparsed && options.format == FormatChoice::rfc3164 ? first_deviation_rfc3164(event.frame)
                                                                                 : first_deviation(event);
    if (deviation) return "octet " + std::to_string(deviation->octet) + ": " + std::string(deviation->sentence);
  }
  const bool told = event.flags & kUnparsed || problem == ParseProblem::bad_field_name;
  return told ? std::string(problem_text(problem)) : std::string();
}

}  // namespace

int run_parse(const ParseCommandOptions& options) { return run_parse(options, stdin, stdout); }

int run_parse(const ParseCommandOptions& options, std::FILE* in, std::FILE* out) {
  const std::optional<Nanos> received = now();
  if (!received) {
    std::fprintf(stderr, "sluicectl: SLUICE_NOW is not a time like 2026-11-23T10:15:30Z\n");
    return kExitCouldNot;
  }
  ParserOptions parser_options;
  parser_options.format = options.format;
  const std::unique_ptr<Parser> parser = make_parser(parser_options);
  ExtraFieldReader extra_fields;
  Event event;
  std::string message, line;
  for (;;) {
    const MessageInput input = read_message(in, message);
    if (input == MessageInput::end) return std::fflush(out) == 0 ? kExitOk : kExitCouldNot;
    if (input == MessageInput::cut_short) {
      std::fflush(out);
      std::fprintf(stderr, "sluicectl: the input ends inside a message\n");
      return kExitCouldNot;
    }
    const ParseProblem problem = parser->parse(message, {.received = *received, .peer = {}}, event);
    line = "{";
    if (const std::string error = error_text(options, problem, event); !error.empty()) {
      append_text_member("error", error, line);
      line += ',';
    }
    EventFields fields = fields_of(event);
    fields.extra_reader = &extra_fields;
    append_event_members(fields, line);
    line += "}\n";
    if (std::fwrite(line.data(), 1, line.size(), out) != line.size()) return kExitCouldNot;
  }
}

}  // namespace sluice
