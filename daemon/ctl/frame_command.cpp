#include "daemon/ctl/frame_command.h"

#include <simdjson.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/frame/framer.h"
#include "core/frame/gelf_chunks.h"
#include "daemon/ctl/base64.h"
#include "daemon/ctl/event_json.h"
#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/message_input.h"

namespace sluice {
namespace {

enum class Kind : uint8_t { stream, datagrams, gelf_datagrams };

struct CaseOptions {
  Kind kind = Kind::stream;
  FramerOptions framer;
  GelfDatagramsOptions gelf;
  bool drop_oversize = false;
};

struct Outcome {
  std::vector<std::string> frames;
  std::string partial;
  std::string error;
  Framer::Counters counters;
};

std::string_view text_of(const simdjson::dom::element& options, const char* key) {
  std::string_view text;
  return options[key].get(text) ? std::string_view() : text;
}

template <class Integer>
void read_number(simdjson::simdjson_result<simdjson::dom::element> element, Integer& out) {
  uint64_t value = 0;
  if (!element.get(value)) out = static_cast<Integer>(value);
}

bool read_options(std::string_view json, CaseOptions& out) {
  simdjson::dom::parser parser;
  simdjson::dom::element options;
  if (parser.parse(json.data(), json.size()).get(options) || !options.is_object()) return false;
  const std::string_view mode = text_of(options, "mode");
  const std::string_view trailer = text_of(options, "trailer");
  const bool nul = trailer == "NUL";
  if (mode == "octet") {
    out.framer.mode = FramingMode::octet_counting;
  } else if (nul) {
    out.framer.mode = FramingMode::nul;
  } else if (mode == "trailer") {
    out.framer.mode = FramingMode::newline;
  }
  out.framer.nul_ends_frames = trailer == "LF or NUL";
  if (mode == "datagram") out.kind = Kind::datagrams;
  if (mode.empty() && text_of(options, "transport") == "udp") out.kind = Kind::gelf_datagrams;
  out.drop_oversize = text_of(options, "oversize") == "drop";
  read_number(options["max_len"], out.framer.max_frame_bytes);
  simdjson::dom::element limits;
  if (!options["limits"].get(limits)) {
    read_number(limits["pending_messages"], out.gelf.max_messages);
    read_number(limits["max_length"], out.gelf.max_document);
  }
  return true;
}

// A stream as the daemon reads it: the tail goes to the front of the next read.
class StreamCase {
 public:
  StreamCase(const CaseOptions& options, Outcome& outcome) : options_(options), outcome_(outcome) {}

  void receive(std::string_view bytes) {
    slot_.append(bytes);
    const size_t used = framer_.cut(slot_, 0, frames_);
    take_frames();
    slot_.erase(0, used);
  }

  void finish() {
    const bool inside = framer_.expected() > 0;
    framer_.finish(slot_, 0, frames_);
    take_frames();
    outcome_.counters = framer_.counters();
    if (framer_.error() != FramingError::none) {
      outcome_.error = framing_error_text(framer_.error());
    } else if (inside) {
      outcome_.error = "the stream ended inside a frame";
    } else if (outcome_.counters.truncated > 0 && options_.drop_oversize) {
      outcome_.error = "a frame is over the limit";
    }
  }

 private:
  void take_frames() {
    for (const FrameRef& frame : frames_) {
      std::string text = slot_.substr(frame.offset, frame.length);
      if (frame.flags & kFrameCutShort) {
        outcome_.partial = std::move(text);
      } else if (!(frame.flags & kFrameTruncated) || !options_.drop_oversize) {
        outcome_.frames.push_back(std::move(text));
      }
    }
    frames_.clear();
  }

  const CaseOptions& options_;
  Outcome& outcome_;
  Framer framer_{options_.framer};
  std::string slot_;
  std::vector<FrameRef> frames_;
};

// Reads a case's messages up to its end. False when the input stops before.
template <class Receive>
bool for_each_message(Receive&& receive) {
  std::string message;
  while (read_message(stdin, message) == MessageInput::message) {
    if (message.empty()) return true;
    receive(message);
  }
  return false;
}

bool run_case(const CaseOptions& options, Outcome& outcome) {
  if (options.kind == Kind::datagrams) {
    return for_each_message([&](const std::string& datagram) { outcome.frames.push_back(datagram); });
  }
  if (options.kind == Kind::gelf_datagrams) {
    GelfDatagrams gelf(options.gelf);
    return for_each_message([&](const std::string& datagram) {
      if (const auto document = gelf.accept(datagram, kNotInterned, 0)) {
        outcome.frames.emplace_back(*document);
      } else if (outcome.error.empty() && gelf.last_problem() != GelfProblem::none) {
        outcome.error = gelf_problem_text(gelf.last_problem());
      }
    });
  }
  StreamCase stream(options, outcome);
  if (!for_each_message([&](const std::string& bytes) { stream.receive(bytes); })) return false;
  stream.finish();
  return true;
}

void append_base64_string(std::string_view octets, std::string& out) {
  out += '"';
  append_base64(octets, out);
  out += '"';
}

std::string json_of(const Outcome& outcome) {
  std::string out = "{\"frames_b64\":[";
  for (const std::string& frame : outcome.frames) {
    if (&frame != &outcome.frames.front()) out += ',';
    append_base64_string(frame, out);
  }
  out += "],\"partial_b64\":";
  if (outcome.partial.empty()) {
    out += "null";
  } else {
    append_base64_string(outcome.partial, out);
  }
  out += ',';
  append_text_member("error", outcome.error, out);
  out += ",\"truncated\":" + std::to_string(outcome.counters.truncated);
  out += ",\"discarded_bytes\":" + std::to_string(outcome.counters.discarded_bytes) + "}\n";
  return out;
}

}  // namespace

int run_frame() {
  std::string message;
  for (;;) {
    const MessageInput input = read_message(stdin, message);
    if (input == MessageInput::end) return std::fflush(stdout) == 0 ? kExitOk : kExitCouldNot;
    CaseOptions options;
    Outcome outcome;
    const char* complaint = "the input ends inside a case";
    if (input == MessageInput::message && !read_options(message, options)) {
      complaint = "a case's options are not a JSON object";
    } else if (input == MessageInput::message && run_case(options, outcome)) {
      const std::string line = json_of(outcome);
      if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) return kExitCouldNot;
      continue;
    }
    std::fflush(stdout);
    std::fprintf(stderr, "sluicectl: %s\n", complaint);
    return kExitCouldNot;
  }
}

}  // namespace sluice
