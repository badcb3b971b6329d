#include "daemon/net/stream_session.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/net/stream_shard.h"

namespace sluice {
namespace {

constexpr size_t kTurnBytes = 1 << 20;        // then the other connections of this thread have their turn
constexpr size_t kLeastRead = 1024;           // bytes of room for a recv; less would make many of them
constexpr size_t kRestBelow = 32 << 10;       // a turn that found more is not worth a pause: the next will too
constexpr Nanos kBusyGap = 4 * kMillisecond;  // turns closer than this: worth a rest
constexpr uint8_t kCalmTurns = 4;             // before a slot's size goes down

}  // namespace

StreamSession::StreamSession(StreamShard& shard, Socket socket, InternId peer, uint32_t id,
                             std::unique_ptr<StreamProtocol> protocol)
    : shard_(shard),
      socket_(std::move(socket)),
      protocol_(std::move(protocol)),
      id_(id),
      peer_(peer),
      last_read_(shard.intake().parts.clock.monotonic()) {}

StreamSession::~StreamSession() = default;

void StreamSession::start() {
  if (!shard_.intake().poller->add(socket_.fd())) {
    shard_.intake().report(system_error("watch a connection", errno).message);
    close();
    return;
  }
  watch();
}

// For more to read; while answers wait to be sent, for room for them, and nothing is read meanwhile.
void StreamSession::watch() {
  Poller& poller = *shard_.intake().poller;
  unsent() ? poller.watch_room(socket_.fd(), *this) : poller.watch(socket_.fd(), *this);
}

void StreamSession::on_readable() {
  if (unsent() && (!speak() || unsent())) return;
  turn();
}
void StreamSession::on_rested() { turn(); }

void StreamSession::turn() {
  Intake& intake = shard_.intake();
  if (state_ != State::reading && state_ != State::last_read) return;
  if (at_gate()) return;  // told late: it waits already
  if (!protocol_->may_read()) return;
  size_t turn_bytes = 0;
  for (;;) {
    // Past critical nothing more is taken in, except what must be before the end.
    const bool may_read = state_ == State::last_read || !intake.parts.context.critical();
    if (!may_read) return intake.gate->wait_for_slot(*this);
    if (!take_slot()) return wait_for_slot();
    Slot& slot = batch_->slot;
    size_t room = slot.size() - tail_length_;
    if (state_ == State::last_read) room = std::min<size_t>(room, last_bytes_);
    const ssize_t got = intake.receive(socket_.fd(), slot, room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      intake.recycle(std::move(batch_));
      return state_ == State::last_read ? finish() : watch();
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
    if (protocol_->answers() && !speak()) return;
    if (pending_) return;
    if (state_ == State::closing) return close();
    if (unsent() || !protocol_->may_read()) return;  // speak() or on_ack() goes on
    if (state_ == State::last_read && (last_bytes_ == 0 || received < room)) return finish();
    if (received < room) {  // all that was there
      // Not where a sender waits for its answers before it sends more.
      if (busy && turn_bytes < kRestBelow && !protocol_->answers()) return intake.gate->rest(*this);
      return watch();
    }
    if (turn_bytes >= kTurnBytes) return watch();
  }
}

// The stream has ended, for whatever reason: what is left of it is a frame, where it lies.
void StreamSession::finish() {
  if (batch_) shard_.intake().recycle(std::move(batch_));
  if (protocol_->answers()) return say_goodbye();
  state_ = State::closing;
  if (tail_length_ == 0) return close();
  shard_.charge_partial(tail_slot_.bytes(), 0);
  batch_ = shard_.intake().new_batch(std::move(tail_slot_));
  batch_->received = shard_.intake().parts.clock.now();
  batch_->stream_end = true;
  const std::string_view rest(batch_->slot.data() + tail_offset_, std::exchange(tail_length_, 0));
  protocol_->finish(rest, tail_offset_, *batch_);
  if (hand_over()) close();
}

bool StreamSession::take_slot() {
  if (batch_) return true;
  // A frame of known length is given room for all of it at once.
  const size_t bytes = std::max<size_t>(tail_length_ + kLeastRead, protocol_->expected());
  Slot slot = shard_.intake().take_slot(level_, bytes);
  if (!slot) return false;
  if (tail_length_ > 0) std::memcpy(slot.data(), tail().data(), tail_length_);
  describe(slot, {.previous = tail_length_ > 0 ? header_of(tail_slot_).sequence : 0, .bytes = tail_length_});
  batch_ = shard_.intake().new_batch(std::move(slot));
  return true;
}

void StreamSession::describe(Slot& slot, SlotTail tail) const {
  shard_.intake().describe(slot, {.kind = protocol_->kind(),
                                  .peer = peer_,
                                  .max_frame_bytes = shard_.settings().framing.max_frame_bytes,
                                  .acknowledged = protocol_->answers(),
                                  .framing = protocol_->state(),
                                  .tail = tail});
}

// Nobody can go on when partial frames fill the slots: each takes as little as it needs, and where that is not enough, is
// made a frame as it is.
void StreamSession::wait_for_slot() {
  if (tail_length_ > 0 && state_ == State::reading) {
    move_tail();
    if (shard_.too_many_partial()) {
      shard_.intake().report("too many unfinished lines at once; the connection from " +
                             std::string(shard_.intake().parts.interner.text(peer_)) + " was closed");
      return finish();
    }
  }
  shard_.intake().gate->wait_for_slot(*this);
}

// The slot holds the tail and `received` new bytes behind it.
void StreamSession::cut(size_t received) {
  const size_t filled = tail_length_ + received;
  tail_went_on();
  batch_->received = shard_.intake().parts.clock.now();
  const size_t used = protocol_->cut({batch_->slot.data(), filled}, *batch_);
  adapt(filled);
  if (protocol_->counters().framing_errors == 0) keep_tail(used, filled - used);
  hand_over();
}

// False when the batch must wait for room; resume() goes on then.
bool StreamSession::hand_over() {
  Intake& intake = shard_.intake();
  count_framing();
  if (batch_->frames.empty()) {
    header_of(batch_->slot).given_up = 1;  // lines that were refused must not come back with the partial frame
    intake.recycle(std::move(batch_));
    return true;
  }
  intake.count(*batch_);
  if (submit()) return true;
  pending_ = true;
  intake.wait_for_room(*this, *batch_, intake.deadline());
  return false;
}

// False on `full`.
bool StreamSession::submit() {
  const Verdict verdict = shard_.intake().submit(batch_);
  if (verdict == Verdict::full) return false;
  if (verdict == Verdict::stopping) {
    shard_.intake().leave(std::move(batch_));
    state_ = State::closing;
  }
  return true;
}

void StreamSession::on_room() {
  if (pending_) {
    if (!submit()) return shard_.intake().wait_for_room(*this, *batch_, 0);
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
      if (protocol_->answers() && (unsent() || !speak() || !protocol_->may_read())) return;
      last_read_ = shard_.intake().parts.clock.monotonic();  // it was not idle: we were
      return watch();
    case State::last_read:
      // What is left is there, so the poller calls at once; but not from here, where the gate may be serving others.
      return last_bytes_ > 0 ? watch() : finish();
    case State::answering:
      speak();
      return;
    case State::closing:
      return close();
  }
}

// A slot stays in use until its lines are stored, however little of it was filled: hence the many sizes.
void StreamSession::adapt(size_t filled) {
  const auto level = static_cast<size_t>(level_);
  if (filled >= batch_->slot.size() && batch_->slot.bytes() >= kSlotBytes[level]) {
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

void StreamSession::keep_tail(size_t offset, size_t length) {
  if (length == 0) return;
  tail_slot_ = batch_->slot.share();
  tail_offset_ = static_cast<uint32_t>(offset);
  tail_length_ = static_cast<uint32_t>(length);
  shard_.charge_partial(0, tail_slot_.bytes());
}

// It has been copied to a slot that says so, where more of it has been received.
void StreamSession::tail_went_on() {
  if (tail_length_ == 0) return;
  header_of(tail_slot_).tail_taken = 1;
  shard_.charge_partial(tail_slot_.bytes(), 0);
  tail_slot_.reset();
  tail_length_ = 0;
}

// To the smallest slot that holds it. False when there is none, or it is there already.
bool StreamSession::move_tail() {
  const SlotSize size = slot_for(tail_length_);
  if (tail_slot_.level() <= size) return false;
  Slot slot = shard_.intake().parts.pool.acquire(size, BufferPool::Reserve::use);
  if (!slot) return false;
  std::memcpy(slot.data(), tail().data(), tail_length_);
  describe(slot, {.previous = header_of(tail_slot_).sequence});
  header_of(slot).message.msg_len = tail_length_;
  header_of(tail_slot_).tail_taken = 1;
  shard_.charge_partial(tail_slot_.bytes(), slot.bytes());
  tail_slot_ = std::move(slot);
  tail_offset_ = 0;
  return true;
}

void StreamSession::count_framing() {
  if (const std::string_view complaint = protocol_->complaint(); !complaint.empty()) report_end(complaint);
  const StreamProtocol::Counters now = protocol_->counters();
  if (now == counted_) return;
  LedgerCell& cell = shard_.intake().cell();
  cell.truncated.add(now.truncated - counted_.truncated);
  cell.discarded_bytes.add(now.discarded_bytes - counted_.discarded_bytes);
  cell.framing_errors.add(now.framing_errors - counted_.framing_errors);
  if (now.framing_errors != counted_.framing_errors) {
    report_end(protocol_->error_text() + ", at \"" + printable(protocol_->error_bytes()) + "\"");
    state_ = State::closing;
  }
  counted_ = now;
}

void StreamSession::report_end(std::string_view why) const {
  Intake& intake = shard_.intake();
  intake.report("the connection from " + std::string(intake.parts.interner.text(peer_)) +
                " was closed: " + std::string(why));
}

// Sends what the sender is to be told. False when the session is closed.
bool StreamSession::speak() {
  for (;;) {
    if (!unsent()) {
      output_.clear();
      sent_ = 0;
      if (!protocol_->take_output(output_)) break;
    }
    const ssize_t sent =
        send(socket_.fd(), output_.data() + sent_, output_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      watch();
      return true;
    }
    if (sent < 0) {
      // The sender has gone, and keeps what it was not told of.
      shard_.count_reset();
      state_ = State::closing;
      if (!pending_) close();
      return false;
    }
    sent_ += static_cast<size_t>(sent);
    if (state_ == State::answering) last_read_ = shard_.intake().parts.clock.monotonic();  // it takes its answers
  }
  if (protocol_->finished() && !pending_) {
    close();
    return false;
  }
  return true;
}

// The sender's lines of this batch are safe, or will not be.
void StreamSession::on_ack(uint32_t token, bool safe) {
  protocol_->on_ack(token, safe);
  if (unsent() || !speak()) return;
  // It may have been left alone because too many answers were due.
  if (!pending_ && !at_gate() && state_ == State::reading && protocol_->may_read()) watch();
}

// Takes nothing more, and answers what is still to be answered.
void StreamSession::say_goodbye() {
  state_ = State::answering;
  last_read_ = shard_.intake().parts.clock.monotonic();
  if (tail_length_ > 0) {
    Batch none;  // what is not whole was not answered: its sender keeps it
    protocol_->finish(tail(), tail_offset_, none);
    count_framing();
  }
  tail_went_on();
  protocol_->drain();
  speak();
}

void StreamSession::stop() {
  if (state_ != State::reading) return;
  // What has not been read was not answered either: its sender keeps it.
  if (protocol_->answers()) {
    if (!pending_) leave();
    if (!pending_ && batch_) shard_.intake().recycle(std::move(batch_));
    return say_goodbye();
  }
  state_ = State::last_read;
  int waiting = 0;  // bytes the kernel has now: a sender that goes on sending does not hold up the end
  if (ioctl(socket_.fd(), FIONREAD, &waiting) != 0) waiting = 0;
  last_bytes_ = static_cast<uint32_t>(waiting);
  if (pending_) return;
  leave();
  resume();
}

bool StreamSession::sweep(Nanos quiet, Nanos idle) {
  // Who takes no answers would keep its connection for ever.
  if (state_ == State::answering) return !pending_ && unsent() && last_read_ < idle;
  if (state_ != State::reading || pending_ || at_gate()) return false;
  if (last_read_ < quiet && tail_length_ > 0) move_tail();
  return last_read_ < idle;
}

void StreamSession::expire() {
  if (state_ == State::answering) return close();
  shard_.count_idle();
  stop();
}

void StreamSession::abandon() {
  leave();
  if (pending_) {
    shard_.intake().leave(std::move(batch_));
    pending_ = false;
  }
  // A partial frame that was not handed over was received all the same.
  if (tail_length_ > 0 && !protocol_->answers()) {
    shard_.charge_partial(tail_slot_.bytes(), 0);
    shard_.intake().leave(std::move(tail_slot_), 1, std::exchange(tail_length_, 0));
  }
  close();
}

void StreamSession::close() {
  leave();
  if (batch_) shard_.intake().recycle(std::move(batch_));
  shard_.intake().poller->remove(socket_.fd());
  socket_.close();
  tail_went_on();
  state_ = State::closing;
  output_.clear();
  sent_ = 0;
  shard_.remove(*this);  // the last call: the session is freed soon
}

}  // namespace sluice
