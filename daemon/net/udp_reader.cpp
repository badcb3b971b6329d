#include "daemon/net/udp_reader.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <limits>

namespace sluice {
namespace {

constexpr size_t kRoundsPerTurn = 64;  // then the other sockets of this thread have their turn
constexpr std::chrono::seconds kTick{1};
constexpr uint64_t kChunkShare = 8;  // of the slots, for chunks that wait for their siblings

// The socket's own counters: the bytes waiting in it, and the datagrams it dropped. SO_MEMINFO gives the number that
// SO_RXQ_OVFL would attach to the next datagram, also when none comes any more.
std::array<uint32_t, SK_MEMINFO_VARS> socket_counters(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> counters{};
  socklen_t length = sizeof counters;
  getsockopt(fd, SOL_SOCKET, SO_MEMINFO, counters.data(), &length);
  return counters;
}

}  // namespace

UdpReader::UdpReader(std::unique_ptr<Intake> intake, Socket socket, UdpSettings settings)
    : intake_(std::move(intake)),
      socket_(std::move(socket)),
      settings_(settings),
      account_(intake_->parts.memory.account("datagrams")),
      tick_timer_(intake_->io),
      batches_(*intake_, settings.max_frame_bytes, settings.gelf),
      peers_(intake_->parts.interner),
      chunks_(intake_->parts.pool.max_bytes() / kChunkShare),
      receive_buffer_(socket_counters(socket_.fd())[SK_MEMINFO_RCVBUF]),
      pause_(receive_buffer_) {
  if (settings_.gelf) gelf_.emplace(GelfDatagramsOptions{.account = &account_});
  account_.charge(sizeof *this + DatagramReceiver::kOverflowBytes);
}

UdpReader::~UdpReader() = default;

void UdpReader::start() {
  intake_->poller->add(socket_.fd());
  place_pending();
  if (hand_over(true)) intake_->poller->watch(socket_.fd(), *this);
  start_tick();
}

void UdpReader::turn() {
  if (at_gate() || !socket_) return;
  found();
  if (intake_->parts.context.critical()) {
    if (settings_.overflow == OverflowPolicy::drop_newest) return discard();
    if (!stopping_) return intake_->gate->wait_for_slot(*this);
  }
  for (size_t n = 0; n < kRoundsPerTurn; ++n) {
    if (stopping_ && last_bytes_ == 0) return ended();
    if (!batches_.take_slot()) return wait_for_slot();
    slot_deadline_ = 0;
    const size_t asked = std::min(batches_.room(), DatagramReceiver::kDatagrams);
    const DatagramRound& round = batches_.begin_round(asked);
    const int got = receiver_.receive(socket_.fd(), round);
    if (got > 0) {
      place(round, static_cast<size_t>(got));
    } else {
      batches_.cancel_round();
    }
    const bool drained = got < static_cast<int>(asked);
    const Nanos pause = drained ? emptied() : 0;
    const bool last = stopping_ && last_bytes_ == 0;
    if ((drained || last || batches_.room() == 0) && !hand_over(drained)) return;
    if (drained && !stopping_) return settle(pause);
  }
  if (hand_over(false)) go_on();
}

// Another turn, when the kernel says so or the others have had theirs.
void UdpReader::go_on() {
  if (stopping_) {
    boost::asio::post(intake_->io, [self = shared_from_this()] { self->turn(); });
  } else {
    intake_->poller->watch(socket_.fd(), *this);
  }
}

// The socket is empty, and what was in it has been handed over.
void UdpReader::settle(Nanos pause) {
  if (pause > 0) {
    intake_->gate->rest(*this, std::chrono::nanoseconds(pause));
  } else {
    intake_->poller->watch(socket_.fd(), *this);
  }
}

void UdpReader::place(const DatagramRound& round, size_t got) {
  const size_t stride = round.shape().stride;
  size_t bytes = 0;
  batches_.received(intake_->parts.clock.now());
  for (size_t i = 0; i < got; ++i) {
    const size_t length = round.length(i);
    bytes += length;
    if (length == 0) continue;
    const sockaddr_in6& sender = *round.sender(i);
    const InternId peer = peers_.find(sender);
    std::string_view first(round.data(i), std::min(length, stride));
    std::string_view rest(receiver_.overflow(i), length - first.size());
    if (gelf_ && GelfDatagrams::is_encoded(first)) {
      if (!rest.empty()) first = datagram_.assign(first).append(rest);
      place_gelf(first, sender, peer, batches_.slot(), &round.headers()[i]);
    } else if (rest.empty()) {
      batches_.add(i, peer);
    } else {
      place_copy(first, rest, sender, peer);
      round.headers()[i].msg_len = 0;
    }
  }
  arrived(got, bytes);
}

void UdpReader::place_copy(std::string_view first, std::string_view rest, const sockaddr_in6& sender, InternId peer) {
  if (batches_.add_copy(first, rest, sender, peer)) return;
  LedgerCell& cell = intake_->cell();
  cell.received.add(1);
  cell.received_bytes.add(first.size() + rest.size());
  cell.dropped[static_cast<size_t>(DropReason::memory)].add(1);
}

// `header`: the datagram's in its slot. A chunk stays there until its siblings have come; anything else has gone on.
void UdpReader::place_gelf(std::string_view datagram, const sockaddr_in6& sender, InternId peer, const Slot& slot,
                           mmsghdr* header) {
  const Nanos now = intake_->parts.clock.monotonic();
  const bool chunk = ChunkSlots::is_chunk(datagram);
  const auto document = gelf_->accept(datagram, peer, now);
  if (document) {
    place_copy(*document, {}, sender, peer);
  } else if (gelf_->last_problem() == GelfProblem::corrupt && !settings_.gelf_only && datagram[0] != '\x1e') {
    ++gelf_kept_;  // text that happens to begin like a compressed body
    place_copy(datagram, {}, sender, peer);
  }
  if (chunk && !document && gelf_->last_problem() == GelfProblem::none) {
    chunks_.add(datagram, peer, slot, header, now);
  } else {
    header->msg_len = 0;
    if (chunk) chunks_.done(datagram, peer);
  }
  count_gelf();
}

void UdpReader::place_pending() {
  for (PendingSlot& pending : pending_) {
    if (!batches_.take_slot()) break;  // cannot be: nothing else has begun to receive
    batches_.received(intake_->parts.clock.now());
    for (const PendingDatagram& datagram : pending.datagrams) {
      const std::string_view bytes(pending.slot.data() + datagram.offset, datagram.length);
      place_gelf(bytes, datagram.sender, peers_.find(datagram.sender), pending.slot, datagram.header);
    }
  }
  pending_.clear();
}

// Messages that gelf_ gave up are lines that were received and lost.
void UdpReader::count_gelf() {
  if (!gelf_) return;
  const uint64_t dropped = gelf_->stats().malformed + gelf_->stats().incomplete - gelf_kept_;
  if (dropped == gelf_counted_) return;
  intake_->cell().received.add(dropped - gelf_counted_);
  intake_->cell().dropped[static_cast<size_t>(DropReason::malformed)].add(dropped - gelf_counted_);
  gelf_counted_ = dropped;
}

// False when it must wait for room; on_room() or on_deadline() go on then.
bool UdpReader::hand_over(bool emptied) {
  batches_.take(ready_, emptied);
  for (const auto& batch : ready_) intake_->count(*batch);
  std::reverse(ready_.begin(), ready_.end());
  if (submit()) return true;
  const bool drop_newest = settings_.overflow == OverflowPolicy::drop_newest;
  if (drop_newest && overloaded_) {
    drop_ready(DropReason::queue_full);
    return true;
  }
  const Nanos deadline = drop_newest ? intake_->parts.clock.monotonic() + patience() : intake_->deadline();
  intake_->wait_for_room(*this, *ready_.back(), deadline);
  return false;
}

// False on `full`.
bool UdpReader::submit() {
  while (!ready_.empty()) {
    const Verdict verdict = intake_->submit(ready_.back());
    if (verdict == Verdict::full) return false;
    if (verdict == Verdict::stopping) intake_->leave(std::move(ready_.back()));
    ready_.pop_back();
    overloaded_ = false;
  }
  return true;
}

void UdpReader::drop_ready(DropReason reason) {
  for (auto& batch : ready_) intake_->give_up(std::move(batch), reason);
  ready_.clear();
}

void UdpReader::on_room() {
  if (!submit()) return intake_->wait_for_room(*this, *ready_.back(), 0);  // its deadline is kept
  go_on();
}

void UdpReader::on_deadline() {
  if (settings_.overflow == OverflowPolicy::block) return;
  leave();
  overloaded_ = true;
  drop_ready(DropReason::queue_full);
  go_on();
}

// The deadline is kept here, because every try at a slot is a wait of its own to the gate.
void UdpReader::wait_for_slot() {
  if (settings_.overflow == OverflowPolicy::drop_newest) {
    const Nanos now = intake_->parts.clock.monotonic();
    if (slot_deadline_ == 0) slot_deadline_ = now + patience();
    if (overloaded_ || now >= slot_deadline_) return discard();
  }
  intake_->gate->wait_for_slot(*this);
}

// Reads without keeping. A GELF message in chunks counts with its first chunk.
void UdpReader::discard() {
  if (stopping_ && last_bytes_ == 0) return ended();
  LedgerCell& cell = intake_->cell();
  for (size_t n = 0; n < kRoundsPerTurn; ++n) {
    const int got = receiver_.discard(socket_.fd());
    size_t lines = 0;
    size_t bytes = 0;
    for (int i = 0; i < got; ++i) {
      const std::string_view beginning = receiver_.beginning(i);
      bytes += receiver_.length(i);
      const bool later_chunk =
          gelf_ && beginning.size() > 10 && beginning.starts_with("\x1e\x0f") && beginning[10] != 0;
      if (!beginning.empty() && !later_chunk) ++lines;
    }
    cell.received.add(lines);
    cell.received_bytes.add(bytes);
    cell.dropped[static_cast<size_t>(DropReason::memory)].add(lines);
    arrived(static_cast<size_t>(std::max(got, 0)), bytes);
    if (got < static_cast<int>(DatagramReceiver::kDatagrams)) {
      emptied();
      break;
    }
  }
  go_on();
}

void UdpReader::arrived(size_t datagrams, size_t bytes) {
  if (stopping_) {
    // Less than the kernel counts for them, so that nothing that was there is left.
    last_bytes_ -= std::min<uint64_t>(last_bytes_, bytes + datagrams * 256);
    return;
  }
  pause_.took(datagrams);
}

// A turn begins: how much has come since the socket was empty.
void UdpReader::found() {
  if (stopping_) return;
  pause_.begin(socket_counters(socket_.fd())[SK_MEMINFO_RMEM_ALLOC], intake_->parts.clock.monotonic());
}

// How long the socket should be left alone now.
Nanos UdpReader::emptied() {
  last_bytes_ = 0;
  overloaded_ = false;
  return pause_.emptied(intake_->parts.clock.monotonic());
}

// Half of the time that the kernel's buffer holds what comes meanwhile, and never longer than a deadline.
Nanos UdpReader::patience() const {
  const Nanos most = intake_->parts.context.timeout().count();
  const double hold = pause_.time_to_fill() / 2;
  return hold < static_cast<double>(most) ? static_cast<Nanos>(hold) : most;
}

void UdpReader::start_tick() {
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || !self->socket_) return;
    self->count_kernel_drops();
    if (self->gelf_) self->gelf_->expire(self->intake_->parts.clock.monotonic());
    self->chunks_.expire(self->intake_->parts.clock.monotonic());
    self->count_gelf();
    self->start_tick();
  });
}

