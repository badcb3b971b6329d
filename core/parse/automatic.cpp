// Decides per frame what it is: a listener's senders need not agree.
//
// | begins with               | read as                                         |
// |---------------------------|-------------------------------------------------|
// | <PRI>, digits and a blank | RFC 5424, and where that fails RFC 3164         |
// | {                         | JSON                                            |
// | <PRI>, or a time          | RFC 3164                                        |
// | anything else             | raw text                                        |
#include "core/parse/formats.h"
#include "core/parse/syslog_pri.h"

namespace sluice {
namespace {

class AutomaticParser final : public Parser {
 public:
  explicit AutomaticParser(const ParserOptions& options)
      : rfc5424_(make_rfc5424_parser(options)),
        rfc3164_(make_rfc3164_parser(options)),
        json_(make_json_parser(options)) {}

  ParseProblem parse(std::string_view frame, const ParseContext& context, Event& event) override {
    const size_t white = count_white_space(frame);
    if (white < frame.size() && frame[white] == '{') return json_->parse(frame, context, event);
    if (looks_like_5424(frame.substr(white)) && rfc5424_->parse(frame, context, event) == ParseProblem::none) {
      return ParseProblem::none;
    }
    const ParseProblem problem = rfc3164_->parse(frame, context, event);
    if ((event.flags & kTimeAssumed) && (event.flags & (kPriAbsent | kPriInvalid))) event.format = Format::raw;
    return problem;
  }

 private:
  static size_t count_white_space(std::string_view text) {
    size_t n = 0;
    while (n < text.size() && (text[n] == ' ' || text[n] == '\t' || text[n] == '\r' || text[n] == '\n')) ++n;
    return n;
  }

  static bool looks_like_5424(std::string_view text) {
    const Pri pri = read_pri(text);
    if (pri.kind != Pri::Kind::good) return false;
    size_t at = pri.length;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > pri.length && at - pri.length <= 3 && at < text.size() && text[at] == ' ';
  }

  std::unique_ptr<Parser> rfc5424_;
  std::unique_ptr<Parser> rfc3164_;
  std::unique_ptr<Parser> json_;
};

}  // namespace

std::unique_ptr<Parser> make_automatic_parser(const ParserOptions& options) {
  return std::make_unique<AutomaticParser>(options);
}

}  // namespace sluice
