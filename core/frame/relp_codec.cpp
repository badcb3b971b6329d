#include "core/frame/relp_codec.h"

#include <algorithm>

namespace sluice {
namespace {

// Nine digits reach 999,999,999, which fits 32 bits.
constexpr size_t kMaxDigits = 9;
constexpr size_t kMaxCommand = 32;
// The number, a blank, the command, a blank, the length: the byte behind it ends the header.
constexpr size_t kMaxHeader = kMaxDigits + 1 + kMaxCommand + 1 + kMaxDigits;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A number and how many digits it has; ten for all that are too many.
struct Digits {
  uint32_t value = 0;
  size_t count = 0;
};

Digits read_digits(std::string_view data) {
  Digits digits;
  const size_t most = std::min(data.size(), kMaxDigits);
  for (; digits.count < most && is_digit(data[digits.count]); ++digits.count) {
    digits.value = digits.value * 10 + static_cast<uint32_t>(data[digits.count] - '0');
  }
  if (digits.count == kMaxDigits && data.size() > kMaxDigits && is_digit(data[kMaxDigits])) ++digits.count;
  return digits;
}

size_t count_letters(std::string_view data) {
  const size_t most = std::min(data.size(), kMaxCommand + 1);
  size_t letters = 0;
  while (letters < most && is_letter(data[letters])) ++letters;
  return letters;
}

RelpCommand command_of(std::string_view name) {
  if (name == "syslog") return RelpCommand::syslog;
  if (name == "open") return RelpCommand::open;
  if (name == "close") return RelpCommand::close;
  return RelpCommand::unknown;
}

}  // namespace

std::string_view relp_error_text(RelpError error) {
  switch (error) {
    case RelpError::none:
      return "no error";
    case RelpError::not_a_number:
      return "a transaction number of one to nine digits was expected and something else came";
    case RelpError::not_a_command:
      return "a command of 1 to 32 letters was expected and something else came";
    case RelpError::not_a_length:
      return "a data length of one to nine digits was expected and something else came";
    case RelpError::not_an_end:
      return "a newline was expected behind a command's data and something else came";
    case RelpError::offers_too_long:
      return "the offers of an open command are longer than 4096 bytes";
    case RelpError::bad_state:
      return "what was remembered of the stream is damaged";
  }
  return "unknown RELP error";
}

RelpCodec::RelpCodec(RelpCodecOptions options, State state)
    : max_frame_bytes_(std::max<uint32_t>(options.max_frame_bytes, 1)), peer_(options.peer), state_(state) {
  constexpr uint32_t kMaxLength = 999'999'999;
  if (state.command > RelpCommand::unknown || state.place > in_rest || state.error > RelpError::bad_state ||
      state.number > kMaxLength || state.kept > kMaxLength || state.skip > kMaxLength) {
    state_ = {};
    fail(RelpError::bad_state, {});
  }
}

// A state may come from a time when lines were allowed to be longer.
size_t RelpCodec::max_tail() const {
  const size_t kept = std::max({max_frame_bytes_, kMaxOfferBytes, state_.kept});
  return std::max(kept, kMaxHeader);
}

size_t RelpCodec::cut(std::string_view data, uint32_t offset, std::vector<FrameRef>& frames,
                      std::vector<RelpTransaction>& transactions) {
  Cut cut{data, offset, frames, transactions};
  while (step(cut)) {
  }
  if (state_.error == RelpError::none) return cut.at;
  counters_.discarded_bytes += data.size() - cut.at;
  return data.size();
}

void RelpCodec::finish(std::string_view tail) {
  counters_.discarded_bytes += tail.size();
  state_ = {.error = state_.error};
}

// Goes on by one part of a command. False while more bytes are needed, and after an error.
bool RelpCodec::step(Cut& cut) {
  if (state_.error != RelpError::none) return false;
  if (state_.place == in_header) return read_header(cut);
  return state_.place == in_data ? read_data(cut) : skip_rest(cut);
}

// Nothing is done with until the whole header is there, and every check asks for what stands furthest left, so that the
// verdict is the same however many of its bytes have come.
bool RelpCodec::read_header(Cut& cut) {
  const std::string_view header = cut.data.substr(cut.at);
  const Digits number = read_digits(header);
  if (number.count == header.size() && number.count <= kMaxDigits) return false;
  if (number.count == 0 || number.count > kMaxDigits || header[number.count] != ' ') {
    return fail(RelpError::not_a_number, header);
  }
  const std::string_view from_command = header.substr(number.count + 1);
  const size_t letters = count_letters(from_command);
  if (letters == from_command.size() && letters <= kMaxCommand) return false;
  if (letters == 0 || letters > kMaxCommand || from_command[letters] != ' ') {
    return fail(RelpError::not_a_command, header);
  }
  const std::string_view from_length = from_command.substr(letters + 1);
  const Digits length = read_digits(from_length);
  if (length.count == from_length.size() && length.count <= kMaxDigits) return false;
  const bool ends = length.count > 0 && length.count <= kMaxDigits &&
                    (from_length[length.count] == ' ' || (from_length[length.count] == '\n' && length.value == 0));
  if (!ends) return fail(RelpError::not_a_length, header);
  const RelpCommand command = command_of(from_command.substr(0, letters));
  if (command == RelpCommand::open && length.value > kMaxOfferBytes) return fail(RelpError::offers_too_long, header);
  begin(number.value, command, length.value);
  cut.at += number.count + 1 + letters + 1 + length.count + (from_length[length.count] == ' ' ? 1 : 0);
  return true;
}

// The data of lines and offers is kept in the slot, that of other commands goes by.
void RelpCodec::begin(uint32_t number, RelpCommand command, uint32_t length) {
  const bool is_line = command == RelpCommand::syslog;
  const bool keep = is_line || command == RelpCommand::open;
  state_.number = number;
  state_.command = command;
  state_.kept = !keep ? 0 : is_line ? std::min(length, max_frame_bytes_) : length;
  state_.skip = length - state_.kept;
  state_.place = keep ? in_data : in_rest;
}

bool RelpCodec::read_data(Cut& cut) {
  const size_t there = cut.data.size() - cut.at;
  const bool truncated = state_.skip > 0;
  if (there < size_t{state_.kept} + (truncated ? 0 : 1)) return false;
  if (!truncated && cut.data[cut.at + state_.kept] != '\n') {
    return fail(RelpError::not_an_end, cut.data.substr(cut.at + state_.kept));
  }
  RelpTransaction transaction{.number = state_.number, .command = state_.command, .complete = !truncated};
  const auto offset = static_cast<uint32_t>(cut.offset + cut.at);
  if (state_.command == RelpCommand::open) {
    transaction.data_offset = offset;
    transaction.data_length = state_.kept;
  } else if (state_.kept > 0) {
    transaction.frame = static_cast<uint32_t>(cut.frames.size());
    const uint8_t flags = truncated ? kFrameTruncated : kFrameWhole;
    cut.frames.push_back({offset, state_.kept, peer_, flags});
  }
  cut.transactions.push_back(transaction);
  if (truncated) ++counters_.truncated;
  cut.at += size_t{state_.kept} + (truncated ? 0 : 1);
  state_.place = truncated ? in_rest : in_header;
  state_.kept = 0;
  return true;
}

bool RelpCodec::skip_rest(Cut& cut) {
  const auto skipped = static_cast<uint32_t>(std::min<size_t>(state_.skip, cut.data.size() - cut.at));
  if (state_.command == RelpCommand::syslog) counters_.discarded_bytes += skipped;
  state_.skip -= skipped;
  cut.at += skipped;
  if (cut.at == cut.data.size()) return false;
  if (cut.data[cut.at] != '\n') return fail(RelpError::not_an_end, cut.data.substr(cut.at));
  cut.transactions.push_back({.number = state_.number, .command = state_.command});
  ++cut.at;
  state_.place = in_header;
  return true;
}

// False, for the caller to return.
bool RelpCodec::fail(RelpError error, std::string_view bytes) {
  state_.error = error;
  ++counters_.framing_errors;
  error_length_ = static_cast<uint8_t>(std::min(bytes.size(), error_bytes_.size()));
  std::copy_n(bytes.begin(), error_length_, error_bytes_.begin());
  return false;
}

}  // namespace sluice
