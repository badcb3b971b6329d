// RFC 5424: <PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG
#include "core/parse/formats.h"
#include "core/parse/structured_data.h"
#include "core/parse/syslog_pri.h"
#include "core/parse/text_scan.h"
#include "core/parse/timestamp.h"

namespace sluice {
namespace {

// Octets that RFC 5424 allows a field. Longer ones are taken whole and flagged.
constexpr size_t kMaxHostname = 255;
constexpr size_t kMaxAppName = 48;
constexpr size_t kMaxProcId = 128;
constexpr size_t kMaxMsgId = 32;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class Rfc5424Parser final : public Parser {
 public:
  explicit Rfc5424Parser(const ParserOptions& options) : times_(options) {}

  ParseProblem parse(std::string_view frame, const ParseContext& context, Event& event) override {
    begin_event(frame, context, event);
    Cursor in(without_trailer(frame));
    if (in.p == in.end) return reject(frame, context, event, ParseProblem::empty);
    in.common = in.end == frame.data() + frame.size();
    if (const ParseProblem problem = read_front(context, event, in); problem != ParseProblem::none) {
      const bool bad_pri = problem == ParseProblem::bad_pri;
      return reject(frame, context, event, problem, bad_pri ? uint32_t{kPriInvalid} : 0u);
    }
    event.format = Format::rfc5424;
    event.hostname = read_field(kMaxHostname, event, in);
    event.app_name = read_field(kMaxAppName, event, in);
    event.proc_id = read_field(kMaxProcId, event, in);
    event.msg_id = read_field(kMaxMsgId, event, in);
    read_structured_data(event, in);
    read_message(event, in);
    check_utf8(event);
    if (!in.common) add_spans(event, in);
    return ParseProblem::none;
  }

 private:
  // The rest of the frame, and what add_spans() needs beside the event's views.
  struct Cursor {
    explicit Cursor(std::string_view text) : p(text.data()), end(p + text.size()) {}
    std::string_view rest() const { return {p, static_cast<size_t>(end - p)}; }

    const char* p;
    const char* end;
    bool common = false;       // so far the frame is exactly what the common layout makes
    bool has_message = false;  // a blank stands before the message
    std::string_view pri, version, time;
    uint32_t time_rendered = 0;
  };

  // PRI, VERSION and TIMESTAMP: what makes a frame RFC 5424. The rest is taken as it comes.
  ParseProblem read_front(const ParseContext& context, Event& event, Cursor& in) {
    if (*in.p != '<') {
      const size_t white = white_space_before_pri(in.rest());
      if (white == 0) return ParseProblem::no_pri;
      in.p += white;
      in.common = false;
    }
    const Pri pri = read_pri(in.rest());
    if (pri.kind != Pri::Kind::good) return ParseProblem::bad_pri;
    set_pri(event, pri.value);
    in.pri = {in.p + 1, pri.length - 2u};
    in.common = in.common && pri.canonical;
    in.p += pri.length;
    if (!read_version(event, in)) return ParseProblem::bad_version;
    return read_time(context, event, in) ? ParseProblem::none : ParseProblem::bad_time;
  }

  static bool read_version(Event& event, Cursor& in) {
    const char* from = in.p;
    if (in.end - from >= 2 && from[0] == '1' && from[1] == ' ') {
      event.version = 1;
      in.p += 2;
      return true;
    }
    unsigned value = 0;
    while (in.p != in.end && in.p - from < 3 && is_digit(*in.p))
      value = value * 10 + static_cast<unsigned>(*in.p++ - '0');
    if (value == 0 || *from == '0' || in.p == in.end || *in.p != ' ') return false;
    event.version = static_cast<uint16_t>(value);
    event.flags |= kVersionNotOne;
    in.version = {from, static_cast<size_t>(in.p - from)};
    in.common = false;
    ++in.p;
    return true;
  }

  bool read_time(const ParseContext& context, Event& event, Cursor& in) {
    const std::string_view rest = in.rest();
    if (rest.empty() || (rest[0] == '-' && (rest.size() == 1 || rest[1] == ' '))) {
      event.flags |= kTimeAssumed;
      in.p += rest.empty() ? 0 : 1;
      return true;
    }
    ReadTime read;
    if (!times_.read_rfc5424(rest, context.received, read)) return false;
    event.time = read.time;
    event.time_shape = read.shape;
    event.flags |= read.flags;
    in.time = rest.substr(0, read.length);
    in.time_rendered = read.rendered;
    in.common = in.common && read.rendered == read.length;
    in.p += read.length;
    return true;
  }

  // The blank before a field, and the field. "-", nothing, and a header that ended early are absent.
  static std::string_view read_field(size_t limit, Event& event, Cursor& in) {
    if (in.p == in.end) {
      in.common = false;
      return {};
    }
    const char* from = ++in.p;
    in.p = find_blank(from, in.end);
    const auto size = static_cast<size_t>(in.p - from);
    if (size > limit) event.flags |= kFieldOverlong;
    if (size == 0) in.common = false;
    return size == 0 || (size == 1 && *from == '-') ? std::string_view{} : std::string_view{from, size};
  }

  void read_structured_data(Event& event, Cursor& in) {
    if (in.p == in.end || in.p + 1 == in.end) {
      in.common = false;
      return;
    }
    const std::string_view rest = {in.p + 1, static_cast<size_t>(in.end - in.p - 1)};
    if (rest[0] == '-' && (rest.size() == 1 || rest[1] == ' ')) {
      in.p += 2;
      return;
    }
    if (rest[0] == '[') {
      const SdMeasure found = sd_.measure(rest);
      const bool glued = !found.broken && found.length < rest.size() && rest[found.length] != ' ';
      if (!found.broken) {
        event.structured_data = rest.substr(0, found.length);
        event.flags |= found.flags;
        if (glued) event.flags |= kSdRepaired;
        in.common = in.common && !glued;
        in.p += 1 + found.length;
        return;
      }
    }
    event.flags |= kSdBroken;  // missing, or past repair: it and the rest are the message
    in.common = false;
  }

  static void read_message(Event& event, Cursor& in) {
    if (in.p == in.end) {
      in.has_message = false;
    } else {
      in.has_message = *in.p == ' ';
      if (in.has_message) ++in.p;
      event.message = in.rest();
      if (event.message.starts_with(kByteOrderMark)) {
        event.message.remove_prefix(kByteOrderMark.size());
        event.flags |= kBomStripped;
        in.common = false;
      }
    }
    if (in.common) event.layout = in.has_message ? CommonLayout::rfc5424 : CommonLayout::rfc5424_no_msg;
  }

  static void add_spans(Event& event, const Cursor& in) {
    const auto add = [&](std::string_view text, Piece piece) {
      if (!text.empty()) event.add_span(text, piece);
    };
    const Pri pri = read_pri({in.pri.data() - 1, in.pri.size() + 2});
    add(in.pri, pri.canonical ? Piece::pri : Piece::value);
    add(in.version, Piece::value);
    if (in.time_rendered > 0) {
      add(in.time.substr(0, in.time_rendered), Piece::time);
    } else {
      add(in.time, Piece::value);
    }
    add(event.hostname, Piece::hostname);
    add(event.app_name, Piece::app_name);
    add(event.proc_id, Piece::proc_id);
    add(event.msg_id, Piece::msg_id);
    add(event.structured_data, Piece::structured_data);
    add(event.message, Piece::message);
  }

  TimestampReader times_;
  SdMeasurer sd_;
};

}  // namespace

std::unique_ptr<Parser> make_rfc5424_parser(const ParserOptions& options) {
  return std::make_unique<Rfc5424Parser>(options);
}

}  // namespace sluice
