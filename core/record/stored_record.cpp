#include "core/record/stored_record.h"

#include <charconv>

#include "core/base/coding.h"
#include "core/record/layout.h"

namespace sluice {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

void append_pri(uint8_t pri, std::string& out) {
  char digits[3];
  const auto end = std::to_chars(digits, digits + sizeof digits, pri).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

void append_or_dash(std::string_view field, std::string& out) {
  if (field.empty()) {
    out.push_back('-');
  } else {
    out.append(field);
  }
}

void append_rfc5424(const StoredRecord& r, std::string& out) {
  out.push_back('<');
  append_pri(r.flags.pri(), out);
  out.append(">1 ");
  if (r.time_shape.form == TimeForm::none) {
    out.push_back('-');
  } else {
    render_time(r.time, r.time_shape, out);
  }
  for (const std::string_view field : {r.hostname, r.app_name, r.proc_id, r.msg_id, r.structured_data}) {
    out.push_back(' ');
    append_or_dash(field, out);
  }
  if (r.layout == CommonLayout::rfc5424) {
    out.push_back(' ');
    out.append(r.message);
  }
}

void append_rfc3164(const StoredRecord& r, std::string& out) {
  out.push_back('<');
  append_pri(r.flags.pri(), out);
  out.push_back('>');
  render_time(r.time, r.time_shape, out);
  out.push_back(' ');
  out.append(r.hostname);
  out.push_back(' ');
  out.append(r.app_name);
  if (r.layout == CommonLayout::rfc3164_pid) {
    out.push_back('[');
    out.append(r.proc_id);
    out.push_back(']');
  }
  out.append(": ");
  out.append(r.message);
}

void append_piece(const StoredRecord& r, Piece piece, ByteReader& values, std::string& out) {
  switch (piece) {
    case Piece::end:
      break;
    case Piece::pri:
      append_pri(r.flags.pri(), out);
      break;
    case Piece::time:
      render_time(r.time, r.time_shape, out);
      break;
    case Piece::hostname:
      out.append(r.hostname);
      break;
    case Piece::app_name:
      out.append(r.app_name);
      break;
    case Piece::proc_id:
      out.append(r.proc_id);
      break;
    case Piece::msg_id:
      out.append(r.msg_id);
      break;
    case Piece::structured_data:
      out.append(r.structured_data);
      break;
    case Piece::message:
      out.append(r.message);
      break;
    case Piece::value:
      out.append(values.bytes());
      break;
  }
}

// Four hex digits at `at`, or -1.
int hex4(std::string_view text, size_t at) {
  unsigned value = 0;
  if (at + 4 > text.size()) return -1;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
  return error == std::errc() && end == text.data() + at + 4 ? static_cast<int>(value) : -1;
}

void append_utf8(uint32_t c, std::string& out) {
  const auto tail = [&](unsigned shift) { out.push_back(static_cast<char>(0x80 | ((c >> shift) & 0x3f))); };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | c >> 12));
    tail(6), tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | c >> 18));
    tail(12), tail(6), tail(0);
  }
}

bool is_high_surrogate(int c) { return c >= 0xd800 && c < 0xdc00; }
bool is_low_surrogate(int c) { return c >= 0xdc00 && c < 0xe000; }

// The code point of the \uXXXX whose digits begin at `at`; moves `at` behind it (and behind its second half).
void append_unicode_escape(std::string_view text, size_t& at, std::string& out) {
  const int first = hex4(text, at);
  if (first < 0) {
    out.append("\\u");
    return;
  }
  at += 4;
  if (is_high_surrogate(first) && text.substr(at, 2) == "\\u") {
    const int second = hex4(text, at + 2);
    if (is_low_surrogate(second)) {
      at += 6;
      append_utf8(0x10000 + (static_cast<uint32_t>(first - 0xd800) << 10) + static_cast<uint32_t>(second - 0xdc00),
                  out);
      return;
    }
  }
  if (is_high_surrogate(first) || is_low_surrogate(first)) {
    out.append(kReplacement);
  } else {
    append_utf8(static_cast<uint32_t>(first), out);
  }
}

void append_unescaped(std::string_view text, std::string& out) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t escape = std::min(text.find('\\', at), text.size());
    out.append(text, at, escape - at);
    if (escape + 1 >= text.size()) {
      out.append(text, escape);
      return;
    }
    at = escape + 2;
    switch (const char c = text[escape + 1]) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case '"':
      case '\\':
      case '/':
        out.push_back(c);
        break;
      case 'u':
        append_unicode_escape(text, at, out);
        break;
      default:
        out.append(text, escape, 2);  // not JSON: as it came
    }
  }
}

}  // namespace

void append_raw(const StoredRecord& record, std::string& out) {
  switch (record.layout) {
    case CommonLayout::rfc5424:
    case CommonLayout::rfc5424_no_msg:
      return append_rfc5424(record, out);
    case CommonLayout::rfc3164_pid:
    case CommonLayout::rfc3164:
      return append_rfc3164(record, out);
    case CommonLayout::raw:
      out.append(record.message);
      return;
    case CommonLayout::none:
      break;
  }
  LayoutCursor layout(record.layout_text);
  ByteReader values(record.values);
  std::string_view literal;
  Piece piece;
  while (layout.next(literal, piece)) {
    out.append(literal);
    append_piece(record, piece, values, out);
  }
}

void append_message(const StoredRecord& record, std::string& out) {
  if (record.flags.has(kMessageEscaped)) {
    append_unescaped(record.message, out);
  } else {
    out.append(record.message);
  }
}

}  // namespace sluice
