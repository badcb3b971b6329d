// Makes a frame again from its event alone, as a reader of the store does: the proof that nothing of it was lost.
//
//   EXPECT_EQ(rebuild_frame(event), frame);
//
// Of event.frame only what a stored record keeps is used: the layout (what lies between the spans) and `value` pieces.
#pragma once

#include <string>
#include <string_view>

#include "core/parse/event.h"
#include "core/parse/time_shape.h"

namespace sluice {

inline void append_or_nil(std::string_view field, std::string& out) { out += field.empty() ? "-" : field; }

inline void append_pri(const Event& event, std::string& out) {
  out += std::to_string(event.facility * 8 + event.severity);
}

inline std::string rebuild_common_layout(const Event& event) {
  std::string out;
  if (event.layout == CommonLayout::raw) return std::string(event.message);
  out += '<';
  append_pri(event, out);
  out += '>';
  if (event.layout == CommonLayout::rfc5424 || event.layout == CommonLayout::rfc5424_no_msg) {
    out += "1 ";
    const size_t before = out.size();
    render_time(event.time, event.time_shape, out);
    if (out.size() == before) out += '-';
    for (std::string_view field :
         {event.hostname, event.app_name, event.proc_id, event.msg_id, event.structured_data}) {
      out += ' ';
      append_or_nil(field, out);
    }
    if (event.layout == CommonLayout::rfc5424) out.append(" ").append(event.message);
    return out;
  }
  render_time(event.time, event.time_shape, out);
  out.append(" ").append(event.hostname).append(" ").append(event.app_name);
  if (event.layout == CommonLayout::rfc3164_pid) out.append("[").append(event.proc_id).append("]");
  return out.append(": ").append(event.message);
}

inline std::string rebuild_frame(const Event& event) {
  if (event.layout != CommonLayout::none) return rebuild_common_layout(event);
  std::string out;
  size_t at = 0;
  for (uint32_t i = 0; i < event.span_count; ++i) {
    const Span& span = event.spans[i];
    if (span.offset < at || span.offset + size_t{span.length} > event.frame.size()) return "BUG: spans out of order";
    out += event.frame.substr(at, span.offset - at);
    at = span.offset + size_t{span.length};
    switch (span.piece) {
      case Piece::pri:
        append_pri(event, out);
        break;
      case Piece::time:
        render_time(event.time, event.time_shape, out);
        break;
      case Piece::hostname:
        out += event.hostname;
        break;
      case Piece::app_name:
        out += event.app_name;
        break;
      case Piece::proc_id:
        out += event.proc_id;
        break;
      case Piece::msg_id:
        out += event.msg_id;
        break;
      case Piece::structured_data:
        out += event.structured_data;
        break;
      case Piece::message:
        // A JSON string with escapes is stored as it stands in the frame.
        out += event.flags & kMessageEscaped ? event.frame.substr(span.offset, span.length) : event.message;
        break;
      case Piece::value:
        out += event.frame.substr(span.offset, span.length);
        break;
      case Piece::end:
        return "BUG: a span of piece `end`";
    }
  }
  return out += event.frame.substr(at);
}

// Empty, or which promise of event.h the spans break.
inline std::string complaint_about_spans(const Event& event) {
  if (event.layout != CommonLayout::none) return event.span_count == 0 ? "" : "a common layout has spans";
  if (event.span_count > kMaxSpans) return "too many spans";
  uint32_t seen = 0;  // bit by piece
  size_t at = 0;
  for (uint32_t i = 0; i < event.span_count; ++i) {
    const Span& span = event.spans[i];
    if (span.offset < at) return "spans overlap or are out of order";
    at = span.offset + size_t{span.length};
    if (at > event.frame.size()) return "a span leaves the frame";
    const uint32_t bit = 1u << static_cast<unsigned>(span.piece);
    if (span.piece != Piece::value && (seen & bit)) return "a piece came twice";
    seen |= bit;
  }
  return "";
}

}  // namespace sluice
