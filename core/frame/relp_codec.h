// RelpCodec: cuts the bytes of one RELP stream (rsyslog's omrelp) into transactions and frames.
//
// RELP numbers every command and waits for its answer, so that a sender knows which lines are safe. This is the half
// that reads; RelpConversation answers. Like the Framer it holds no bytes: those stay in the reader's slot.
//
//   stream = { number SP command SP length [SP data] LF }       "7 syslog 5 hello\n"
//
//   RelpCodec codec({.max_frame_bytes = 64 << 10, .peer = peer});
//   // slot: [tail of the last cut][bytes just received], `data` is both together
//   size_t used = codec.cut(data, offset_of_data_in_slot, batch->frames, transactions);
//   // data.substr(used) is the new tail: it stays where it is, or is moved to the start of the next slot
//   if (codec.error() != RelpError::none) ...   // log peer and codec.error_bytes(), close the connection
//   ...
//   codec.finish(tail);                         // end of stream
//
// Transactions and frames do not depend on how the stream was cut into reads, and neither do the counts.
//
// A command is a transaction, in order of receipt; a `syslog` command with data is a frame besides. Length 0 with and
//   without a blank behind it are both read. Data of `close` and of unknown commands is skipped.
// Too long: a line over `max_frame_bytes` is cut to that length and flagged, as soon as that much of it is there; the
//   rest is discarded and counted. It gives two transactions of the same number: an incomplete one with the frame, and
//   a complete one without when the rest has gone by. It must not be answered before that.
//
// After a crash: state() says between two cuts where the stream is. A codec made of it goes on where the other stopped,
//   given that the tail comes again at the beginning of the next data.
//
// Limits:  a tail is never longer than max_tail(): data must be able to hold max_tail() + 1 bytes, or the stream can't
//          go on. Offsets are 32 bits: a slot is under 4 GiB.
// Errors:  what is no RELP is the end of the stream: what came before it is kept, all bytes from the start of the bad
//          command (of its data, if that is there) are discarded and counted.
// Threads: one thread at a time. Memory: fixed, under 100 bytes; allocates only to grow the two vectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/frame/frame.h"

namespace sluice {

// Kept in spool slots as part of RelpCodec::State: never renumber.
enum class RelpCommand : uint8_t { open = 0, close = 1, syslog = 2, unknown = 3 };

struct RelpTransaction {
  static constexpr uint32_t kNoFrame = ~uint32_t{0};

  uint32_t number = 0;        // 0 is a hint: it is not answered
  uint32_t data_offset = 0;   // of `open` only: its offers, from the slot's first byte
  uint32_t data_length = 0;   //
  uint32_t frame = kNoFrame;  // of `syslog` with data: index in the list of frames
  RelpCommand command = RelpCommand::unknown;
  bool complete = true;  // false: the rest of a line that is too long is still to come
};

// Why a stream could not be followed. Kept in spool slots as part of RelpCodec::State: never renumber.
enum class RelpError : uint8_t {
  none = 0,
  not_a_number = 1,     // where a transaction number should be
  not_a_command = 2,    // not 1 to 32 letters
  not_a_length = 3,     // not 1 to 9 digits, or not followed by a blank
  not_an_end = 4,       // another byte than LF behind the data
  offers_too_long = 5,  // `open` with more than RelpCodec::kMaxOfferBytes
  bad_state = 6,        // made of a State that no codec gave
};
// One sentence without a final stop.
std::string_view relp_error_text(RelpError error);

struct RelpCodecOptions {
  uint32_t max_frame_bytes = 64 << 10;  // at least 1
  InternId peer = kNotInterned;         // written into every FrameRef
};

class RelpCodec {
 public:
  static constexpr uint32_t kMaxOfferBytes = 4096;  // senders offer about 90 bytes

  // Where a stream is between two cuts. Kept in spool slots: all bytes are named, integers are the machine's.
  struct State {
    uint32_t number = 0;  // of the command whose header has been read
    uint32_t kept = 0;    // in_data: length of its data as far as it is kept
    uint32_t skip = 0;    // bytes of its data still to be skipped
    RelpCommand command = RelpCommand::unknown;
    uint8_t place = 0;  // Place
    RelpError error = RelpError::none;
    uint8_t reserved = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  static_assert(sizeof(State) == 16 && std::is_trivially_copyable_v<State>);

  explicit RelpCodec(RelpCodecOptions options = {}) : RelpCodec(options, State{}) {}
  RelpCodec(RelpCodecOptions options, State state);

  // Appends the frames and transactions of `data` and returns how many of its bytes are done with. The rest is the
  // tail and must be the beginning of the next call's data. `offset` is where data begins in its slot.
  size_t cut(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames,
             std::vector<RelpTransaction>& transactions);

  // The stream ended. A command that the tail begins was never answered, so its sender still has it: it is discarded.
  void finish(std::string_view tail);

  State state() const { return state_; }

  RelpError error() const { return state_.error; }
  // The first bytes of what could not be understood, for the log. Empty without an error.
  std::string_view error_bytes() const { return {error_bytes_.data(), error_length_}; }

  // Longest tail that cut() can leave.
  size_t max_tail() const;
  // Bytes of data with its LF that the tail begins: how much room its slot needs. 0 if not known.
  size_t expected() const { return state_.place == in_data ? size_t{state_.kept} + 1 : 0; }

  // Totals since this codec was made. The reader adds the differences to its ledger.
  struct Counters {
    uint64_t truncated = 0;        // lines over the limit
    uint64_t discarded_bytes = 0;  // cut off from them, given up on an error, or the end's unfinished command
    uint64_t framing_errors = 0;   // at most one a stream
    friend bool operator==(const Counters&, const Counters&) = default;
  };
  const Counters& counters() const { return counters_; }

 private:
  enum Place : uint8_t { in_header = 0, in_data = 1, in_rest = 2 };  // kept in spool slots: never renumber

  struct Cut {  // one call of cut()
    std::string_view data;
    uint32_t offset;
    std::vector<FrameRef>& frames;
    std::vector<RelpTransaction>& transactions;
    size_t at = 0;  // bytes done with
  };
  bool step(Cut& cut);
  bool read_header(Cut& cut);
  void begin(uint32_t number, RelpCommand command, uint32_t length);
  bool read_data(Cut& cut);
  bool skip_rest(Cut& cut);
  bool fail(RelpError error, std::string_view bytes);

  uint32_t max_frame_bytes_;
  InternId peer_;
  State state_;
  Counters counters_;
  uint8_t error_length_ = 0;
  std::array<char, 16> error_bytes_{};
};

}  // namespace sluice
