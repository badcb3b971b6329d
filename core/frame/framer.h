// Framer: cuts the bytes of one stream into frames (RFC 6587: newline or octet counting; NUL for GELF over
// TCP).
//
// It holds a connection's framing state and never its bytes: those stay in the reader's slot, so that nothing
// is copied but a partial tail when the reader changes slots.
//
//   Framer framer({.mode = FramingMode::automatic, .max_frame_bytes = 64 << 10, .peer = peer});
//   // slot: [tail of the last cut][bytes just received], `data` is both together
//   size_t used = framer.cut(data, offset_of_data_in_slot, batch->frames);
//   // data.substr(used) is the new tail: it stays where it is, or is moved to the start of the next slot
//   if (framer.error() != FramingError::none) ...   // log peer and framer.error_bytes(), close the
//   connection
//   ...
//   framer.finish(tail, offset_of_tail_in_slot, batch->frames);   // end of stream
//
// Frames do not depend on how the stream was cut into reads, and neither do the counts.
//
// Automatic: one to nine digits without a leading zero, a space, then '<' or '{' at the very beginning mean
// octet
//   counting, anything else newline. Then the mode is fixed for the connection, so that a message can't
//   smuggle frames.
// Newline:   LF ends a frame and is not part of it. A CR or NUL before it is: the parsers strip it.
// Octet counting: digits, a space, that many bytes. LF, CR and NUL between frames are skipped, as many
// senders
//   append one that they do not count.
// Empty frames are skipped and not counted.
//
// Limits:  a frame over `max_frame_bytes` is cut to that length and flagged; the rest is discarded and
// counted, and
//          the stream stays in step. A tail is never longer than max_tail(): data must be able to hold
//          max_tail() + 1 bytes, or the stream can't go on. Offsets are 32 bits: a slot is under 4 GiB.
// Errors:  a count that is no count (not a digit, a leading zero, ten digits, no space after it) is the end
// of the
//          stream: frames before it are kept, all bytes from the count on are discarded and counted.
// Threads: one thread at a time. Memory: fixed, under 100 bytes; allocates only to grow `frames`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/frame/frame.h"

namespace sluice {

enum class FramingMode : uint8_t { automatic, newline, octet_counting, nul };

// Why a stream could not be followed.
enum class FramingError : uint8_t {
  none = 0,
  not_a_count,      // a byte that is neither digit nor space, or a leading zero
  count_too_large,  // ten digits or more
  count_cut_short,  // the stream ended inside a count or right after it (seen only by finish())
};
// One sentence without a final stop.
std::string_view framing_error_text(FramingError error);

struct FramerOptions {
  FramingMode mode = FramingMode::automatic;
  uint32_t max_frame_bytes = 64 << 10;  // at least 1
  bool nul_ends_frames = false;         // newline framing: NUL ends a frame too (some firewalls send it)
  InternId peer = kNotInterned;         // written into every FrameRef
};

// Where a stream is between two cuts: with the tail's bytes it is all that a framer needs to go on, in this process or,
// from a spool's slot, in the next. Stored there: see core/spool/spool_format.md.
struct FramingState {
  uint8_t mode = 0;  // FramingMode
  uint8_t nul_ends_frames = 0;
  uint8_t discarding = 0;
  uint8_t in_frame = 0;
  uint32_t scanned = 0;
  uint32_t kept = 0;
  uint32_t skip = 0;
};

class Framer {
 public:
  explicit Framer(FramerOptions options = {});
  // Goes on where `state` was taken. The mode and nul_ends_frames of `options` do not count.
  Framer(FramerOptions options, const FramingState& state);
  FramingState state() const;

  // Appends the whole frames of `data` and returns how many of its bytes are done with. The rest is the tail
  // and must be the beginning of the next call's data. `offset` is where data begins in its slot.
  size_t cut(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames);

  // The stream ended: newline and NUL framing make the rest a frame; octet counting stores what there is of
  // the frame with kFrameCutShort. Everything is consumed.
  void finish(std::string_view tail, uint32_t offset, std::vector<FrameRef>& frames);

  FramingError error() const { return error_; }
  // The first bytes of what could not be understood, for the log. Empty without an error.
  std::string_view error_bytes() const { return {error_bytes_.data(), error_length_}; }

  // What was decided; `automatic` while the first bytes do not say yet.
  FramingMode mode() const { return mode_; }
  // Longest tail that cut() can leave.
  size_t max_tail() const;
  // Bytes still missing of an octet-counted frame that has begun: how much room its slot needs. 0 if not
  // known.
  size_t expected() const { return in_frame_ ? kept_ : 0; }
  // Newline, NUL: what comes next is the rest of a truncated frame, up to its end, and will be discarded.
  bool discarding() const { return discarding_; }

  // Totals since the beginning. The reader adds the differences to its ledger.
  struct Counters {
    uint64_t truncated = 0;        // frames over the limit
    uint64_t discarded_bytes = 0;  // cut off from them, or given up on an error
    uint64_t framing_errors = 0;   // at most one a stream
    friend bool operator==(const Counters&, const Counters&) = default;
  };
  const Counters& counters() const { return counters_; }

 private:
  bool decide_mode(std::string_view data, bool end_of_stream);
  size_t cut_lines(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames);
  size_t cut_counted(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames);
  size_t skip(size_t available);
  size_t read_count(std::string_view data);
  const char* find_end(const char* from, const char* end) const;
  void append(std::vector<FrameRef>& frames, size_t at, size_t length, uint8_t flags) const;
  void append_line(std::vector<FrameRef>& frames, size_t at, size_t length);
  void fail(FramingError error, std::string_view bytes);

  uint32_t max_frame_bytes_;
  InternId peer_;
  FramingMode mode_;
  bool nul_ends_frames_;
  FramingError error_ = FramingError::none;
  bool discarding_ = false;  // newline, NUL: inside the rest of a truncated frame
  bool in_frame_ = false;    // octet counting: the count has been read
  uint8_t error_length_ = 0;
  uint32_t scanned_ = 0;  // newline, NUL: bytes of the tail known to hold no end
  uint32_t kept_ = 0;     // octet counting: bytes of this frame that are kept
  uint32_t skip_ = 0;     // octet counting: bytes of it that are discarded
  Counters counters_;
  std::array<char, 16> error_bytes_{};
};

}  // namespace sluice
