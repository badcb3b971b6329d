#include "daemon/net/stream_session.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "daemon/net/stream_shard.h"

namespace sluice {
namespace {

constexpr size_t kTurnBytes = 1 << 20;        // then the other connections of this thread have their turn
constexpr size_t kLeastRead = 1024;           // bytes of room for a recv; less would make many of them
constexpr size_t kRestBelow = 32 << 10;       // a turn that found more is not worth a pause: the next will too
constexpr Nanos kBusyGap = 4 * kMillisecond;  // turns closer than this: worth a rest
constexpr uint8_t kCalmTurns = 8;             // before a slot's size goes down
constexpr size_t kLeastTail = 256;            // bytes; most partial frames fit, so that they are not reallocated

}  // namespace

StreamSession::StreamSession(StreamShard& shard, Socket socket, InternId peer)
    : shard_(shard),
      socket_(std::move(socket)),
      framer_([&] {
        FramerOptions options = shard.settings().framing;
        options.peer = peer;
        return options;
      }()),
      peer_(peer),
      last_read_(shard.intake().parts.clock.monotonic()) {}

StreamSession::~StreamSession() = default;

void StreamSession::start() {
  if (!shard_.intake().poller->add(socket_.fd())) {
    shard_.intake().report(system_error("watch a connection", errno).message);
    close();
    return;
  }
  shard_.intake().poller->watch(socket_.fd(), *this);
}

void StreamSession::on_readable() { turn(); }
void StreamSession::on_rested() { turn(); }

void StreamSession::turn() {
  Intake& intake = shard_.intake();
  if (state_ != State::reading && state_ != State::last_read) return;
  if (at_gate()) return;  // told late: it waits already
  size_t turn_bytes = 0;
  for (;;) {
    // Past critical nothing more is taken in, except what must be before the end.
    const bool may_read = state_ == State::last_read || !intake.parts.context.critical();
    if (!may_read || !take_slot()) return intake.gate->wait_for_slot(*this);
    const Slot& slot = batch_->slot;
    size_t room = slot.size() - tail_length_;
    if (state_ == State::last_read) room = std::min<size_t>(room, last_bytes_);
    const ssize_t got = recv(socket_.fd(), slot.data() + tail_length_, room, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      intake.recycle(std::move(batch_));
      return state_ == State::last_read ? finish() : intake.poller->watch(socket_.fd(), *this);
    }
    if (got <= 0) {
      if (got < 0) shard_.count_reset();
      return finish();
    }
    const auto received = static_cast<size_t>(got);
    const Nanos now = intake.parts.clock.monotonic();
    const bool busy = now - last_read_ < kBusyGap;
    last_read_ = now;
    turn_bytes += received;
    cut(received);
    if (state_ == State::last_read) last_bytes_ -= static_cast<uint32_t>(received);
    if (pending_) return;
    if (state_ == State::closing) return close();
    if (state_ == State::finishing) return finish();
    if (state_ == State::last_read && (last_bytes_ == 0 || received < room)) return finish();
    if (received < room) {  // all that was there
      if (busy && turn_bytes < kRestBelow) return intake.gate->rest(*this);
      return intake.poller->watch(socket_.fd(), *this);
    }
    if (turn_bytes >= kTurnBytes) return intake.poller->watch(socket_.fd(), *this);
  }
}

// The stream has ended, for whatever reason: what is left of it is a frame.
void StreamSession::finish() {
  state_ = State::finishing;
  if (tail_length_ == 0) {
    if (batch_) shard_.intake().recycle(std::move(batch_));
    return close();
  }
  if (!take_slot()) return shard_.intake().gate->wait_for_slot(*this);
  state_ = State::closing;
  const size_t length = tail_length_;
  load_tail();
  batch_->received = shard_.intake().parts.clock.now();
  framer_.finish({batch_->slot.data(), length}, 0, batch_->frames);
  if (hand_over(length, length)) close();
}

bool StreamSession::take_slot() {
  if (batch_) return true;
  // A frame of known length is given room for all of it at once.
  const size_t bytes = std::max<size_t>(tail_length_ + kLeastRead, framer_.expected());
  Slot slot = shard_.intake().take_slot(level_, bytes);
  if (!slot) return false;
  batch_ = shard_.intake().new_batch(std::move(slot));
  return true;
}

// The slot holds room for the tail and `received` new bytes behind it.
void StreamSession::cut(size_t received) {
  const size_t filled = tail_length_ + received;
  load_tail();
  batch_->received = shard_.intake().parts.clock.now();
  const size_t used = framer_.cut({batch_->slot.data(), filled}, 0, batch_->frames);
  adapt(filled);
  hand_over(filled, framer_.error() == FramingError::none ? used : filled);
}

// False when the batch must wait for room; resume() goes on then.
bool StreamSession::hand_over(size_t filled, size_t used) {
  Intake& intake = shard_.intake();
  keep_tail({batch_->slot.data() + used, filled - used});
  count_framing();
  if (batch_->frames.empty()) {
    intake.recycle(std::move(batch_));
    return true;
  }
  intake.count(*batch_);
  if (submit()) return true;
  pending_ = true;
  intake.gate->wait_for_room(*this, cost_of(*batch_), intake.deadline());
  return false;
}

// False on `full`.
bool StreamSession::submit() {
  const Verdict verdict = shard_.intake().submit(batch_);
  if (verdict == Verdict::full) return false;
  if (verdict == Verdict::stopping) {
    shard_.intake().give_up(std::move(batch_), DropReason::shutdown);
    state_ = State::closing;
  }
  return true;
}

void StreamSession::on_room() {
  if (pending_) {
    if (!submit()) return shard_.intake().gate->wait_for_room(*this, cost_of(*batch_), 0);
    pending_ = false;
  }
  resume();
}

void StreamSession::on_deadline() {
  if (shard_.settings().overflow == OverflowPolicy::block || !pending_) return;
  leave();
  shard_.intake().give_up(std::move(batch_), DropReason::queue_full);
  pending_ = false;
  resume();
}

void StreamSession::resume() {
  switch (state_) {
    case State::reading:
      last_read_ = shard_.intake().parts.clock.monotonic();  // it was not idle: we were
      return shard_.intake().poller->watch(socket_.fd(), *this);
    case State::last_read:
      // What is left is there, so the poller calls at once; but not from here, where the gate may be serving others.
      return last_bytes_ > 0 ? shard_.intake().poller->watch(socket_.fd(), *this) : finish();
    case State::finishing:
      return finish();
    case State::closing:
      return close();
  }
}

void StreamSession::adapt(size_t filled) {
  const auto level = static_cast<size_t>(level_);
  if (filled >= batch_->slot.size() && batch_->slot.size() >= kSlotBytes[level]) {
    calm_ = 0;
    if (level + 1 < kSlotSizes) level_ = static_cast<SlotSize>(level + 1);
  } else if (level > 0 && filled <= kSlotBytes[level - 1] / 2) {
    if (++calm_ < kCalmTurns) return;
    calm_ = 0;
    level_ = static_cast<SlotSize>(level - 1);
  } else {
    calm_ = 0;
  }
}

void StreamSession::load_tail() {
  if (tail_length_ > 0) std::memcpy(batch_->slot.data(), tail_.get(), tail_length_);
  tail_length_ = 0;
}

void StreamSession::keep_tail(std::string_view tail) {
  if (tail.empty()) return;
  if (tail.size() > tail_capacity_) resize_tail(std::bit_ceil(std::max(tail.size(), kLeastTail)));
  std::memcpy(tail_.get(), tail.data(), tail.size());
  tail_length_ = static_cast<uint32_t>(tail.size());
}

void StreamSession::resize_tail(size_t capacity) {
  std::unique_ptr<char[]> larger;
  if (capacity > 0) larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (tail_length_ > 0) std::memcpy(larger.get(), tail_.get(), tail_length_);
  const bool fits = shard_.charge_partial(tail_capacity_, capacity);
  tail_ = std::move(larger);
  tail_capacity_ = static_cast<uint32_t>(capacity);
  if (fits || state_ != State::reading) return;
  shard_.intake().report("too many unfinished lines at once; the connection from " +
                         std::string(shard_.intake().parts.interner.text(peer_)) + " was closed");
  state_ = State::finishing;
}

void StreamSession::count_framing() {
  const Framer::Counters& now = framer_.counters();
  if (now == counted_) return;
  LedgerCell& cell = shard_.intake().cell();
  cell.truncated.add(now.truncated - counted_.truncated);
  cell.discarded_bytes.add(now.discarded_bytes - counted_.discarded_bytes);
  cell.framing_errors.add(now.framing_errors - counted_.framing_errors);
  if (now.framing_errors != counted_.framing_errors) {
    shard_.intake().report("the connection from " + std::string(shard_.intake().parts.interner.text(peer_)) +
                           " was closed: " + std::string(framing_error_text(framer_.error())) + ", at \"" +
                           printable(framer_.error_bytes()) + "\"");
    state_ = State::closing;
  }
  counted_ = now;
}

void StreamSession::stop() {
  if (state_ != State::reading) return;
  state_ = State::last_read;
  int waiting = 0;  // bytes the kernel has now: a sender that goes on sending does not hold up the end
  if (ioctl(socket_.fd(), FIONREAD, &waiting) != 0) waiting = 0;
  last_bytes_ = static_cast<uint32_t>(waiting);
  if (pending_) return;
  leave();
  resume();
}

bool StreamSession::sweep(Nanos quiet, Nanos idle) {
  if (state_ != State::reading || pending_ || at_gate()) return false;
  const size_t enough = tail_length_ > 0 ? std::bit_ceil(std::max<size_t>(tail_length_, kLeastTail)) : 0;
  if (last_read_ < quiet && enough < tail_capacity_) resize_tail(enough);
  return last_read_ < idle;
}

void StreamSession::abandon() {
  leave();
  if (pending_) {
    shard_.intake().give_up(std::move(batch_), DropReason::shutdown);
    pending_ = false;
  }
  // A partial frame that was not handed over was received all the same.
  if (tail_length_ > 0) {
    LedgerCell& cell = shard_.intake().cell();
    cell.received.add(1);
    cell.received_bytes.add(tail_length_);
    cell.dropped[static_cast<size_t>(DropReason::shutdown)].add(1);
    tail_length_ = 0;
  }
  close();
}

void StreamSession::close() {
  leave();
  if (batch_) shard_.intake().recycle(std::move(batch_));
  shard_.intake().poller->remove(socket_.fd());
  socket_.close();
  tail_length_ = 0;
  resize_tail(0);
  state_ = State::closing;
  shard_.remove(*this);  // the last call: the session is freed soon
}

}  // namespace sluice
