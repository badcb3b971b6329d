// StoredRecord: one record as it is read back from a block. Views into the decoded block: valid while that block's
// reader lives and keeps its columns.
//
//   std::string frame;
//   append_raw(record, frame);        // the received frame, byte for byte
//   std::string text;
//   append_message(record, text);     // the message, JSON escapes undone
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/parse/event.h"
#include "core/record/packed_flags.h"

namespace sluice {

struct StoredRecord {
  uint64_t id = 0;
  Nanos time = 0;
  Nanos received = 0;
  PackedFlags flags{0};
  CommonLayout layout = CommonLayout::none;
  TimeShape time_shape;
  std::string_view listener;
  std::string_view peer;
  std::string_view hostname;
  std::string_view app_name;
  std::string_view proc_id;
  std::string_view msg_id;
  std::string_view structured_data;  // RFC 5424 text with brackets; empty when absent
  std::string_view message;          // as in the frame; see kMessageEscaped
  std::string_view layout_text;      // with layout `none`: literals and pieces (layout.h)
  std::string_view values;           // the `value` pieces in order, each length-prefixed (append_bytes)
};

void append_raw(const StoredRecord& record, std::string& out);
void append_message(const StoredRecord& record, std::string& out);

}  // namespace sluice
