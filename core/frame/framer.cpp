#include "core/frame/framer.h"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

// Nine digits reach 999,999,999: more is no message, and the value can't overflow 32 bits.
constexpr size_t kMaxCountDigits = 9;

// What senders append to a counted frame without counting it.
constexpr std::string_view kBetweenFrames("\n\r\0", 3);

bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t count_digits(std::string_view data) {
  const size_t most = std::min(data.size(), kMaxCountDigits + 1);
  size_t digits = 0;
  while (digits < most && is_digit(data[digits])) ++digits;
  return digits;
}

}  // namespace

std::string_view framing_error_text(FramingError error) {
  switch (error) {
    case FramingError::none:
      return "no error";
    case FramingError::not_a_count:
      return "an octet count was expected and something else came";
    case FramingError::count_too_large:
      return "an octet count has ten digits or more";
    case FramingError::count_cut_short:
      return "the stream ended inside an octet count or right after it";
  }
  return "unknown framing error";
}

Framer::Framer(FramerOptions options)
    : max_frame_bytes_(std::max<uint32_t>(options.max_frame_bytes, 1)),
      peer_(options.peer),
      mode_(options.mode),
      nul_ends_frames_(options.nul_ends_frames) {}

Framer::Framer(FramerOptions options, const FramingState& state) : Framer(options) {
  mode_ = state.mode <= static_cast<uint8_t>(FramingMode::nul) ? static_cast<FramingMode>(state.mode)
                                                               : FramingMode::newline;
  nul_ends_frames_ = state.nul_ends_frames != 0;
  discarding_ = state.discarding != 0;
  in_frame_ = state.in_frame != 0;
  scanned_ = state.scanned;
  kept_ = std::min(state.kept, max_frame_bytes_);
  skip_ = state.skip;
}

FramingState Framer::state() const {
  return {.mode = static_cast<uint8_t>(mode_),
          .nul_ends_frames = nul_ends_frames_,
          .discarding = discarding_,
          .in_frame = in_frame_,
          .scanned = scanned_,
          .kept = kept_,
          .skip = skip_};
}

size_t Framer::max_tail() const { return std::max<size_t>(max_frame_bytes_, kMaxCountDigits + 2); }

size_t Framer::cut(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames) {
  if (mode_ == FramingMode::automatic && !decide_mode(data, false)) return 0;
  return mode_ == FramingMode::octet_counting ? cut_counted(data, offset, frames) : cut_lines(data, offset, frames);
}

void Framer::finish(std::string_view tail, uint32_t offset, std::vector<FrameRef>& frames) {
  if (mode_ == FramingMode::automatic) decide_mode(tail, true);
  const size_t used = cut(tail, offset, frames);
  const std::string_view rest = tail.substr(used);
  if (mode_ != FramingMode::octet_counting) {
    append_line(frames, offset + used, rest.size());
  } else if (in_frame_ && !rest.empty()) {
    append(frames, offset + used, rest.size(), kFrameCutShort);
  } else if (in_frame_ || !rest.empty()) {
    fail(FramingError::count_cut_short, rest);
    counters_.discarded_bytes += rest.size();
  }
  in_frame_ = false;
  scanned_ = 0;
}

// False while more bytes are needed: that is at most eleven.
bool Framer::decide_mode(std::string_view data, bool end_of_stream) {
  const size_t digits = count_digits(data);
  const bool may_be_count = digits == 0 ? data.empty() : digits <= kMaxCountDigits && data[0] != '0';
  if (!may_be_count) {
    mode_ = FramingMode::newline;
  } else if (data.size() >= digits + 2) {
    const char first = data[digits + 1];
    const bool counted = data[digits] == ' ' && (first == '<' || first == '{');
    mode_ = counted ? FramingMode::octet_counting : FramingMode::newline;
  } else if (end_of_stream || (data.size() > digits && data[digits] != ' ')) {
    mode_ = FramingMode::newline;
  }
  return mode_ != FramingMode::automatic;
}

