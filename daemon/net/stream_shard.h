// StreamShard: the connections of one TCP listener in one I/O thread.
//
// Idle connections are found by one sweep over all of them, not by a timer each.
//
// Limits:  partial frames may hold half of the slots. A connection that needs a slot when they do is ended: what it has of
//          its frame is kept.
// Threads: its io_context's one, or any while that does not run. stats() from any.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "daemon/net/acceptor.h"
#include "daemon/net/ack_mailbox.h"
#include "daemon/net/stream_session.h"

namespace sluice {

// The same for all shards of a listener.
struct StreamSettings {
  bool relp = false;
  FramerOptions framing;  // without the peer
  OverflowPolicy overflow = OverflowPolicy::block;
  Nanos idle_timeout = 0;  // 0: none
};

class StreamShard final : public ConnectionShard, public std::enable_shared_from_this<StreamShard> {
 public:
  StreamShard(std::unique_ptr<Intake> intake, StreamSettings settings, std::atomic<uint32_t>& open);
  ~StreamShard() override;

  void adopt(Socket socket, const sockaddr_storage& peer) override;
  void stop(std::function<void()> done) override;
  void close() override;
  boost::asio::io_context& io() override { return intake_->io; }
  void add_stats(ListenerStats& stats) const override;

  Intake& intake() { return *intake_; }
  const StreamSettings& settings() const { return settings_; }

  // For sessions.
  void remove(StreamSession& session);
  // Bytes of slots that hold partial frames.
  void charge_partial(uint64_t before, uint64_t now) { partial_bytes_ += now - before; }
  bool too_many_partial() const { return partial_bytes_ > intake_->parts.pool.max_bytes() / 2; }
  AckRequest ack_for(uint32_t session, uint32_t token) const;
  void count_reset() { resets_.add(1); }
  void count_idle() { idle_closed_.add(1); }

 private:
  using Sessions = boost::intrusive::list<StreamSession, boost::intrusive::base_hook<SessionHook>>;

  std::unique_ptr<StreamProtocol> make_protocol(InternId peer, uint32_t id) const;
  void deliver(std::span<const AckMailbox::Ack> acks);
  void start_sweep();
  void sweep();
  void ended();

  const std::unique_ptr<Intake> intake_;
  const StreamSettings settings_;
  const Nanos sweep_interval_;
  MemoryAccount& account_;
  std::atomic<uint32_t>& open_;  // connections of the whole listener; its acceptor adds
  boost::asio::steady_timer sweep_timer_;
  const std::shared_ptr<AckMailbox> mailbox_;           // null: nobody is answered
  std::unordered_map<uint32_t, StreamSession*> by_id_;  // of those who are
  uint32_t next_id_ = 0;
  Sessions sessions_;
  // Closed; freed at the next sweep, because a session closes itself in its own calls.
  std::vector<std::unique_ptr<StreamSession>> closed_sessions_;
  std::function<void()> done_;
  uint64_t partial_bytes_ = 0;
  bool stopping_ = false;
  bool closed_ = false;
  bool sweeping_ = false;
  Counter resets_;  // written in the I/O thread, read anywhere
  Counter idle_closed_;
};

}  // namespace sluice
