#include "daemon/ctl/event_json.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/parse/civil_time.h"
#include "core/parse/json_string.h"
#include "core/parse/structured_data.h"
#include "core/parse/time_shape.h"
#include "daemon/ctl/base64.h"

namespace sluice {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// The octets of the UTF-8 sequence at `at`, or 0. REQUIRES: text[at] is not ASCII
size_t utf8_sequence(std::string_view text, size_t at) {
  const auto octet = [&](size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  const unsigned first = octet(0);
  const auto tail = [&](size_t i) { return (octet(i) & 0xc0) == 0x80; };
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    const bool overlong = first == 0xe0 && octet(1) < 0xa0;
    const bool surrogate = first == 0xed && octet(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    const bool outside = (first == 0xf0 && octet(1) < 0x90) || (first == 0xf4 && octet(1) >= 0x90);
    return outside ? 0 : 4;
  }
  return 0;
}

void append_control(unsigned char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

// "name":"value","again":["a","b"]
void append_params(std::span<const StructuredData::Param> params, std::string& out) {
  const auto same_name = [&](size_t i) { return [&params, i](const auto& p) { return p.name == params[i].name; }; };
  for (size_t i = 0; i < params.size(); ++i) {
    const auto earlier = params.begin() + static_cast<ptrdiff_t>(i);
    if (std::any_of(params.begin(), earlier, same_name(i))) continue;  // told with the first of its name
    if (i > 0) out += ',';
    append_json_string(params[i].name, out);
    out += ':';
    const bool repeated = std::any_of(earlier + 1, params.end(), same_name(i));
    if (repeated) out += '[';
    append_json_string(params[i].value, out);
    for (size_t k = i + 1; repeated && k < params.size(); ++k) {
      if (params[k].name != params[i].name) continue;
      out += ',';
      append_json_string(params[k].value, out);
    }
    if (repeated) out += ']';
  }
}

// {"id":{"name":"value","again":["a","b"]}}
void append_structured_data(std::string_view text, std::string& out) {
  StructuredData data;
  data.parse(text);
  if (data.elements().empty()) {
    out += "null";
    return;
  }
  char before_element = '{';
  for (const StructuredData::Element& element : data.elements()) {
    out += before_element;
    before_element = ',';
    append_json_string(element.id, out);
    out += ":{";
    append_params(data.params(element), out);
    out += '}';
  }
  out += '}';
}

// {"json":{"key":value}}
void append_extra_fields(const EventFields& fields, std::string& out) {
  std::optional<ExtraFieldReader> made;
  ExtraFieldReader& reader = fields.extra_reader != nullptr ? *fields.extra_reader : made.emplace();
  const size_t begin = out.size();
  out += "{\"json\":";
  char before = '{';
  reader.visit(fields.frame, fields.format, fields.flags, [&](std::string_view key, std::string_view json) {
    out += before;
    before = ',';
    append_json_string(key, out);
    out += ':';
    // A frame may hold line ends between its tokens; in its strings they are escaped.
    for (const char c : json) out += c == '\n' || c == '\r' ? ' ' : c;
  });
  if (before == '{') {
    out.resize(begin);
    out += "null";
  } else {
    out += "}}";
  }
}

void append_number_or_null(std::string_view key, uint64_t value, bool present, std::string& out) {
  out += '"';
  out += key;
  out += "\":";
  out += present ? std::to_string(value) : "null";
}

std::string_view message_text(const EventFields& fields, std::string& scratch) {
  if (!(fields.flags & kMessageEscaped)) return fields.message;
  append_unescaped(fields.message, scratch);
  return scratch;
}

}  // namespace

EventFields fields_of(const Event& event) {
  return {.facility = event.facility,
          .severity = event.severity,
          .version = event.version,
          .format = event.format,
          .time = event.time,
          .flags = event.flags,
          .hostname = event.hostname,
          .app_name = event.app_name,
          .proc_id = event.proc_id,
          .msg_id = event.msg_id,
          .structured_data = event.structured_data,
          .message = event.message,
          .frame = event.frame};
}

bool append_json_string(std::string_view text, std::string& out) {
  bool valid = true;
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const size_t length = utf8_sequence(text, i);
      valid = valid && length > 0;
      out += length > 0 ? text.substr(i, length) : kReplacement;
      i += std::max<size_t>(length, 1);
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c < 0x20) {
      append_control(c, out);
    } else {
      out += text[i];
    }
    ++i;
  }
  out += '"';
  return valid;
}

void append_text_member(std::string_view key, std::string_view text, std::string& out) {
  out += '"';
  out += key;
  out += "\":";
  if (text.empty()) {
    out += "null";
    return;
  }
  if (append_json_string(text, out)) return;
  out += ",\"";
  out += key;
  out += "_b64\":\"";
  append_base64(text, out);
  out += '"';
}

void append_rfc3339(Nanos time, std::string& out) {
  Nanos fraction = time % kSecond;
  if (fraction < 0) fraction += kSecond;
  uint8_t digits = 9;
  for (; digits > 0 && fraction % 10 == 0; fraction /= 10) --digits;
  render_time(time, {TimeForm::rfc3339_zulu, digits, 0}, out);
}

void append_event_members(const EventFields& fields, std::string& out) {
  append_number_or_null("facility", fields.facility, true, out);
  out += ',';
  append_number_or_null("severity", fields.severity, true, out);
  out += ',';
  append_number_or_null("version", fields.version, fields.version != 0, out);
  out += ",\"timestamp\":";
  if ((fields.flags & kTimeAssumed) && !fields.show_assumed_time) {
    out += "null";
  } else {
    out += '"';
    append_rfc3339(fields.time, out);
    out += '"';
  }
  out += ',';
  append_text_member("hostname", fields.hostname, out);
  out += ',';
  append_text_member("app_name", fields.app_name, out);
  out += ',';
  append_text_member("procid", fields.proc_id, out);
  out += ',';
  append_text_member("msgid", fields.msg_id, out);
  out += ",\"structured_data\":";
  if (fields.flags & kExtraFields) {
    append_extra_fields(fields, out);
  } else {
    append_structured_data(fields.structured_data, out);
  }
  out += ',';
  std::string unescaped;
  append_text_member("message", message_text(fields, unescaped), out);
}

}  // namespace sluice
