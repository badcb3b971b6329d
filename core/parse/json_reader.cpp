#include "core/parse/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "core/base/coding.h"
#include "core/parse/json_string.h"

namespace sluice {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kSmallestCopy = 4096;  // bytes; most lines fit, so that the scratch seldom grows

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The first character that is no blank, NUL if there is none.
char first_of(std::string_view frame) {
  for (const char c : frame) {
    if (!is_blank(c)) return c;
  }
  return '\0';
}

// Whether the eight bytes hold a backslash.
bool has_backslash(uint64_t eight) {
  constexpr uint64_t kOnes = ~uint64_t{0} / 255;
  const uint64_t zero_where_equal = eight ^ kOnes * '\\';
  return ((zero_where_equal - kOnes) & ~zero_where_equal & kOnes * 128) != 0;
}

// REQUIRES: eight bytes behind the text can be read. Most texts are too short for memchr() to pay.
bool has_escape(std::string_view text) {
  constexpr size_t kShort = 32;  // bytes
  if (text.size() > kShort) return std::memchr(text.data(), '\\', text.size()) != nullptr;
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    if (has_backslash(load_le<uint64_t>(text.data() + at))) return true;
  }
  const uint64_t inside = (uint64_t{1} << (text.size() - at) * 8) - 1;
  return has_backslash(load_le<uint64_t>(text.data() + at) & inside);
}

bool is_word(std::string_view text) { return text == "true" || text == "false" || text == "null"; }

// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? and nothing else.
bool is_number(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto digits = [&at, end] {
    const char* const first = at;
    while (at != end && is_digit(*at)) ++at;
    return at != first;
  };
  if (at != end && *at == '-') ++at;
  if (at != end && *at == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (at != end && *at == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (!digits()) return false;
  }
  return at == end;
}

bool at_end(ondemand::document& document) { return document.current_location().error() == simdjson::OUT_OF_BOUNDS; }

}  // namespace

// Lines of one kind have the same keys in the same order: the key found at a place last time is tried first.
struct ExpectedKey {
  static constexpr size_t kMaxLength = 27;  // bytes; longer keys are looked up each time
  std::array<char, kMaxLength + 1> text{};  // with its closing quote
  uint8_t length = 0;                       // with it; 0: nothing known
  JsonKeys::Target target;

  // REQUIRES: eight bytes behind `raw` can be read
  bool is(const char* raw) const {
    if (length > 8) return std::memcmp(raw, text.data(), length) == 0;
    if (length == 0) return false;
    const uint64_t difference = load_le<uint64_t>(raw) ^ load_le<uint64_t>(text.data());
    return difference << (8 - length) * 8 == 0;
  }
};

struct JsonReader::Scratch {
  ondemand::parser parser;
  std::vector<char> copy;  // the frame and simdjson's padding
  std::string unescaped;   // texts of known fields
  std::string key;         // a key with escapes, undone
  std::array<ExpectedKey, 32> expected;
};

class JsonReader::Walk {
 public:
  Walk(JsonReader& reader, Event& event) : reader_(reader), scratch_(*reader.scratch_), event_(event) {}

  ParseProblem document(std::string_view frame);

 private:
  // A scalar: a string's inside, or a number or word.
  struct Scalar {
    std::string_view text;  // in the padded copy
    JsonField::Kind kind = JsonField::Kind::none;
  };

  bool object(ondemand::object object);
  bool nested(ondemand::value& value, unsigned depth);
  bool nested_object(ondemand::value& value, unsigned depth);
  bool nested_array(ondemand::value& value, unsigned depth);
  bool scalar(ondemand::value& value, std::string_view token, Scalar& out);
  bool key(const char* raw, size_t place, JsonKeys::Target& target);
  bool other_key(const char* raw, size_t place, JsonKeys::Target& target);
  bool take(JsonKeys::Target target, const Scalar& scalar);
  uint8_t add_span(std::string_view text);
  bool other_document(ondemand::document& document, std::string_view frame);

  std::string_view in_frame(std::string_view text) const {
    return {event_.frame.data() + (text.data() - scratch_.copy.data()), text.size()};
  }
  bool fail(ParseProblem problem) {
    problem_ = problem;
    return false;
  }

  JsonReader& reader_;
  Scratch& scratch_;
  Event& event_;
  std::array<uint64_t, kJsonNames> seen_{};  // bit p: the key with priority p came
  ParseProblem problem_ = ParseProblem::not_json;
};

JsonReader::JsonReader(JsonKeys keys) : keys_(std::move(keys)), scratch_(std::make_unique<Scratch>()) {}
JsonReader::~JsonReader() = default;

