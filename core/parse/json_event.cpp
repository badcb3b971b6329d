#include "core/parse/json_event.h"

#include "core/parse/syslog_names.h"

namespace sluice {

void take_field(const JsonReader& reader, JsonName name, Piece piece, std::string_view& field, Event& event) {
  const JsonField& found = reader.field(name);
  if (found.kind == JsonField::Kind::none) return;
  field = found.text;
  if (found.kind != JsonField::Kind::escaped) reader.set_piece(event, name, piece);
}

void take_message(const JsonReader& reader, Event& event) {
  const JsonField& found = reader.field(JsonName::message);
  event.message = found.text;
  reader.set_piece(event, JsonName::message, Piece::message);
  // Without a span of its own the message is stored as it is here.
  if (found.kind == JsonField::Kind::escaped && found.span < kMaxSpans) event.flags |= kMessageEscaped;
}

void take_severity(const JsonReader& reader, Event& event) {
  const JsonField& level = reader.field(JsonName::severity);
  if (level.kind == JsonField::Kind::none) {
    event.flags |= kPriAbsent;
  } else if (const auto severity = severity_from_text(level.text)) {
    event.severity = *severity;
  } else {
    event.flags |= kPriInvalid | kExtraFields;
  }
}

void take_time(const JsonReader& reader, TimestampReader& times, Nanos received, Event& event) {
  const JsonField& found = reader.field(JsonName::time);
  if (found.kind == JsonField::Kind::none) {
    event.flags |= kTimeAssumed;
    return;
  }
  const std::optional<ReadTime> read = times.read(found.text, received);
  if (!read || (read->flags & kTimeAssumed)) {
    event.flags |= kTimeAssumed | kExtraFields;
    return;
  }
  event.time = read->time;
  event.flags |= read->flags;
  if (found.kind == JsonField::Kind::escaped || found.span >= kMaxSpans) return;
  if (read->shape.form == TimeForm::none || read->rendered == 0) return;
  event.time_shape = read->shape;
  event.spans[found.span].piece = Piece::time;
  event.spans[found.span].length = read->rendered;  // a zone's name behind it is text of the layout
}

}  // namespace sluice
