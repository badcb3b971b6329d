// GELF 1.1 documents, as they are after reassembly and decompression.
// https://go2docs.graylog.org/current/getting_in_log_data/gelf.html

#include <memory>

#include "core/parse/formats.h"
#include "core/parse/json_event.h"
#include "core/parse/json_reader.h"

namespace sluice {
namespace {

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

class GelfParser final : public Parser {
 public:
  explicit GelfParser(const ParserOptions& options) : reader_(JsonKeys::gelf()), times_(options) {}

  ParseProblem parse(std::string_view frame, const ParseContext& context, Event& event) override {
    begin_event(frame, context, event);
    const std::string_view text = without_trailer(frame);
    const ParseProblem problem = text.empty() ? ParseProblem::empty : read(text, event);
    if (problem != ParseProblem::none) return reject(frame, context, event, problem);

    event.format = Format::gelf;
    take_time(reader_, times_, context.received, event);
    take_field(reader_, JsonName::hostname, Piece::hostname, event.hostname, event);
    if (event.hostname.empty()) {
      event.hostname = context.peer;
      event.flags |= kHostnameAssumed;
    }
    take_message(reader_, event);
    // GELF's own default is 1 (alert), which would bury real alerts: an absent level is notice, as everywhere here.
    take_severity(reader_, event);
    if (reader_.has_extra_fields()) event.flags |= kExtraFields;
    if (reader_.has_duplicate_keys()) event.flags |= kDuplicateKeys;
    // Graylog takes such documents too: the sender is told by `sluicectl parse`, nothing of it is lost here.
    return reader_.has_bad_key() ? ParseProblem::bad_field_name : ParseProblem::none;
  }

 private:
  ParseProblem read(std::string_view text, Event& event) {
    const ParseProblem problem = reader_.read(text, event);
    if (problem != ParseProblem::none) return problem;
    if (reader_.field(JsonName::message).kind == JsonField::Kind::none) return ParseProblem::missing_message;
    const JsonField& level = reader_.field(JsonName::severity);
    const bool readable = level.kind == JsonField::Kind::none || is_integer(level.text);
    return readable ? ParseProblem::none : ParseProblem::bad_level;
  }

  JsonReader reader_;
  TimestampReader times_;
};

}  // namespace

std::unique_ptr<Parser> make_gelf_parser(const ParserOptions& options) { return std::make_unique<GelfParser>(options); }

}  // namespace sluice
