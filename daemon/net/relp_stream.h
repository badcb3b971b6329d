// RelpStream: one RELP connection as a StreamSession sees it: the codec cuts, the conversation answers.
//
// Lines are answered when their batch is as safe as the listener's AckLevel says; a batch's token counts up from 1.
//
// Threads: the session's I/O thread.
#pragma once

#include <functional>
#include <vector>

#include "core/frame/relp_conversation.h"
#include "daemon/net/stream_protocol.h"

namespace sluice {

class RelpStream final : public StreamProtocol {
 public:
  // `ack_for`: makes a request that comes back as on_ack(token).
  using AckFor = std::function<AckRequest(uint32_t token)>;
  RelpStream(const RelpCodecOptions& options, AckFor ack_for) : codec_(options), ack_for_(std::move(ack_for)) {}

  SlotKind kind() const override { return SlotKind::relp; }
  std::string_view state() override;
  size_t cut(std::string_view data, Batch& batch) override;
  void finish(std::string_view tail, uint32_t offset, Batch& batch) override;
  size_t expected() const override { return codec_.expected(); }

  Counters counters() const override;
  std::string error_text() const override;
  std::string_view error_bytes() const override { return codec_.error_bytes(); }

  bool answers() const override { return true; }
  void on_ack(uint32_t token, bool safe) override { conversation_.on_ack(token, safe); }
  bool take_output(std::string& out) override { return conversation_.take_output(out); }
  bool may_read() const override { return conversation_.receiving() && !conversation_.full(); }
  bool finished() const override { return conversation_.finished(); }
  std::string_view complaint() override;
  void drain() override { conversation_.drain(); }

 private:
  RelpCodec codec_;
  RelpConversation conversation_;
  const AckFor ack_for_;
  RelpCodec::State state_;
  std::vector<RelpTransaction> transactions_;  // of one cut
  uint32_t token_ = 0;                         // of the last batch
  bool complained_ = false;
};

}  // namespace sluice
