// RFC 3164 as it is really sent: <PRI>TIME HOSTNAME APP_NAME[PROC_ID]: MESSAGE, with each part missing, moved or
// decorated by somebody. What cannot be told for sure stays in the message.
//
// | dialect           | differs by                                                                             |
// |-------------------|----------------------------------------------------------------------------------------|
// | Cisco IOS, NX-OS  | sequence number, origin, '*' or '.' before the time, a colon behind it, %FAC-SEV-MNEM: |
// | Cisco IOS-XR      | node (RP/0/RP0/CPU0) glued to the time, a blank before a colon                         |
// | Cisco ASA, FTD    | year in the time, ` : ` behind the hostname, no time at all                            |
// | VMware ESXi       | an RFC 3339 time                                                                       |
// | AIX               | `Message forwarded from HOST:`, `last message repeated`                                |
// | Snare             | MSWinEventLog and a tab                                                                |
// | FortiGate         | key=value text without a header                                                        |
// | Palo Alto         | comma-separated text behind the hostname                                               |
// | haproxy, glibc    | no hostname                                                                            |
// | Dell              | capital letters in the month                                                           |
#include <algorithm>
#include <array>

#include "core/parse/formats.h"
#include "core/parse/syslog_pri.h"
#include "core/parse/syslog_tag.h"
#include "core/parse/text_scan.h"
#include "core/parse/timestamp.h"

namespace sluice {
namespace {

constexpr std::string_view kForwarded = "Message forwarded from ";
constexpr std::string_view kRepeated = "last message repeated ";

// Where a line without PRI has one of these, an application wrote it to a file and no syslog sender named its host.
constexpr std::array<std::string_view, 10> kLevelWords = {"TRACE", "DEBUG",   "INFO",  "NOTICE",   "WARN",
                                                          "ERROR", "WARNING", "FATAL", "CRITICAL", "SEVERE"};

bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// Written as syslog senders write it, and so a header's beginning. Others (a date and a blank, a configured format)
// begin lines of files, where no hostname follows.
bool is_syslog_time(std::string_view time) {
  return is_letter(time[0]) || (time.size() > 10 && ((time[10] | 0x20) == 't' || time[4] == ' '));
}

// IOS without a clock: time since start, as in 00:00:46, 1d02h, 6w0d, 1y2w.
bool is_uptime(std::string_view word) {
  if (word.empty() || !is_digit(word[0])) return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return is_digit(c) || c == ':' || c == '.' || c == 'y' || c == 'w' || c == 'd' || c == 'h';
  });
}

class Rfc3164Parser final : public Parser {
 public:
  explicit Rfc3164Parser(const ParserOptions& options) : times_(options), bare_tag_(options.rfc3164_bare_tag) {}

  ParseProblem parse(std::string_view frame, const ParseContext& context, Event& event) override {
    begin_event(frame, context, event);
    const std::string_view body = without_trailer(frame);
    if (body.empty()) return reject(frame, context, event, ParseProblem::empty);
    event.format = Format::rfc3164;
    Cursor in(body);
    in.usual = body.size() == frame.size();
    if (*in.p != '<' && static_cast<unsigned char>(*in.p) <= ' ') {
      const size_t white = white_space_before_pri(body);
      in.p += white;
      in.usual = white == 0 && in.usual;
    }
    read_parts(body, context, event, in);
    check_utf8(event);
    return ParseProblem::none;
  }

 private:
  struct Cursor {
    explicit Cursor(std::string_view text) : p(text.data()), end(p + text.size()) {}
    std::string_view rest() const { return {p, static_cast<size_t>(end - p)}; }
    bool at(char c) const { return p != end && *p == c; }
    size_t skip_blanks() {
      const char* from = p;
      while (at(' ')) ++p;
      return static_cast<size_t>(p - from);
    }

    const char* p;
    const char* end;
    bool usual = false;  // so far the frame is exactly what a common layout makes
    bool has_pri = false;
  };

  void read_parts(std::string_view body, const ParseContext& context, Event& event, Cursor& in) {
    const Pri pri = read_pri(in.rest());
    if (pri.kind == Pri::Kind::bad) {
      event.flags |= kPriInvalid | kTimeAssumed;
      return set_whole_message(event, body);
    }
    if (pri.kind == Pri::Kind::good) {
      set_pri(event, pri.value);
      event.add_span({in.p + 1, pri.length - 2u}, pri.canonical ? Piece::pri : Piece::value);
      in.p += pri.length;
      in.has_pri = true;
      in.usual = in.usual && pri.canonical;
    } else {
      event.flags |= kPriAbsent;
      in.usual = false;
    }
    if (!read_time(context, event, in)) {
      event.flags |= kTimeAssumed;
      if (!in.has_pri) return set_whole_message(event, body);
      return read_without_time(event, in);
    }
    if (in.p != in.end) read_header(event, in);
  }

