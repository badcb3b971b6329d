// HttpShard: the connections of one HTTP listener in one I/O thread.
//
// What is too slow is found by one sweep over all of them, not by a timer each; slots that wait for their senders by a
// second, faster sweep that runs only while there are any.
//
// Limits:  what all connections hold of unfinished requests and unsent answers (parts of lines, decoders): kMaxHeldBytes.
//          A request that goes over it is refused.
// Threads: its io_context's one, or any while that does not run. add_stats() from any.
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
#include "daemon/net/http_session.h"
#include "daemon/net/http_settings.h"

namespace sluice {

class HttpShard final : public ConnectionShard, public std::enable_shared_from_this<HttpShard> {
 public:
  // Four zstd senders with the largest window, or thousands of others.
  static constexpr uint64_t kMaxHeldBytes = 48 << 20;
  static constexpr size_t kReadBytes = 64 << 10;  // of one recv

  HttpShard(std::unique_ptr<Intake> intake, const HttpSettings& settings, std::atomic<uint32_t>& open);
  ~HttpShard() override;

  void adopt(Socket socket, const sockaddr_storage& peer) override;
  void stop(std::function<void()> done) override;
  void close() override;
  boost::asio::io_context& io() override { return intake_->io; }
  void add_stats(ListenerStats& stats) const override;

  Intake& intake() { return *intake_; }
  const HttpSettings& settings() const { return settings_; }

  // For sessions.
  Nanos now() const { return intake_->parts.clock.monotonic(); }
  bool stopping() const { return stopping_; }
  // Used during one turn: what is left in it is lost.
  std::span<char> scratch() { return scratch_; }
  AckRequest ack_for(uint32_t session, uint32_t request) const;
  // False when all that is held is over the limit with it.
  bool charge(uint64_t before, uint64_t now);
  void watch_slots();
  void remove(HttpSession& session);
  void count_reset() { resets_.add(1); }
  void count_idle() { idle_closed_.add(1); }

 private:
  using Sessions = boost::intrusive::list<HttpSession, boost::intrusive::base_hook<HttpSessionHook>>;

  void deliver(std::span<const AckMailbox::Ack> acks);
  void start_sweep();
  void sweep();
  void take_slots_back();
  void ended();

  const std::unique_ptr<Intake> intake_;
  const HttpSettings settings_;
  const Nanos sweep_interval_;
  MemoryAccount& account_;
  std::atomic<uint32_t>& open_;  // connections of the whole listener; its acceptor adds
  boost::asio::steady_timer sweep_timer_;
  boost::asio::steady_timer slot_timer_;
  const std::shared_ptr<AckMailbox> mailbox_;
  std::vector<char> scratch_;
  Sessions sessions_;
  std::unordered_map<uint32_t, HttpSession*> by_id_;
  // Closed; freed at the next sweep, because a session closes itself in its own calls.
  std::vector<std::unique_ptr<HttpSession>> closed_sessions_;
  std::function<void()> done_;
  uint64_t held_ = 0;
  uint32_t next_id_ = 0;
  bool stopping_ = false;
  bool closed_ = false;
  bool sweeping_ = false;
  bool watching_slots_ = false;
  Counter resets_;  // written in the I/O thread, read anywhere
  Counter idle_closed_;
};

}  // namespace sluice
