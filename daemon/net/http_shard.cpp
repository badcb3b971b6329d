#include "daemon/net/http_shard.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

namespace sluice {
namespace {

constexpr Nanos kLongestSweep = kSecond;
constexpr Nanos kShortestSweep = 5 * kMillisecond;

// What one connection takes besides what it holds.
constexpr uint64_t kSessionBytes = sizeof(HttpSession);

// A quarter of the shortest time: what is too slow is closed at most that much late.
Nanos sweep_interval(const HttpSettings& settings) {
  Nanos shortest = std::min({settings.header_timeout, settings.body_timeout, settings.linger});
  if (settings.idle_timeout > 0) shortest = std::min(shortest, settings.idle_timeout);
  return std::clamp(shortest / 4, kShortestSweep, kLongestSweep);
}

}  // namespace

HttpShard::HttpShard(std::unique_ptr<Intake> intake, const HttpSettings& settings, std::atomic<uint32_t>& open)
    : intake_(std::move(intake)),
      settings_(settings),
      sweep_interval_(sweep_interval(settings)),
      account_(intake_->parts.memory.account("connections")),
      open_(open),
      sweep_timer_(intake_->io),
      slot_timer_(intake_->io),
      mailbox_(AckMailbox::make(intake_->io, [this](std::span<const AckMailbox::Ack> acks) { deliver(acks); })),
      // Behind the longest unread part of a request there is room for one recv.
      scratch_(kReadBytes + 2 * HttpReader::kMaxHeadBytes) {}

HttpShard::~HttpShard() { mailbox_->close(); }

void HttpShard::adopt(Socket socket, const sockaddr_storage& peer) {
  if (closed_) return;
  const InternId name = intake_->parts.interner.intern(address_text(peer));
  const uint32_t id = next_id_++;
  auto* session = new HttpSession(*this, id, std::move(socket), name);  // the list owns it
  sessions_.push_back(*session);
  by_id_.emplace(id, session);
  account_.charge(kSessionBytes);
  intake_->cell().connections_opened.add(1);
  session->start();
  if (stopping_) session->stop();
  start_sweep();
}

void HttpShard::remove(HttpSession& session) {
  sessions_.erase(sessions_.iterator_to(session));
  by_id_.erase(session.id());
  closed_sessions_.emplace_back(&session);
  account_.release(kSessionBytes);
  intake_->cell().connections_closed.add(1);
  open_.fetch_sub(1, std::memory_order_relaxed);
  ended();
}

AckRequest HttpShard::ack_for(uint32_t session, uint32_t request) const {
  return {mailbox_, (uint64_t{session} << 32) | request};
}

void HttpShard::deliver(std::span<const AckMailbox::Ack> acks) {
  for (const AckMailbox::Ack& ack : acks) {
    const auto found = by_id_.find(static_cast<uint32_t>(ack.token >> 32));
    if (found != by_id_.end()) found->second->acked(static_cast<uint32_t>(ack.token), ack.safe);
  }
}

bool HttpShard::charge(uint64_t before, uint64_t now) {
  held_ += now - before;
  if (now > before) {
    account_.charge(now - before);
  } else if (before > now) {
    account_.release(before - now);
  }
  return now <= before || held_ <= kMaxHeldBytes;
}

void HttpShard::stop(std::function<void()> done) {
  stopping_ = true;
  done_ = std::move(done);
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    HttpSession& session = *at++;  // before the call: the session may leave
    session.stop();
  }
  ended();
}

// The last session is gone: nothing of this shard is called any more.
void HttpShard::ended() {
  if (!stopping_ || !sessions_.empty() || !done_) return;
  intake_->close();
  mailbox_->close();
  sweep_timer_.cancel();
  slot_timer_.cancel();
  // Later, because the caller may be a session that `done` would free.
  boost::asio::post(intake_->io, [self = shared_from_this(), done = std::exchange(done_, nullptr)] {
    self->closed_sessions_.clear();
    done();
  });
}

void HttpShard::close() {
  closed_ = true;
  while (!sessions_.empty()) sessions_.front().abandon();
  closed_sessions_.clear();
  intake_->close();
  mailbox_->close();
  sweep_timer_.cancel();
  slot_timer_.cancel();
}

void HttpShard::start_sweep() {
  if (sweeping_ || closed_) return;
  sweeping_ = true;
  sweep_timer_.expires_after(std::chrono::nanoseconds(sweep_interval_));
  sweep_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    self->sweeping_ = false;
    if (!error) self->sweep();
  });
}

void HttpShard::sweep() {
  closed_sessions_.clear();
  const Nanos now = this->now();
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    HttpSession& session = *at++;
    session.sweep(now);
  }
  if (!sessions_.empty() || !closed_sessions_.empty()) start_sweep();
}

void HttpShard::watch_slots() {
  if (watching_slots_ || closed_) return;
  watching_slots_ = true;
  slot_timer_.expires_after(std::chrono::nanoseconds(settings_.hold));
  slot_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    self->watching_slots_ = false;
    if (!error) self->take_slots_back();
  });
}

void HttpShard::take_slots_back() {
  const Nanos since = now() - settings_.hold;
  bool more = false;
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    HttpSession& session = *at++;
    more |= session.let_go(since);
  }
  if (more) watch_slots();
}

void HttpShard::add_stats(ListenerStats& stats) const {
  stats.resets += resets_.get();
  stats.idle_closed += idle_closed_.get();
  stats.waits += intake_->gate->waits();
  stats.deadlines_passed += intake_->gate->deadlines_passed();
}

}  // namespace sluice
