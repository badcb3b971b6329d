#include "daemon/ctl/line_format.h"

#include <array>
#include <charconv>
#include <utility>

#include "daemon/ctl/event_json.h"
#include "daemon/ctl/printable.h"

namespace sluice {
namespace {

constexpr std::array<std::pair<std::string_view, LineStyle>, 5> kStyles{{{"short", LineStyle::brief},
                                                                         {"short-iso", LineStyle::brief_iso},
                                                                         {"json", LineStyle::json},
                                                                         {"cat", LineStyle::cat},
                                                                         {"raw", LineStyle::raw}}};

constexpr std::array<std::pair<EventFlag, std::string_view>, 18> kFlagNames{{
    {kTimeAssumed, "time_assumed"},
    {kPriAbsent, "pri_absent"},
    {kPriInvalid, "pri_invalid"},
    {kHostnameAssumed, "hostname_assumed"},
    {kYearAssumed, "year_assumed"},
    {kZoneAssumed, "zone_assumed"},
    {kSdRepaired, "sd_repaired"},
    {kSdBroken, "sd_broken"},
    {kSdIdRepeated, "sd_id_repeated"},
    {kVersionNotOne, "version_not_one"},
    {kFieldOverlong, "field_overlong"},
    {kUnparsed, "unparsed"},
    {kBomStripped, "bom_stripped"},
    {kTruncatedFlag, "truncated"},
    {kCutShortFlag, "cut_short"},
    {kLeapSecond, "leap_second"},
    {kDuplicateKeys, "duplicate_keys"},
    {kNotUtf8, "not_utf8"},
}};

// As journalctl colours them: red for err and worse, yellow, bold, grey.
std::string_view color_of(uint8_t severity) {
  if (severity <= 3) return "\x1b[0;1;31m";
  if (severity == 4) return "\x1b[0;1;38;5;185m";
  if (severity == 5) return "\x1b[0;1;39m";
  return severity == 7 ? "\x1b[0;38;5;245m" : "";
}

// The VERSION that stands in the frame: the record only says that it is not 1.
uint16_t version_of(const StoredRecord& record, std::string_view frame) {
  if (record.flags.format() != Format::rfc5424) return 0;
  const size_t pri_end = frame.find('>');
  uint16_t version = 1;
  if (record.flags.has(kVersionNotOne) && pri_end != std::string_view::npos) {
    std::from_chars(frame.data() + pri_end + 1, frame.data() + frame.size(), version);
  }
  return version;
}

void append_number_member(std::string_view key, uint64_t value, std::string& out) {
  out += '"';
  out += key;
  out += "\":";
  out += std::to_string(value);
}

}  // namespace

Result<LineStyle> parse_line_style(std::string_view text) {
  for (const auto& [name, style] : kStyles) {
    if (text == name) return style;
  }
  return Unexpected(
      Error{"'" + std::string(text) + "' is not an output style: give short, short-iso, json, cat or raw"});
}

std::string_view format_name(Format format) {
  switch (format) {
    case Format::raw:
      return "raw";
    case Format::rfc3164:
      return "rfc3164";
    case Format::rfc5424:
      return "rfc5424";
    case Format::json:
      return "json";
    case Format::gelf:
      return "gelf";
  }
  return "unknown";
}

void append_flag_names(PackedFlags flags, std::string& out) {
  bool first = true;
  for (const auto& [flag, name] : kFlagNames) {
    if (!flags.has(flag)) continue;
    if (!std::exchange(first, false)) out += ',';
    out += '"';
    out += name;
    out += '"';
  }
}

std::string_view LineFormat::message_of(const StoredRecord& record) {
  if (!record.flags.has(kMessageEscaped)) return record.message;
  message_.clear();
  append_message(record, message_);
  return message_;
}

BlockParts LineFormat::parts() const {
  switch (options_.style) {
    case LineStyle::brief:
    case LineStyle::brief_iso:
      return kTimePart | kOriginPart | kClassPart | kSenderPart | kProcIdPart | kMessagePart;
    case LineStyle::cat:
      return kClassPart | kMessagePart;
    case LineStyle::raw:
      return kAllParts & ~(kIdPart | kReceivedPart | kSenderPart);
    case LineStyle::json:
      break;
  }
  return kAllParts;
}

void LineFormat::append(const StoredRecord& record, uint64_t times, std::string& out) {
  switch (options_.style) {
    case LineStyle::brief:
    case LineStyle::brief_iso:
      append_brief(record, times, out);
      break;
    case LineStyle::json:
      append_json(record, times, out);
      break;
    case LineStyle::cat:
      out += message_of(record);
      break;
    case LineStyle::raw:
      append_raw(record, out);
      break;
  }
  out += '\n';
}

void LineFormat::append_brief(const StoredRecord& record, uint64_t times, std::string& out) {
  const size_t begin = out.size();
  if (options_.style == LineStyle::brief) {
    time_.append_short(record.time, out);
  } else {
    time_.append_iso(record.time, out);
  }
  const std::string_view host = record.hostname.empty() ? record.peer : record.hostname;
  if (!host.empty()) {
    out += ' ';
    append_printable(host, out);
  }
  if (!record.app_name.empty()) {
    out += ' ';
    append_printable(record.app_name, out);
    if (!record.proc_id.empty()) {
      out += '[';
      append_printable(record.proc_id, out);
      out += ']';
    }
    out += ':';
  }
  out += ' ';
  const size_t indent = out.size() - begin;
  const std::string_view color = options_.color ? color_of(record.flags.severity()) : "";
  out += color;
  append_message_lines(message_of(record), indent, out);
  if (!color.empty()) out += "\x1b[0m";
  if (times > 1) {
    out += " \xc3\x97";  // ×
    out += std::to_string(times);
  }
}

void LineFormat::append_message_lines(std::string_view message, size_t indent, std::string& out) {
  while (message.ends_with('\n') || message.ends_with('\r')) message.remove_suffix(1);
  for (;;) {
    const size_t end = message.find('\n');
    const std::string_view line = message.substr(0, end);
    if (options_.terminal) {
      append_printable(line, out);
    } else {
      out += line;
    }
    if (end == std::string_view::npos) return;
    message.remove_prefix(end + 1);
    out += '\n';
    out.append(indent, ' ');
  }
}

void LineFormat::append_json(const StoredRecord& record, uint64_t times, std::string& out) {
  frame_.clear();
  append_raw(record, frame_);
  const EventFields fields{.facility = record.flags.facility(),
                           .severity = record.flags.severity(),
                           .version = version_of(record, frame_),
                           .format = record.flags.format(),
                           .time = record.time,
                           .flags = record.flags.bits(),
                           .hostname = record.hostname,
                           .app_name = record.app_name,
                           .proc_id = record.proc_id,
                           .msg_id = record.msg_id,
                           .structured_data = record.structured_data,
                           .message = record.message,
                           .frame = frame_,
                           .show_assumed_time = true,
                           .extra_reader = &extra_fields_};
  out += '{';
  append_event_members(fields, out);
  out += ',';
  append_number_member("id", record.id, out);
  out += ",\"received\":\"";
  append_rfc3339(record.received, out);
  out += "\",";
  append_text_member("listener", record.listener, out);
  out += ',';
  append_text_member("peer", record.peer, out);
  out += ",\"format\":\"";
  out += format_name(record.flags.format());
  out += "\",\"flags\":[";
  append_flag_names(record.flags, out);
  out += "],";
  append_number_member("repeats", times - 1, out);
  out += '}';
}

}  // namespace sluice
