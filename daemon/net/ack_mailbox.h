// AckMailbox: brings the acks of batches, which come from any thread, to one I/O thread.
//
//   auto mailbox = AckMailbox::make(io, [this](std::span<const AckMailbox::Ack> acks) { ... });
//   batch->ack = {mailbox, token};
//   ...
//   mailbox->close();                  // delivers nothing from now on; batches may hold it for longer
//
// Acks that come while the thread is busy are delivered together: a sync makes hundreds of batches safe at once.
//
// Threads: on_ack() from any; the rest in the io_context's one, or while that does not run.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/base/mutex.h"
#include "core/runtime/ack.h"

namespace sluice {

class AckMailbox final : public AckReceiver, public std::enable_shared_from_this<AckMailbox> {
 public:
  struct Ack {
    uint64_t token = 0;
    bool safe = false;
  };
  using Deliver = std::function<void(std::span<const Ack>)>;

  static std::shared_ptr<AckMailbox> make(boost::asio::io_context& io, Deliver deliver);

  void on_ack(uint64_t token, bool safe) override EXCLUDES(mutex_);
  void close() EXCLUDES(mutex_);

 private:
  AckMailbox(boost::asio::io_context& io, Deliver deliver);
  void deliver() EXCLUDES(mutex_);

  Deliver deliver_;  // empty once closed; the I/O thread's own, as is what it is given
  std::vector<Ack> delivered_;
  Mutex mutex_;
  boost::asio::io_context* io_ GUARDED_BY(mutex_);  // null once closed
  std::vector<Ack> waiting_ GUARDED_BY(mutex_);
};

}  // namespace sluice
