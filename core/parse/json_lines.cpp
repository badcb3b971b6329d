// JSON lines: one object a frame.

#include <memory>

#include "core/parse/formats.h"
#include "core/parse/json_event.h"
#include "core/parse/json_reader.h"
#include "core/parse/syslog_names.h"

namespace sluice {
namespace {

class JsonParser final : public Parser {
 public:
  explicit JsonParser(const ParserOptions& options) : reader_(JsonKeys(options.json_fields)), times_(options) {}

  ParseProblem parse(std::string_view frame, const ParseContext& context, Event& event) override {
    begin_event(frame, context, event);
    const std::string_view text = without_trailer(frame);
    const ParseProblem problem = text.empty() ? ParseProblem::empty : reader_.read(text, event);
    if (problem != ParseProblem::none) return reject(frame, context, event, problem);

    event.format = Format::json;
    take_time(reader_, times_, context.received, event);
    take_field(reader_, JsonName::hostname, Piece::hostname, event.hostname, event);
    take_field(reader_, JsonName::app_name, Piece::app_name, event.app_name, event);
    take_field(reader_, JsonName::proc_id, Piece::proc_id, event.proc_id, event);
    take_field(reader_, JsonName::msg_id, Piece::msg_id, event.msg_id, event);
    take_severity(reader_, event);
    take_facility(event);
    if (reader_.has_extra_fields()) event.flags |= kExtraFields;
    if (reader_.has_duplicate_keys()) event.flags |= kDuplicateKeys;
    if (reader_.field(JsonName::message).kind != JsonField::Kind::none) {
      take_message(reader_, event);
    } else {
      event.time_shape = {};  // its text is part of the message now
      set_whole_message(event, text);
    }
    return ParseProblem::none;
  }

 private:
  void take_facility(Event& event) const {
    const JsonField& name = reader_.field(JsonName::facility);
    if (name.kind == JsonField::Kind::none) return;
    if (const auto facility = facility_from_text(name.text)) {
      event.facility = *facility;
    } else {
      event.flags |= kExtraFields;  // whatever it means, it stays readable
    }
  }

  JsonReader reader_;
  TimestampReader times_;
};

}  // namespace

std::unique_ptr<Parser> make_json_parser(const ParserOptions& options) { return std::make_unique<JsonParser>(options); }

}  // namespace sluice