  // Leaves `in` behind the time and what divides it from the header.
  bool read_time(const ParseContext& context, Event& event, Cursor& in) {
    const char* const from = in.p;
    if (in.has_pri && in.skip_blanks() > 0) in.usual = false;
    ReadTime read;
    if (!times_.read_rfc3164(in.rest(), context.received, read)) {
      in.usual = false;
      if (!in.has_pri || !read_cisco_front(context, event, in, read)) {
        in.p = from;
        return false;
      }
    }
    event.time = read.time;
    event.time_shape = read.shape;
    event.flags |= read.flags;
    const std::string_view text = in.rest().substr(0, read.length);
    event.add_span(text.substr(0, read.rendered > 0 ? read.rendered : read.length),
                   read.rendered > 0 ? Piece::time : Piece::value);
    in.p += read.length;
    in.usual = in.usual && read.rendered == read.length;
    if (in.at(':') || in.at(',')) {
      ++in.p;
      in.usual = false;
    }
    if (!in.has_pri && !is_syslog_time(text)) {
      if (in.at(' ')) ++in.p;
      take_message(event, in);
      return true;
    }
    in.usual = in.skip_blanks() == 1 && in.usual;
    return true;
  }

  // Reads the time behind an optional sign that the clock is not synchronised.
  bool read_marked_time(const ParseContext& context, Cursor& in, ReadTime& read) {
    const char* const from = in.p;
    if (in.at('*') || in.at('.') || in.at(';')) ++in.p;
    if (times_.read_rfc3164(in.rest(), context.received, read)) return true;
    in.p = from;
    return false;
  }

  // [:] [SEQUENCE:] [ORIGIN:] [SEQUENCE:] [NODE:][*]TIME. On success `in` is at the time and the pieces before it have
  // spans; else nothing has changed but `in`.
  bool read_cisco_front(const ParseContext& context, Event& event, Cursor& in, ReadTime& read) {
    std::array<FrontPiece, 4> front;
    size_t pieces = 0;
    std::string_view origin;
    if (in.at(':')) {  // NX-OS, ASA with EMBLEM
      ++in.p;
      in.skip_blanks();
    }
    while (!read_marked_time(context, in, read)) {
      if (pieces == front.size()) return false;
      const FrontPiece piece = read_front_piece(in, origin.empty(), pieces > 0);
      if (piece.text.empty()) return false;
      if (piece.is_origin) origin = piece.text;
      front[pieces++] = piece;
    }
    for (size_t i = 0; i < pieces; ++i) {
      if (front[i].is_origin) {
        take_hostname(event, front[i].text);
      } else {
        event.add_span(front[i].text, Piece::value);
      }
    }
    return true;
  }

  struct FrontPiece {
    std::string_view text;
    bool is_origin = false;
  };

  // Empty where there is none.
  static FrontPiece read_front_piece(Cursor& in, bool may_be_origin, bool behind_another) {
    if (const std::string_view sequence = read_sequence(in); !sequence.empty()) return {sequence};
    const std::string_view word(in.p, static_cast<size_t>(find_blank(in.p, in.end) - in.p));
    const bool with_colon = word.ends_with(':');
    const std::string_view name = with_colon ? word.substr(0, word.size() - 1) : word;
    // Without a colon, as IOS-XR has it, only behind a sequence number.
    const bool named = with_colon || (behind_another && word.find(':') == word.npos);
    if (may_be_origin && named && classify_first_word(name) == Word::hostname) {
      in.p += word.size();
      in.skip_blanks();
      return {name, true};
    }
    return {read_node(in)};
  }

  // IOS-XR: RP/0/RP0/CPU0:Dec 11 12:43:29.227
  static std::string_view read_node(Cursor& in) {
    const std::string_view rest = in.rest().substr(0, 64);
    const std::string_view node = rest.substr(0, rest.find(':'));
    if (node.size() == rest.size() || node.find('/') == node.npos) return {};
    if (classify_first_word(node) != Word::hostname) return {};
    in.p += node.size() + 1;
    return node;
  }

  // "123: ". Returns the digits.
  static std::string_view read_sequence(Cursor& in) {
    const char* const from = in.p;
    const char* p = from;
    while (p != in.end && is_digit(*p)) ++p;
    if (p == from || p == in.end || *p != ':' || (in.end - p > 1 && p[1] != ' ')) return {};
    in.p = p + 1;
    in.skip_blanks();
    return {from, static_cast<size_t>(p - from)};
  }

  // PRI and text: `tag: `, `tag[pid]: `, Cisco without a clock; otherwise all of it is the message.
  static void read_without_time(Event& event, Cursor& in) {
    Cursor cisco = in;
    if (cisco.at(':')) ++cisco.p;
    cisco.skip_blanks();
    const std::string_view sequence = read_sequence(cisco);
    const std::string_view word = cisco.rest().substr(0, cisco.rest().find(' '));
    Cursor behind_uptime = cisco;
    behind_uptime.p += word.size();
    behind_uptime.skip_blanks();
    const bool uptime = word.ends_with(':') && is_uptime(word.substr(0, word.size() - 1)) && behind_uptime.at('%');
    if (uptime || cisco.at('%') || (cisco.p == cisco.end && !sequence.empty())) {
      if (!sequence.empty()) event.add_span(sequence, Piece::value);
      if (uptime) event.add_span(word, Piece::value);
      in = uptime ? behind_uptime : cisco;
    } else if (in.at(' ')) {
      ++in.p;
    }
    const Tag tag = find_tag(in.rest());
    if (tag.length > 0 && (tag.colon || tag.proc_id.empty())) take_tag(event, in, tag);
    take_message(event, in);
  }

