#include "core/parse/formats.h"

namespace sluice {
namespace {

// Every frame is its own message; nothing is looked at.
class RawParser final : public Parser {
 public:
  ParseProblem parse(std::string_view frame, const ParseContext& context, Event& event) override {
    begin_event(frame, context, event);
    event.flags |= kTimeAssumed | kPriAbsent;
    set_whole_message(event, without_trailer(frame));
    check_utf8(event);
    return ParseProblem::none;
  }
};

}  // namespace

std::unique_ptr<Parser> make_raw_parser(const ParserOptions&) { return std::make_unique<RawParser>(); }

}  // namespace sluice
