// Acks: how a reader learns that a batch it handed over is as safe as its sender wants it, so that it may say so.
//
//   batch->ack = {session, transaction};      // before Pipeline::submit()
//   ...
//   void Session::on_ack(uint64_t transaction, bool safe) { post to my I/O thread: answer the sender }
//
// Each ack that was submitted is called exactly once: safe when every line of the batch survives what the listener's
// AckLevel names; not safe when that could not be reached (the daemon stops, a sync failed): then the sender must keep
// its lines and is not answered.
//
// Threads: on_ack() comes from any thread, also from inside submit(), without a lock held; it must not block.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace sluice {

class AckReceiver {
 public:
  virtual ~AckReceiver() = default;
  virtual void on_ack(uint64_t token, bool safe) = 0;
};

struct AckRequest {
  std::shared_ptr<AckReceiver> receiver;
  uint64_t token = 0;  // the receiver's own: which batch this is about

  explicit operator bool() const { return receiver != nullptr; }
  void answer(bool safe) {
    if (const auto to = std::exchange(receiver, nullptr)) to->on_ack(token, safe);
  }
};

}  // namespace sluice
