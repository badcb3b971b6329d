#include "core/parse/strict.h"

#include <vector>

#include "core/parse/civil_time.h"
#include "core/parse/written_time.h"
#include "simdjson.h"

namespace sluice {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_printable(char c) { return c >= 33 && c <= 126; }

// Walks a frame by the grammar. Each rule returns whether it held; the first that did not has set the deviation.
class Walk {
 public:
  explicit Walk(std::string_view frame) : text_(frame) {}

  const std::optional<Deviation>& deviation() const { return deviation_; }

  bool rfc5424();
  bool rfc3164();

 private:
  bool fail(size_t octet, std::string_view sentence) {
    deviation_ = Deviation{octet, sentence};
    return false;
  }
  bool fail_here(std::string_view sentence) { return fail(at_, sentence); }
  bool done() const { return at_ >= text_.size(); }
  bool next_is(char c) const { return !done() && text_[at_] == c; }
  bool take(char c, std::string_view otherwise) {
    if (!next_is(c)) return fail_here(otherwise);
    ++at_;
    return true;
  }
  // '-' as a whole field.
  bool take_nil() {
    if (!next_is('-') || (at_ + 1 < text_.size() && text_[at_ + 1] != ' ')) return false;
    ++at_;
    return true;
  }

  bool pri();
  bool version();
  bool timestamp();
  bool time_of_day();
  bool zone();
  bool digits(size_t count, std::string_view otherwise, int& value);
  bool field(size_t limit, std::string_view empty, std::string_view octets, std::string_view too_long);
  bool structured_data();
  bool element();
  bool name(std::string_view what);
  bool value();
  bool message();

  std::string_view text_;
  size_t at_ = 0;
  std::vector<std::string_view> ids_;
  std::optional<Deviation> deviation_;
};

bool Walk::pri() {
  if (!take('<', "a message begins with '<' and its PRI")) return false;
  const size_t from = at_;
  int value = 0;
  while (!done() && at_ - from < 3 && is_digit(text_[at_])) value = value * 10 + (text_[at_++] - '0');
  if (at_ == from) return fail_here("PRIVAL is a number");
  if (at_ - from > 1 && text_[from] == '0') return fail(from, "PRIVAL has no leading zero");
  if (!next_is('>')) return fail_here("PRIVAL has at most three digits, and '>' follows it");
  if (value > 191) return fail(from, "PRIVAL is at most 191");
  ++at_;
  return true;
}

bool Walk::version() {
  const size_t from = at_;
  while (!done() && at_ - from < 3 && is_digit(text_[at_])) ++at_;
  if (at_ == from) return fail_here("VERSION, a number, follows the PRI");
  if (text_[from] == '0') return fail(from, "VERSION does not begin with 0");
  return take(' ', "VERSION has at most three digits, and one blank follows it");
}

bool Walk::digits(size_t count, std::string_view otherwise, int& value) {
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (done() || !is_digit(text_[at_])) return fail_here(otherwise);
    value = value * 10 + (text_[at_++] - '0');
  }
  return true;
}

bool Walk::timestamp() {
  if (take_nil()) return true;
  constexpr std::string_view kDate = "TIMESTAMP is '-' or begins with a date as in 2003-10-11";
  int year = 0, month = 0, day = 0;
  if (!digits(4, kDate, year) || !take('-', kDate)) return false;
  const size_t month_at = at_;
  if (!digits(2, kDate, month) || !take('-', kDate)) return false;
  const size_t day_at = at_;
  if (!digits(2, kDate, day)) return false;
  if (month < 1 || month > 12) return fail(month_at, "TIMESTAMP has a month from 01 to 12");
  if (day < 1 || day > days_in_month(year, month))
    return fail(day_at, "TIMESTAMP has a day that its month does not have");
  return take('T', "TIMESTAMP has a capital T between date and time") && time_of_day() && zone();
}

bool Walk::time_of_day() {
  constexpr std::string_view kTime = "TIMESTAMP has a time as in 22:14:15";
  int hour = 0, minute = 0, second = 0;
  const size_t from = at_;
  if (!digits(2, kTime, hour) || !take(':', kTime)) return false;
  if (!digits(2, kTime, minute) || !take(':', kTime)) return false;
  if (!digits(2, kTime, second)) return false;
  if (hour > 23) return fail(from, "TIMESTAMP has an hour from 00 to 23");
  if (minute > 59) return fail(from + 3, "TIMESTAMP has a minute from 00 to 59");
  if (second == 60) return fail(from + 6, "TIMESTAMP must not have a leap second");
  if (second > 59) return fail(from + 6, "TIMESTAMP has a second from 00 to 59");
  if (!next_is('.')) return true;
  const size_t fraction = ++at_;
  while (!done() && is_digit(text_[at_])) ++at_;
  if (at_ == fraction) return fail_here("TIMESTAMP has a digit behind its point");
  if (at_ - fraction > 6) return fail(fraction + 6, "TIMESTAMP has at most six fraction digits");
  return true;
}

bool Walk::zone() {
  if (next_is('Z')) {
    ++at_;
    return true;
  }
  if (!next_is('+') && !next_is('-')) return fail_here("TIMESTAMP ends with a capital Z or an offset as in +02:00");
  const size_t from = ++at_;
  constexpr std::string_view kOffset = "TIMESTAMP has an offset as in +02:00";
  int hour = 0, minute = 0;
  if (!digits(2, kOffset, hour) || !take(':', kOffset) || !digits(2, kOffset, minute)) return false;
  if (hour > 23) return fail(from, "TIMESTAMP has an offset of at most 23 hours");
  if (minute > 59) return fail(from + 3, "TIMESTAMP has an offset with minutes from 00 to 59");
  return true;
}