ParseProblem JsonReader::read(std::string_view frame, Event& event) {
  fields_ = {};
  has_extra_fields_ = has_duplicate_keys_ = has_bad_key_ = false;
  return Walk(*this, event).document(frame);
}

void JsonReader::set_piece(Event& event, JsonName name, Piece piece) const {
  const uint8_t span = field(name).span;
  if (span < kMaxSpans) event.spans[span].piece = piece;
}

ParseProblem JsonReader::Walk::document(std::string_view frame) {
  const size_t needed = frame.size() + simdjson::SIMDJSON_PADDING;
  if (scratch_.copy.size() < needed) {
    scratch_.copy.resize(std::bit_ceil(std::max(needed, kSmallestCopy)));
    // Sized like the copy, so that parser and copy grow together and seldom.
    if (scratch_.parser.allocate(scratch_.copy.size()) != simdjson::SUCCESS) return ParseProblem::not_json;
    scratch_.unescaped.reserve(scratch_.copy.size());
  }
  char* const copy = scratch_.copy.data();
  std::memcpy(copy, frame.data(), frame.size());
  std::memset(copy + frame.size(), 0, simdjson::SIMDJSON_PADDING);
  scratch_.unescaped.clear();

  ondemand::document document;
  if (scratch_.parser.iterate(copy, frame.size(), scratch_.copy.size()).get(document)) return ParseProblem::not_json;
  ondemand::object top;
  if (first_of(frame) != '{') {
    return other_document(document, frame) ? ParseProblem::not_an_object : problem_;
  }
  if (document.get_object().get(top)) return ParseProblem::not_json;
  if (!object(top)) return problem_;
  return at_end(document) ? ParseProblem::none : ParseProblem::not_json;
}

// Is it JSON at all? Only to tell whoever looks for what is wrong with a sender.
bool JsonReader::Walk::other_document(ondemand::document& document, std::string_view frame) {
  if (first_of(frame) == '[') {
    ondemand::array array;
    if (document.get_array().get(array)) return false;
    for (auto item : array) {
      if (item.error() || !nested(item.value_unsafe(), 1)) return false;
    }
    return at_end(document);
  }
  std::string_view token;
  if (document.raw_json_token().get(token)) return false;
  token = without_blanks_behind(token);
  if (token.data() + token.size() - scratch_.copy.data() <
      static_cast<ptrdiff_t>(without_blanks_behind(frame).size())) {
    return false;
  }
  const bool text = token.size() > 1 && token.front() == '"' && token.back() == '"';
  return text ? has_valid_escapes(token.substr(1, token.size() - 2)) : is_number(token) || is_word(token);
}

bool JsonReader::Walk::object(ondemand::object object) {
  size_t place = 0;
  for (auto item : object) {
    if (item.error()) return false;
    ondemand::field& member =
        item.value_unsafe();  // by reference: copying simdjson's iterators costs more than reading
    JsonKeys::Target target;
    if (!key(member.key().raw(), place++, target)) return false;
    ondemand::value& value = member.value();
    const std::string_view token = value.raw_json_token();
    if (token[0] == '{' || token[0] == '[') {
      reader_.has_extra_fields_ = true;
      if (!nested(value, 1)) return false;
      continue;
    }
    Scalar text;
    if (!scalar(value, token, text) || !take(target, text)) return false;
  }
  return true;
}

bool JsonReader::Walk::nested(ondemand::value& value, unsigned depth) {
  const std::string_view token = value.raw_json_token();
  switch (token[0]) {
    case '{':
      return depth < kMaxJsonDepth ? nested_object(value, depth) : fail(ParseProblem::too_deep);
    case '[':
      return depth < kMaxJsonDepth ? nested_array(value, depth) : fail(ParseProblem::too_deep);
    default:
      break;
  }
  Scalar text;
  if (!scalar(value, token, text)) return false;
  if (text.kind == JsonField::Kind::escaped && !has_valid_escapes(text.text)) return false;
  add_span(text.text);
  return true;
}

bool JsonReader::Walk::nested_object(ondemand::value& value, unsigned depth) {
  ondemand::object object;
  if (value.get_object().get(object)) return false;
  for (auto item : object) {
    if (item.error()) return false;
    ondemand::field& member = item.value_unsafe();
    const char* const raw = member.key().raw();
    const char* end = raw;
    for (; *end != '"'; ++end) {
      if (*end == '\\') ++end;
    }
    if (!has_valid_escapes({raw, static_cast<size_t>(end - raw)})) return false;
    if (!nested(member.value(), depth + 1)) return false;
  }
  return true;
}

