// What the formats share: a factory for each, and how an event begins, is rejected, or gets its PRI.
// Internal to core/parse; everyone else uses make_parser().
//
//   begin_event(frame, context, event);                       // every field as if the frame said nothing
//   if (...) return reject(frame, context, event, ParseProblem::not_json);
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/parse/parser.h"

namespace sluice {

std::unique_ptr<Parser> make_automatic_parser(const ParserOptions& options);
std::unique_ptr<Parser> make_rfc5424_parser(const ParserOptions& options);
std::unique_ptr<Parser> make_rfc3164_parser(const ParserOptions& options);
std::unique_ptr<Parser> make_json_parser(const ParserOptions& options);
std::unique_ptr<Parser> make_gelf_parser(const ParserOptions& options);
std::unique_ptr<Parser> make_raw_parser(const ParserOptions& options);

// The frame without what senders put behind a message: NULs, CRs and LFs, and blanks that follow a line's end.
std::string_view without_trailer(std::string_view frame);

// Sets every field of `event` (but not the unused spans): all text absent, user.notice, the time of receipt, flags
// from context.frame_flags only, format raw, layout none. A parser adds kTimeAssumed, kPriAbsent and so on itself.
void begin_event(std::string_view frame, const ParseContext& context, Event& event);

// The event of a frame that is not of the format: raw, the whole frame without its trailer as message, flags
// kUnparsed | kTimeAssumed | `flags`, and kPriAbsent unless kPriInvalid is among them. Returns `problem`.
ParseProblem reject(std::string_view frame, const ParseContext& context, Event& event, ParseProblem problem,
                    uint32_t flags = 0);

// Makes `message` the event's only piece: common layout raw when it is the whole frame, one span otherwise.
// REQUIRES: message lies inside event.frame
void set_whole_message(Event& event, std::string_view message);

// Sets kNotUtf8 when the frame is not UTF-8. Cheap for ASCII.
void check_utf8(Event& event);

}  // namespace sluice