  // [HOSTNAME] [TAG] MESSAGE, behind a time. REQUIRES: in.p != in.end
  void read_header(Event& event, Cursor& in) {
    const std::string_view text = in.rest();
    if (!event.hostname.empty()) {  // Cisco's origin, before the time
      in.usual = false;
    } else if (text[0] == 'M' && text.starts_with(kForwarded)) {
      read_forwarded(event, in);
    } else if (text[0] != 'l' || !text.starts_with(kRepeated)) {
      const char* end_of_word = find_blank(in.p, in.end);
      std::string_view word(in.p, static_cast<size_t>(end_of_word - in.p));
      if (const size_t tab = word.find('\t'); tab != word.npos) word = word.substr(0, tab);
      switch (classify_first_word(word)) {
        case Word::hostname:
          if (!in.has_pri && is_level(word)) return take_message(event, in);
          if (word == "-") {
            in.usual = false;
          } else {
            take_hostname(event, word);
          }
          in.p += word.size();
          if (in.p == in.end) return;
          in.usual = in.usual && *in.p == ' ';
          ++in.p;
          break;
        case Word::tag:
          in.usual = false;
          break;
        case Word::other:
          in.usual = false;
          if (!may_begin_tag(word)) return take_message(event, in);
          break;
      }
    }
    read_tag(event, in);
  }

  // No hostname, but what read_tag() knows: ": text", "%ASA-6-302014: text".
  static bool may_begin_tag(std::string_view word) {
    return word.starts_with(':') || word.starts_with('%') || word.starts_with("MSWinEventLog");
  }

  static bool is_level(std::string_view word) {
    return std::find(kLevelWords.begin(), kLevelWords.end(), word) != kLevelWords.end();
  }

  static void read_forwarded(Event& event, Cursor& in) {
    in.usual = false;
    const std::string_view rest = in.rest().substr(kForwarded.size());
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (!word.ends_with(':') || classify_first_word(word.substr(0, word.size() - 1)) != Word::hostname) return;
    take_hostname(event, word.substr(0, word.size() - 1));
    in.p = word.data() + word.size();
    if (in.at(' ')) ++in.p;
  }

  void read_tag(Event& event, Cursor& in) {
    Cursor ahead = in;
    ahead.skip_blanks();
    const bool lone = ahead.end - ahead.p < 2 || ahead.p[1] == ' ' || ahead.p[1] == '%';
    if (ahead.at(':') && lone) {  // no tag ("TIME : text"), or one behind it ("HOSTNAME : %ASA-6-302014: text")
      ++ahead.p;
      if (ahead.at(' ')) ++ahead.p;
      in.p = ahead.p;
      in.usual = false;
      ahead.skip_blanks();
    }
    in.usual = in.usual && ahead.p == in.p;
    const Tag tag = find_tag(ahead.rest());
    if (tag.length > 0) {
      in.p = ahead.p;
      in.usual = in.usual && tag.usual;
      take_tag(event, in, tag);
    } else {
      in.usual = false;
      if (bare_tag_) take_bare_tag(event, ahead, in);
    }
    take_message(event, in);
  }

  // The first word, whatever follows it.
  static void take_bare_tag(Event& event, const Cursor& ahead, Cursor& in) {
    const std::string_view rest = ahead.rest();
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (word.empty() || classify_first_word(word) == Word::other) return;
    Tag tag{.app_name = word, .proc_id = {}, .length = static_cast<uint32_t>(word.size())};
    if (word.size() < rest.size()) ++tag.length;
    in.p = ahead.p;
    take_tag(event, in, tag);
  }

  static void take_hostname(Event& event, std::string_view word) {
    event.hostname = word;
    event.add_span(word, Piece::hostname);
  }

  static void take_tag(Event& event, Cursor& in, const Tag& tag) {
    event.app_name = tag.app_name;
    event.proc_id = tag.proc_id;
    event.add_span(tag.app_name, Piece::app_name);
    if (!tag.proc_id.empty()) event.add_span(tag.proc_id, Piece::proc_id);
    in.p += tag.length;
  }

  // The rest is the message, and the layout is settled.
  static void take_message(Event& event, Cursor& in) {
    event.message = in.rest();
    in.p = in.end;
    if (in.usual) {
      event.layout = event.proc_id.empty() ? CommonLayout::rfc3164 : CommonLayout::rfc3164_pid;
      event.span_count = 0;
    } else if (!event.message.empty()) {
      event.add_span(event.message, Piece::message);
    }
  }

  TimestampReader times_;
  const bool bare_tag_;
};

}  // namespace

std::unique_ptr<Parser> make_rfc3164_parser(const ParserOptions& options) {
  return std::make_unique<Rfc3164Parser>(options);
}

}  // namespace sluice
