// An event as JSON, for `sluicectl parse` and `sluicectl logs -o json`.
//
//   std::string line = "{";
//   append_event_members(fields_of(event), line);    // "facility":4,"severity":2, ... ,"message":"..."
//   line += "}\n";
//
// Keys: facility severity version timestamp hostname app_name procid msgid structured_data message. What is absent is
// null. timestamp is RFC 3339 in UTC with as many fraction digits as it needs; null where the frame had none
// (kTimeAssumed) unless `show_assumed_time`. structured_data is {SD-ID: {name: value}}; a name that came twice has an
// array of its values. The fields of a JSON or GELF frame beside the well-known ones are {"json": {...}}.
// Text that is not UTF-8 is printed with U+FFFD for each bad octet, and its octets as base64 under <key>_b64.
//
// Threads: free functions without state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/parse/event.h"
#include "core/parse/extra_fields.h"

namespace sluice {

// As Event and StoredRecord both can fill it. Views must outlive the call only.
struct EventFields {
  uint8_t facility = 1;
  uint8_t severity = 5;
  uint16_t version = 0;  // 0: none
  Format format = Format::raw;
  Nanos time = 0;
  uint32_t flags = 0;  // EventFlag
  std::string_view hostname, app_name, proc_id, msg_id;
  std::string_view structured_data;  // RFC 5424 text
  std::string_view message;          // as in the frame; see kMessageEscaped
  std::string_view frame;            // for the extra fields of JSON and GELF
  bool show_assumed_time = false;
  // Knows which fields of a JSON frame are extra ones, and is costly to make; null: one with the default names.
  ExtraFieldReader* extra_reader = nullptr;
};

EventFields fields_of(const Event& event);

// Members without braces, separated by commas.
void append_event_members(const EventFields& fields, std::string& out);

// "key":"text", or "key":null for an empty text; with key_b64 where needed.
void append_text_member(std::string_view key, std::string_view text, std::string& out);

// The text as a JSON string with quotes. Returns false when it was not UTF-8 (U+FFFD stands for what was not).
bool append_json_string(std::string_view text, std::string& out);

// 2026-11-23T10:15:30.12Z
void append_rfc3339(Nanos time, std::string& out);

}  // namespace sluice