bool JsonReader::Walk::nested_array(ondemand::value& value, unsigned depth) {
  ondemand::array array;
  if (value.get_array().get(array)) return false;
  for (auto item : array) {
    if (item.error() || !nested(item.value_unsafe(), depth + 1)) return false;
  }
  return true;
}

// Numbers and words are checked here, as simdjson's lazy reading would skip them; control characters and UTF-8 were
// checked when the document was indexed, escapes are by who takes the text.
bool JsonReader::Walk::scalar(ondemand::value& value, std::string_view token, Scalar& out) {
  token = without_blanks_behind(token);
  if (token.empty()) return false;
  if (token.front() == '"') {
    ondemand::raw_json_string ignored;
    if (token.size() < 2 || token.back() != '"' || value.get_raw_json_string().get(ignored)) return false;
    out.text = token.substr(1, token.size() - 2);
    out.kind = has_escape(out.text) ? JsonField::Kind::escaped : JsonField::Kind::text;
    return true;
  }
  out.text = token;
  if (token.front() == '-' || is_digit(token.front())) {
    out.kind = JsonField::Kind::number;
    return is_number(token);
  }
  out.kind = token == "null" ? JsonField::Kind::none : JsonField::Kind::word;
  return is_word(token);
}

// `raw` is behind the key's opening quote; simdjson has made sure that there is a closing one.
bool JsonReader::Walk::key(const char* raw, size_t place, JsonKeys::Target& target) {
  if (place < scratch_.expected.size()) {
    const ExpectedKey& expected = scratch_.expected[place];
    if (expected.is(raw)) {
      target = expected.target;
      return true;
    }
  }
  return other_key(raw, place, target);
}

bool JsonReader::Walk::other_key(const char* raw, size_t place, JsonKeys::Target& target) {
  const char* end = raw;
  bool escaped = false;
  for (; *end != '"'; ++end) {
    if (*end != '\\') continue;
    escaped = true;
    ++end;
  }
  const std::string_view inside(raw, static_cast<size_t>(end - raw));
  std::string_view key = inside;
  if (escaped) {
    scratch_.key.clear();
    if (!append_unescaped(inside, scratch_.key)) return false;
    key = scratch_.key;
  }
  target = reader_.keys_.find(key);
  if (reader_.keys_.is_gelf() && !target.known && !is_gelf_field_name(key)) {
    reader_.has_bad_key_ = true;
  } else if (place < scratch_.expected.size() && inside.size() < ExpectedKey::kMaxLength) {
    ExpectedKey& expected = scratch_.expected[place];
    std::copy_n(raw, inside.size() + 1, expected.text.begin());
    expected.length = static_cast<uint8_t>(inside.size() + 1);
    expected.target = target;
  }
  return true;
}

// A scalar at the top: a field's candidate, or an extra field.
bool JsonReader::Walk::take(JsonKeys::Target target, const Scalar& scalar) {
  if (target.name == JsonName::ignored)
    return scalar.kind != JsonField::Kind::escaped || has_valid_escapes(scalar.text);
  const uint8_t span = add_span(scalar.text);
  const bool extra = target.name == JsonName::extra;
  if (extra || scalar.kind == JsonField::Kind::none) {
    reader_.has_extra_fields_ |= extra;
    return scalar.kind != JsonField::Kind::escaped || has_valid_escapes(scalar.text);
  }
  std::string_view text = in_frame(scalar.text);
  if (scalar.kind == JsonField::Kind::escaped) {
    const size_t before = scratch_.unescaped.size();
    if (!append_unescaped(scalar.text, scratch_.unescaped)) return false;
    text = std::string_view(scratch_.unescaped).substr(before);
  }
  const auto index = static_cast<size_t>(target.name);
  const uint64_t bit = uint64_t{1} << target.priority;
  reader_.has_duplicate_keys_ |= (seen_[index] & bit) != 0;
  seen_[index] |= bit;
  JsonField& field = reader_.fields_[index];
  if (field.kind != JsonField::Kind::none && field.priority != target.priority) reader_.has_extra_fields_ = true;
  if (target.priority <= field.priority) field = {text, scalar.kind, target.priority, span};
  return true;
}

// Returns the span's index if the text has one for itself, kMaxSpans if not.
uint8_t JsonReader::Walk::add_span(std::string_view text) {
  const std::string_view piece = in_frame(text);
  if (event_.span_count < kMaxSpans) {
    event_.add_span(piece, Piece::value);
    return event_.span_count < kMaxSpans ? static_cast<uint8_t>(event_.span_count - 1) : kMaxSpans;
  }
  Span& last = event_.spans[kMaxSpans - 1];
  last.length = static_cast<uint32_t>(piece.data() + piece.size() - event_.frame.data()) - last.offset;
  return kMaxSpans;
}

}  // namespace sluice