bool Walk::field(size_t limit, std::string_view empty, std::string_view octets, std::string_view too_long) {
  const size_t from = at_;
  while (!done() && is_printable(text_[at_])) ++at_;
  if (at_ - from > limit) return fail(from + limit, too_long);
  if (at_ == from && (done() || next_is(' '))) return fail_here(empty);
  if (!done() && !next_is(' ')) return fail_here(octets);
  return true;
}

bool Walk::name(std::string_view what) {
  const size_t from = at_;
  while (!done() && is_printable(text_[at_]) && text_[at_] != '=' && text_[at_] != '"' && text_[at_] != ']') ++at_;
  if (at_ == from) return fail_here(what);
  if (at_ - from > 32) return fail(from + 32, "an SD-ID or PARAM-NAME has at most 32 octets");
  return true;
}

bool Walk::value() {
  const size_t from = at_;
  for (;; ++at_) {
    if (done()) return fail_here("a PARAM-VALUE ends with '\"'");
    if (text_[at_] == '"') break;
    if (text_[at_] == ']') return fail_here("']' in a PARAM-VALUE is written \\]");
    if (text_[at_] != '\\') continue;
    const char escaped = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (escaped != '"' && escaped != '\\' && escaped != ']') {
      return fail_here("a backslash in a PARAM-VALUE stands only before '\"', '\\' and ']'");
    }
    ++at_;
  }
  if (!simdjson::validate_utf8(text_.data() + from, at_ - from)) return fail(from, "a PARAM-VALUE is UTF-8");
  ++at_;
  return true;
}

bool Walk::element() {
  ++at_;  // '['
  const size_t from = at_;
  if (!name("an SD-ELEMENT begins with its SD-ID")) return false;
  const std::string_view id = text_.substr(from, at_ - from);
  for (const std::string_view earlier : ids_) {
    if (earlier == id) return fail(from, "an SD-ID comes only once in a message");
  }
  ids_.push_back(id);
  while (next_is(' ')) {
    ++at_;
    if (!name("one blank and a PARAM-NAME follow an SD-ID or PARAM-VALUE")) return false;
    if (!take('=', "'=' follows a PARAM-NAME")) return false;
    if (!take('"', "a PARAM-VALUE stands in quotes") || !value()) return false;
  }
  return take(']', "an SD-ELEMENT ends with ']'");
}

bool Walk::structured_data() {
  if (take_nil()) return true;
  if (!next_is('[')) return fail_here("STRUCTURED-DATA is '-' or begins with '['");
  while (next_is('[')) {
    if (!element()) return false;
  }
  return true;
}

bool Walk::message() {
  if (done()) return true;
  if (!take(' ', "one blank divides STRUCTURED-DATA and MSG")) return false;
  const std::string_view rest = text_.substr(at_);
  if (!rest.starts_with(kByteOrderMark)) return true;
  if (!simdjson::validate_utf8(rest)) return fail_here("a MSG that begins with a byte order mark is UTF-8");
  return true;
}

bool Walk::rfc5424() {
  constexpr std::string_view kBlank = "one blank divides two fields of the header";
  return pri() && version() && timestamp() && take(' ', "one blank follows the TIMESTAMP") &&
         field(255, "HOSTNAME is missing: absent is '-'", "HOSTNAME is printable ASCII",
               "HOSTNAME has at most 255 octets") &&
         take(' ', kBlank) &&
         field(48, "APP-NAME is missing: absent is '-'", "APP-NAME is printable ASCII",
               "APP-NAME has at most 48 octets") &&
         take(' ', kBlank) &&
         field(128, "PROCID is missing: absent is '-'", "PROCID is printable ASCII", "PROCID has at most 128 octets") &&
         take(' ', kBlank) &&
         field(32, "MSGID is missing: absent is '-'", "MSGID is printable ASCII", "MSGID has at most 32 octets") &&
         take(' ', kBlank) && structured_data() && message();
}

bool Walk::rfc3164() {
  if (!pri()) return false;
  WrittenTime written;
  const std::string_view rest = text_.substr(at_);
  const bool readable = read_month_name(rest, written);
  const bool plain = readable && written.digits == 0 && written.length == 15 &&
                     (written.form == TimeForm::rfc3164 || (written.form == TimeForm::none && written.second == 60));
  if (!plain) return fail_here("TIMESTAMP is written as in 'Oct 11 22:14:15', a day below 10 as in 'Oct  1'");
  at_ += written.length;
  if (!take(' ', "one blank follows the TIMESTAMP")) return false;
  size_t from = at_;
  while (!done() && is_printable(text_[at_])) ++at_;
  if (at_ == from) return fail_here("HOSTNAME, a name or an address, follows the TIMESTAMP");
  if (text_[at_ - 1] == ':' || !next_is(' '))
    return fail(from, "HOSTNAME, a name or an address, follows the TIMESTAMP");
  from = ++at_;
  const auto is_alphanumeric = [](char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); };
  while (!done() && is_alphanumeric(text_[at_])) ++at_;
  if (at_ == from) return fail_here("TAG, letters and digits, follows the HOSTNAME");
  if (at_ - from > 32) return fail(from + 32, "TAG has at most 32 octets");
  if (text_.size() > 1024) return fail(1024, "a message has at most 1024 octets");
  for (; !done(); ++at_) {
    if (text_[at_] != ' ' && !is_printable(text_[at_])) return fail_here("MSG is printable ASCII");
  }
  return true;
}

}  // namespace

std::optional<Deviation> first_deviation_rfc5424(std::string_view frame) {
  Walk walk(frame);
  walk.rfc5424();
  return walk.deviation();
}

std::optional<Deviation> first_deviation_rfc3164(std::string_view frame) {
  Walk walk(frame);
  walk.rfc3164();
  return walk.deviation();
}

}  // namespace sluice
