#include "daemon/net/stream_shard.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

#include "daemon/net/relp_stream.h"

namespace sluice {
namespace {

constexpr Nanos kLongestSweep = kSecond;
constexpr Nanos kShortestSweep = 10 * kMillisecond;
constexpr Nanos kQuiet = kSecond;  // a session that long without bytes gives its spare memory back

// What one connection takes besides its partial frame.
constexpr uint64_t kSessionBytes = sizeof(StreamSession);

}  // namespace

StreamShard::StreamShard(std::unique_ptr<Intake> intake, StreamSettings settings, std::atomic<uint32_t>& open)
    : intake_(std::move(intake)),
      settings_(settings),
      // A quarter of the timeout: a connection is closed at most that much late.
      sweep_interval_(settings.idle_timeout == 0
                          ? kLongestSweep
                          : std::clamp(settings.idle_timeout / 4, kShortestSweep, kLongestSweep)),
      account_(intake_->parts.memory.account("connections")),
      open_(open),
      sweep_timer_(intake_->io),
      mailbox_(settings.relp ? AckMailbox::make(intake_->io, [this](auto acks) { deliver(acks); }) : nullptr) {}

StreamShard::~StreamShard() {
  if (mailbox_) mailbox_->close();
}

std::unique_ptr<StreamProtocol> StreamShard::make_protocol(InternId peer, uint32_t id) const {
  FramerOptions options = settings_.framing;
  options.peer = peer;
  if (!settings_.relp) return std::make_unique<FramedStream>(options);
  return std::make_unique<RelpStream>(RelpCodecOptions{.max_frame_bytes = options.max_frame_bytes, .peer = peer},
                                      [this, id](uint32_t token) { return ack_for(id, token); });
}

AckRequest StreamShard::ack_for(uint32_t session, uint32_t token) const {
  return {mailbox_, uint64_t{session} << 32 | token};
}

void StreamShard::deliver(std::span<const AckMailbox::Ack> acks) {
  for (const AckMailbox::Ack& ack : acks) {
    const auto found = by_id_.find(static_cast<uint32_t>(ack.token >> 32));
    if (found != by_id_.end()) found->second->on_ack(static_cast<uint32_t>(ack.token), ack.safe);
  }
}

void StreamShard::adopt(Socket socket, const sockaddr_storage& peer) {
  if (closed_) return;
  const InternId name = intake_->parts.interner.intern(address_text(peer));
  const uint32_t id = next_id_++;
  auto* session = new StreamSession(*this, std::move(socket), name, id, make_protocol(name, id));  // the list owns it
  if (mailbox_) {
    by_id_[id] = session;
    // An answer is waited for: it must not wait for more to be sent with it.
    const int on = 1;
    setsockopt(session->fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  sessions_.push_back(*session);
  account_.charge(kSessionBytes);
  intake_->cell().connections_opened.add(1);
  session->start();
  if (stopping_) session->stop();
  start_sweep();
}

void StreamShard::remove(StreamSession& session) {
  sessions_.erase(sessions_.iterator_to(session));
  by_id_.erase(session.id());
  closed_sessions_.emplace_back(&session);
  account_.release(kSessionBytes);
  intake_->cell().connections_closed.add(1);
  open_.fetch_sub(1, std::memory_order_relaxed);
  ended();
}

void StreamShard::stop(std::function<void()> done) {
  stopping_ = true;
  done_ = std::move(done);
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    StreamSession& session = *at++;  // before the call: the session may leave
    session.stop();
  }
  ended();
}

// The last session is gone: nothing of this shard is called any more.
void StreamShard::ended() {
  if (!stopping_ || !sessions_.empty() || !done_) return;
  intake_->close();
  sweep_timer_.cancel();
  // Later, because the caller may be a session that `done` would free.
  boost::asio::post(intake_->io, [self = shared_from_this(), done = std::exchange(done_, nullptr)] {
    self->closed_sessions_.clear();
    done();
  });
}

void StreamShard::close() {
  closed_ = true;
  while (!sessions_.empty()) sessions_.front().abandon();
  closed_sessions_.clear();
  intake_->close();
  sweep_timer_.cancel();
}

void StreamShard::start_sweep() {
  if (sweeping_ || closed_) return;
  sweeping_ = true;
  sweep_timer_.expires_after(std::chrono::nanoseconds(sweep_interval_));
  sweep_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    self->sweeping_ = false;
    if (!error) self->sweep();
  });
}

void StreamShard::sweep() {
  closed_sessions_.clear();
  const Nanos now = intake_->parts.clock.monotonic();
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    StreamSession& session = *at++;
    if (session.sweep(now - kQuiet, now - settings_.idle_timeout) && settings_.idle_timeout > 0) {
      session.expire();
    }
  }
  if (!sessions_.empty() || !closed_sessions_.empty()) start_sweep();
}

void StreamShard::add_stats(ListenerStats& stats) const {
  stats.resets += resets_.get();
  stats.idle_closed += idle_closed_.get();
  stats.waits += intake_->gate->waits();
  stats.deadlines_passed += intake_->gate->deadlines_passed();
}

}  // namespace sluice
