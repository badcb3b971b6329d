// LineFormat: a record as `sluicectl logs -o STYLE` shows it.
//
// | style     | a line                                                                                |
// |-----------|---------------------------------------------------------------------------------------|
// | short     | Nov 23 10:15:30 web-1 sshd[4711]: message ×3       (local time)                        |
// | short-iso | 2026-11-23T10:15:30.123456+01:00 web-1 sshd[4711]: message ×3                          |
// | json      | one object: facility severity version timestamp hostname app_name procid msgid         |
// |           | structured_data message, then id received listener peer format flags repeats           |
// | cat       | the message and nothing else                                                          |
// | raw       | the received frame, byte for byte                                                     |
//
// Every line ends with one newline that is not part of it.
//
// A collapsed line shows once. ×3 says that it came three times in all; in JSON `repeats` is then 2.
//
// In the short styles an absent hostname is the peer's address, and an absent app_name leaves its place out. What a
// sender may have meant for the terminal is not obeyed: control characters are written out (printable.h) in the header
// always, in the message when a terminal shows it. A message of several lines is indented, so that none of
// its lines looks like a record. cat, raw and json change nothing.
//
// Threads: one.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/parse/extra_fields.h"
#include "core/parse/parser.h"
#include "core/record/block.h"
#include "core/record/stored_record.h"
#include "daemon/ctl/local_time.h"

namespace sluice {

enum class LineStyle : uint8_t { brief, brief_iso, json, cat, raw };

// "short" is brief. Errors: names the styles there are.
Result<LineStyle> parse_line_style(std::string_view text);

struct LineFormatOptions {
  LineStyle style = LineStyle::brief;
  absl::TimeZone zone = absl::LocalTimeZone();
  bool terminal = false;       // escape control characters of messages
  bool color = false;          // severities
  JsonFieldNames json_fields;  // the daemon's: the other fields of a JSON frame are extra ones
};

class LineFormat {
 public:
  explicit LineFormat(LineFormatOptions options)
      : options_(std::move(options)), time_(options_.zone), extra_fields_(options_.json_fields) {}

  // What it shows of a record: the rest need not be read (TimelineOptions).
  BlockParts parts() const;
  // `times`: how often the line came, as TimelineEntry has it.
  void append(const StoredRecord& record, uint64_t times, std::string& out);

 private:
  void append_brief(const StoredRecord& record, uint64_t times, std::string& out);
  void append_message_lines(std::string_view message, size_t indent, std::string& out);
  void append_json(const StoredRecord& record, uint64_t times, std::string& out);
  std::string_view message_of(const StoredRecord& record);

  const LineFormatOptions options_;
  LocalTime time_;
  ExtraFieldReader extra_fields_;
  std::string message_;
  std::string frame_;
};

// The names of the flags that `-o json` lists: what was assumed, repaired or cut. Appends nothing for the bits that only
// say how the record is kept.
void append_flag_names(PackedFlags flags, std::string& out);  // "pri_absent","zone_assumed"
std::string_view format_name(Format format);                  // "rfc5424"

}  // namespace sluice
