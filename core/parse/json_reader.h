// JsonReader: walks one JSON object, checks all of it, and finds in it the well-known fields and the varying pieces.
// What JSON lines and GELF share. Internal to core/parse.
//
//   JsonReader reader(JsonKeys(options.json_fields));
//   begin_event(frame, context, event);
//   if (auto problem = reader.read(frame, event); problem != ParseProblem::none) return reject(...);
//   const JsonField& host = reader.field(JsonName::hostname);      // absent: kind none
//   reader.set_piece(event, JsonName::hostname, Piece::hostname);
//
// Of several keys that feed one field the first in the list of names counts; of the same key twice, the last.
//
// Pieces: every scalar value (the inside of a string, a number, true, false, null; also those inside nested objects
// and arrays) becomes a span `value` of the event, so that what remains (keys, punctuation, blanks) is the same for all
// lines of one kind. When the spans run out, the last one covers all further values and what is between them.
//
// Limits:  kMaxJsonDepth levels. Numbers may have any length, their text is kept.
// Errors:  not_json, too_deep, not_an_object (JSON, but of another kind). Whatever RFC 8259 forbids is not_json.
// Threads: one thread. Memory: simdjson's index and a padded copy, both as large as the largest frame seen.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/parse/event.h"
#include "core/parse/json_keys.h"
#include "core/parse/parser.h"

namespace sluice {

inline constexpr unsigned kMaxJsonDepth = 128;  // real logs stay under 20; each level costs stack

// A well-known field as the document has it.
struct JsonField {
  enum class Kind : uint8_t { none, text, escaped, number, word };  // escaped: a text with escapes; word: true, false
  std::string_view text;  // in the frame; a text with escapes: undone, in the reader's scratch
  Kind kind = Kind::none;
  uint8_t priority = 0xff;
  uint8_t span = kMaxSpans;  // its index in event.spans; kMaxSpans: none of its own
};

class JsonReader {
 public:
  explicit JsonReader(JsonKeys keys);
  ~JsonReader();

  // REQUIRES: begin_event(frame, ..., event)
  ParseProblem read(std::string_view frame, Event& event);

  // Of the last read():
  const JsonField& field(JsonName name) const { return fields_[static_cast<size_t>(name)]; }
  bool has_extra_fields() const { return has_extra_fields_; }
  bool has_duplicate_keys() const { return has_duplicate_keys_; }
  bool has_bad_key() const { return has_bad_key_; }  // GELF: a key neither known nor like _name

  // Makes the field's span one of that piece, if it has one.
  void set_piece(Event& event, JsonName name, Piece piece) const;

 private:
  class Walk;      // one walk through one document
  struct Scratch;  // simdjson's parser, the padded copy and what else is kept from line to line

  const JsonKeys keys_;
  std::unique_ptr<Scratch> scratch_;
  std::array<JsonField, kJsonNames> fields_;
  bool has_extra_fields_ = false;
  bool has_duplicate_keys_ = false;
  bool has_bad_key_ = false;
};

}  // namespace sluice
