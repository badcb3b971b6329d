#include "daemon/net/relp_stream.h"

#include <utility>

namespace sluice {

std::string_view RelpStream::state() {
  state_ = codec_.state();
  return {reinterpret_cast<const char*>(&state_), sizeof state_};
}

size_t RelpStream::cut(std::string_view data, Batch& batch) {
  transactions_.clear();
  const size_t used = codec_.cut(data, 0, batch.frames, transactions_);
  if (transactions_.empty()) return used;
  ++token_;
  const size_t refused = conversation_.received(transactions_, data, token_);
  batch.frames.resize(batch.frames.size() - refused);
  if (!batch.frames.empty()) batch.ack = ack_for_(token_);
  return used;
}

// What is left was never answered: its sender still has it.
void RelpStream::finish(std::string_view tail, uint32_t /*offset*/, Batch& /*batch*/) { codec_.finish(tail); }

StreamProtocol::Counters RelpStream::counters() const {
  const RelpCodec::Counters& now = codec_.counters();
  return {now.truncated, now.discarded_bytes, now.framing_errors};
}

std::string_view RelpStream::complaint() {
  const RelpEnd end = conversation_.end();
  const bool wrong =
      end == RelpEnd::offers_refused || end == RelpEnd::not_opened || end == RelpEnd::number_out_of_order;
  if (!wrong || std::exchange(complained_, true)) return {};
  return relp_end_text(end);
}

std::string RelpStream::error_text() const { return std::string(relp_error_text(codec_.error())); }

}  // namespace sluice