void UdpReader::count_kernel_drops() {
  if (!socket_) return;
  const uint32_t drops = socket_counters(socket_.fd())[SK_MEMINFO_DROPS];
  const uint32_t more = drops - kernel_drops_;  // the counter wraps
  kernel_drops_ = drops;
  if (more == 0) return;
  intake_->cell().received.add(more);
  intake_->cell().dropped[static_cast<size_t>(DropReason::kernel)].add(more);
}

void UdpReader::stop(std::function<void()> done) {
  done_ = std::move(done);
  stopping_ = true;
  last_bytes_ = socket_counters(socket_.fd())[SK_MEMINFO_RMEM_ALLOC];
  if (!ready_.empty()) return;  // waits for room: then it goes on
  leave();
  turn();
}

// The last one has been handed over.
void UdpReader::ended() {
  close();
  if (done_) boost::asio::post(intake_->io, std::exchange(done_, nullptr));
}

void UdpReader::close() {
  if (!socket_) return;
  leave();
  if (intake_->parts.spool) {
    chunks_.leave_all();  // their siblings may come to the next process
  } else {
    if (gelf_) gelf_->expire(std::numeric_limits<Nanos>::max());
    chunks_.expire(std::numeric_limits<Nanos>::max());
    count_gelf();
  }
  for (auto& batch : ready_) intake_->leave(std::move(batch));
  ready_.clear();
  count_kernel_drops();
  intake_->poller->remove(socket_.fd());
  intake_->close();
  socket_.close();
  tick_timer_.cancel();
  account_.release(sizeof *this + DatagramReceiver::kOverflowBytes);
}

void UdpReader::add_stats(ListenerStats& stats) const {
  stats.waits += intake_->gate->waits();
  stats.deadlines_passed += intake_->gate->deadlines_passed();
  stats.receive_buffer += receive_buffer_ / 2;
}

}  // namespace sluice
