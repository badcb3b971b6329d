// From a JsonReader's fields to an Event's: what JSON lines and GELF share. Internal to core/parse.
#pragma once

#include <string_view>

#include "core/parse/event.h"
#include "core/parse/json_reader.h"
#include "core/parse/timestamp.h"

namespace sluice {

// Hostname, app_name and so on, and their piece where the frame has their very text.
void take_field(const JsonReader& reader, JsonName name, Piece piece, std::string_view& field, Event& event);

// REQUIRES: reader.field(JsonName::message).kind != JsonField::Kind::none
void take_message(const JsonReader& reader, Event& event);

// The severity; kPriAbsent when there is none, kPriInvalid and kExtraFields when it can't be understood.
void take_severity(const JsonReader& reader, Event& event);

// The time; kTimeAssumed when there is none, and kExtraFields when there is one that can't be read.
void take_time(const JsonReader& reader, TimestampReader& times, Nanos received, Event& event);

}  // namespace sluice