// The first byte that ends a frame, or null.
const char* Framer::find_end(const char* from, const char* end) const {
  if (from == end) return nullptr;
  const char delimiter = mode_ == FramingMode::nul ? '\0' : '\n';
  const auto find = [](char c, const char* at, const char* stop) {
    return static_cast<const char*>(std::memchr(at, c, static_cast<size_t>(stop - at)));
  };
  if (!nul_ends_frames_ || mode_ == FramingMode::nul) return find(delimiter, from, end);
  // Piece by piece, so that a delimiter that never comes is not searched to the end for every frame.
  for (constexpr ptrdiff_t kPiece = 256; from != end;) {
    const char* const stop = end - from > kPiece ? from + kPiece : end;
    const char* const newline = find('\n', from, stop);
    const char* const nul = find('\0', from, newline ? newline : stop);
    if (nul || newline) return nul ? nul : newline;
    from = stop;
  }
  return nullptr;
}

size_t Framer::cut_lines(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames) {
  const char* const begin = data.data();
  const char* const end = begin + data.size();
  const char* start = begin;
  const char* scan = begin + scanned_;
  while (const char* stop = find_end(scan, end)) {
    if (discarding_) {
      counters_.discarded_bytes += static_cast<size_t>(stop - start);
      discarding_ = false;
    } else {
      append_line(frames, offset + static_cast<size_t>(start - begin), static_cast<size_t>(stop - start));
    }
    start = scan = stop + 1;
  }
  const auto rest = static_cast<size_t>(end - start);
  if (!discarding_ && rest > max_frame_bytes_) {
    append_line(frames, offset + static_cast<size_t>(start - begin), rest);
    discarding_ = true;
  } else if (discarding_) {
    counters_.discarded_bytes += rest;
  } else {
    scanned_ = static_cast<uint32_t>(rest);
    return data.size() - rest;
  }
  scanned_ = 0;
  return data.size();
}

size_t Framer::cut_counted(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames) {
  size_t at = 0;
  while (error_ == FramingError::none) {
    if (!in_frame_ && skip_ > 0) at += skip(data.size() - at);
    if (!in_frame_) at += read_count(data.substr(at));
    if (!in_frame_ || data.size() - at < kept_) break;
    append(frames, offset + at, kept_, skip_ > 0 ? kFrameTruncated : kFrameWhole);
    if (skip_ > 0) ++counters_.truncated;
    at += kept_;
    in_frame_ = false;
  }
  if (error_ == FramingError::none) return at;
  counters_.discarded_bytes += data.size() - at;
  return data.size();
}

// Throws away up to `available` bytes of the rest of a truncated frame.
size_t Framer::skip(size_t available) {
  const size_t skipped = std::min<size_t>(skip_, available);
  counters_.discarded_bytes += skipped;
  skip_ -= static_cast<uint32_t>(skipped);
  return skipped;
}

// Reads what stands before a frame: in_frame_ says whether the count is there. Returns the bytes done with.
size_t Framer::read_count(std::string_view data) {
  if (skip_ > 0) return 0;
  const size_t start = std::min(data.find_first_not_of(kBetweenFrames), data.size());
  data.remove_prefix(start);
  if (data.empty()) return start;
  const size_t digits = count_digits(data);
  // In this order, so that the verdict is the same however many of the digits have come.
  if (digits == 0 || data[0] == '0') {
    fail(FramingError::not_a_count, data);
  } else if (digits > kMaxCountDigits) {
    fail(FramingError::count_too_large, data);
  } else if (data.size() > digits && data[digits] != ' ') {
    fail(FramingError::not_a_count, data);
  } else if (data.size() > digits) {
    uint32_t count = 0;
    for (size_t i = 0; i < digits; ++i) count = count * 10 + static_cast<uint32_t>(data[i] - '0');
    kept_ = std::min(count, max_frame_bytes_);
    skip_ = count - kept_;
    in_frame_ = true;
    return start + digits + 1;
  }
  return start;
}

void Framer::append(std::vector<FrameRef>& frames, size_t at, size_t length, uint8_t flags) const {
  frames.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(length), peer_, flags});
}

void Framer::append_line(std::vector<FrameRef>& frames, size_t at, size_t length) {
  if (length == 0) return;
  if (length <= max_frame_bytes_) return append(frames, at, length, kFrameWhole);
  ++counters_.truncated;
  counters_.discarded_bytes += length - max_frame_bytes_;
  append(frames, at, max_frame_bytes_, kFrameTruncated);
}

void Framer::fail(FramingError error, std::string_view bytes) {
  error_ = error;
  ++counters_.framing_errors;
  error_length_ = static_cast<uint8_t>(std::min(bytes.size(), error_bytes_.size()));
  std::copy_n(bytes.begin(), error_length_, error_bytes_.begin());
}

}  // namespace sluice
