#include "core/parse/extra_fields.h"

#include <simdjson.h>

#include <string>

#include "core/parse/formats.h"
#include "core/parse/json_reader.h"
#include "core/parse/json_string.h"
#include "core/parse/syslog_names.h"

namespace sluice {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view without_blanks_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

// A value as it stands in the document.
bool text_of(ondemand::value& value, std::string_view& out) {
  out = value.raw_json_token();
  if (out[0] == '{') {
    ondemand::object object;
    if (value.get_object().get(object) || object.raw_json().get(out)) return false;
  } else if (out[0] == '[') {
    ondemand::array array;
    if (value.get_array().get(array) || array.raw_json().get(out)) return false;
  } else if (out[0] == '"') {
    ondemand::raw_json_string ignored;
    if (value.get_raw_json_string().get(ignored)) return false;
  }
  out = without_blanks_behind(out);
  return true;
}

// `raw` is behind a key's opening quote.
void unescape_key(const char* raw, std::string& out) {
  const char* end = raw;
  for (; *end != '"'; ++end) {
    if (*end == '\\') ++end;
  }
  out.clear();
  append_unescaped({raw, static_cast<size_t>(end - raw)}, out);
}

bool understood(const JsonReader& reader, JsonName name, uint32_t flags) {
  switch (name) {
    case JsonName::time:
      return (flags & kTimeAssumed) == 0;
    case JsonName::severity:
      return severity_from_text(reader.field(name).text).has_value();
    case JsonName::facility:
      return facility_from_text(reader.field(name).text).has_value();
    default:
      return true;
  }
}

}  // namespace

class ExtraFieldReader::Impl {
 public:
  explicit Impl(const JsonFieldNames& names)
      : json_keys_(names), gelf_keys_(JsonKeys::gelf()), json_(json_keys_), gelf_(gelf_keys_) {}

  bool visit(std::string_view frame, Format format, uint32_t flags, const ExtraFieldVisitor& visitor) {
    if (format != Format::json && format != Format::gelf) return false;
    const bool gelf = format == Format::gelf;
    const std::string_view text = without_trailer(frame);
    // The whole document is checked first, so that nothing is given of a broken one.
    JsonReader& reader = gelf ? gelf_ : json_;
    begin_event(frame, {}, event_);
    if (text.empty() || reader.read(text, event_) != ParseProblem::none) return false;

    copy_.assign(text);
    copy_.append(simdjson::SIMDJSON_PADDING, '\0');
    ondemand::document document;
    ondemand::object object;
    if (parser_.iterate(copy_.data(), text.size(), copy_.size()).get(document)) return false;
    if (document.get_object().get(object)) return false;
    for (auto item : object) {
      ondemand::field member;
      std::string_view json;
      if (std::move(item).get(member)) return false;
      unescape_key(member.key().raw(), key_);
      if (!text_of(member.value(), json)) return false;
      const JsonKeys::Target target = (gelf ? gelf_keys_ : json_keys_).find(key_);
      if (is_extra(reader, target, json, flags)) visitor(shown_key(gelf), json);
    }
    return true;
  }

 private:
  static bool is_extra(const JsonReader& reader, JsonKeys::Target target, std::string_view json, uint32_t flags) {
    if (target.name == JsonName::extra || json[0] == '{' || json[0] == '[') return true;
    if (target.name == JsonName::ignored || json == "null") return false;
    const JsonField& field = reader.field(target.name);
    return field.priority != target.priority || !understood(reader, target.name, flags);
  }

  std::string_view shown_key(bool gelf) const {
    return std::string_view(key_).substr(gelf && key_.starts_with('_') ? 1 : 0);
  }

  const JsonKeys json_keys_, gelf_keys_;
  JsonReader json_, gelf_;
  ondemand::parser parser_;
  std::string copy_;  // the frame and simdjson's padding
  std::string key_;
  Event event_;
};

ExtraFieldReader::ExtraFieldReader(const JsonFieldNames& names) : impl_(std::make_unique<Impl>(names)) {}
ExtraFieldReader::ExtraFieldReader(ExtraFieldReader&&) noexcept = default;
ExtraFieldReader& ExtraFieldReader::operator=(ExtraFieldReader&&) noexcept = default;
ExtraFieldReader::~ExtraFieldReader() = default;

bool ExtraFieldReader::visit(std::string_view frame, Format format, uint32_t flags, const ExtraFieldVisitor& visitor) {
  return impl_->visit(frame, format, flags, visitor);
}

bool visit_extra_fields(std::string_view frame, Format format, const JsonFieldNames& names,
                        const ExtraFieldVisitor& visitor) {
  return ExtraFieldReader(names).visit(frame, format, 0, visitor);
}

}  // namespace sluice
