#include "core/pipeline/store_thread.h"

#include <sys/prctl.h>

#include <algorithm>

#include "core/spool/slot_header.h"

namespace sluice {
namespace {

// How long an idle store waits before it looks after itself: short enough that a sync is never much later than its
// interval (1 s by default), long enough to cost nothing.
constexpr std::chrono::milliseconds kUpkeepInterval{200};
// Between two tries of a store that could not take a block.
constexpr std::chrono::milliseconds kRetryInterval{250};

}  // namespace

StoreThread::StoreThread(Parts parts, size_t waiting_blocks)
    : parts_(std::move(parts)), store_(parts_.store), queue_(waiting_blocks) {}

StoreThread::~StoreThread() {
  if (thread_.joinable()) finish(std::chrono::seconds(0));
}

void StoreThread::start() {
  thread_ = std::thread([this] { run(); });
}

SealedBlock StoreThread::take_empty() {
  MutexLock lock(mutex_);
  if (empty_.empty()) return {};
  SealedBlock block = std::move(empty_.back());
  empty_.pop_back();
  return block;
}

void StoreThread::push(SealedBlock& block) {
  const uint64_t rows = block.encoded.summary.rows;
  const uint64_t charged = block.encoded.bytes.capacity();
  parts_.account.charge(charged);
  rows_waiting_.fetch_add(rows, std::memory_order_relaxed);
  if (queue_.push(block)) return;
  parts_.account.release(charged);
  rows_waiting_.fetch_sub(rows, std::memory_order_relaxed);
  give_up(block, DropReason::shutdown);
}

void StoreThread::run() {
  prctl(PR_SET_NAME, "store");
  Nanos next_upkeep = 0;
  for (;;) {
    SealedBlock block;
    pulse_.idle();
    const auto popped = queue_.pop(block, kUpkeepInterval);
    if (popped == BoundedQueue<SealedBlock>::PopResult::closed) break;
    if (popped == BoundedQueue<SealedBlock>::PopResult::item) write(block);
    sync_if_asked();
    settle();
    // Upkeep has its turn even while blocks keep coming, and goes on only while none wait.
    if (parts_.clock.monotonic() >= next_upkeep) {
      do {
        pulse_.busy();
        settle();
        if (parts_.spooled) store_.keep_collapsed_from(parts_.ids.oldest());
      } while (store_.maintain() && queue_.size() == 0);
      settle();
      next_upkeep = parts_.clock.monotonic() + std::chrono::nanoseconds(kUpkeepInterval).count();
    }
  }
  pulse_.idle();
  if (!unsynced_.empty()) (void)store_.sync();
  settle();
  leave_all();
  MutexLock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void StoreThread::write(SealedBlock& block) {
  const uint64_t charged = block.encoded.bytes.capacity();
  const uint32_t rows = block.encoded.summary.rows;
  if (block.encoded.bytes.empty() || append(block)) {
    stored(block);
  } else {
    give_up(block, DropReason::store_failed);
  }
  parts_.account.release(charged);
  rows_waiting_.fetch_sub(rows, std::memory_order_relaxed);
  blocks_.store(blocks_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  recycle(std::move(block));
}

// Tries until it can; false when it was told to give up.
bool StoreThread::append(const SealedBlock& block) {
  for (;;) {
    pulse_.busy();
    const auto result = store_.append(block.encoded);
    if (result) break;
    if (!failing_.exchange(true)) {
      parts_.report("the store takes no more blocks and the daemon waits until it does: " + result.error().message);
    }
    pulse_.busy();
    if (parts_.spooled) store_.keep_collapsed_from(parts_.ids.oldest());
    store_.maintain();  // retention may make room
    pulse_.idle();
    if (!wait_to_retry()) return false;
  }
  if (failing_.exchange(false)) parts_.report("the store takes blocks again");
  return true;
}

void StoreThread::stored(SealedBlock& block) {
  for (const auto& [ledger, lines] : block.lines) ledger->cell().stored.add(lines);
  const uint64_t blocks = store_.appended();
  for (Ticket& ticket : block.tickets) {
    if (ticket.slot) note_stored(ticket);
    if (!ticket.acknowledged) ticket.slot.reset();
    if (ticket.answer_stored) ticket.ack.answer(true);
    answer_waits_ |= static_cast<bool>(ticket.ack);
    unsynced_.push_back({blocks, std::move(ticket)});
  }
}

// The slot may stay: for a partial frame, or until a sync. Ids tell what of it is stored, but a merge forgets those of
// collapsed lines.
void StoreThread::note_stored(const Ticket& ticket) {
  const uint8_t part = ticket.stream_end ? SlotHeader::kEndStored : SlotHeader::kLinesStored;
  const auto stored = static_cast<char>(header_of(ticket.slot).stored | part);
  ticket.slot.write_header(offsetof(SlotHeader, stored), {&stored, 1});
}

void StoreThread::give_up(SealedBlock& block, DropReason reason) {
  for (const auto& [ledger, lines] : block.lines) {
    if (parts_.spooled) {
      left_.fetch_add(lines, std::memory_order_relaxed);
    } else {
      ledger->cell().dropped[static_cast<size_t>(reason)].add(lines);
    }
  }
  for (Ticket& ticket : block.tickets) leave(ticket);
}

void StoreThread::leave(Ticket& ticket) const {
  ticket.ack.answer(false);
  ticket.slot.leave();
}

void StoreThread::leave_all() {
  for (Written& written : unsynced_) leave(written.ticket);
  for (Ticket& ticket : wait_for_firsts_) leave(ticket);
  unsynced_.clear();
  wait_for_firsts_.clear();
}

void StoreThread::sync_if_asked() {
  if (unsynced_.empty()) return;
  const bool short_of_slots = parts_.pool && parts_.pool->scarce();
  if (!answer_waits_ && !short_of_slots) return;
  (void)store_.sync();  // maintain() tries again, and reports
}

void StoreThread::settle() {
  const uint64_t synced = store_.synced();
  if (unsynced_.empty() || unsynced_.front().blocks > synced) return;
  for (; !unsynced_.empty() && unsynced_.front().blocks <= synced; unsynced_.pop_front()) {
    Ticket& ticket = unsynced_.front().ticket;
    parts_.ids.settle(ticket.first_id);
    if (ticket.acknowledged || ticket.ack) wait_for_firsts_.push_back(std::move(ticket));
  }
  answer_waits_ = false;
  for (const Written& written : unsynced_) answer_waits_ |= static_cast<bool>(written.ticket.ack);
  const uint64_t oldest = parts_.ids.oldest();
  std::erase_if(wait_for_firsts_, [&](Ticket& ticket) {
    if (ticket.needs >= oldest) return false;
    ticket.ack.answer(true);
    ticket.slot.reset();
    return true;
  });
}

bool StoreThread::wait_to_retry() {
  MutexLock lock(mutex_);
  if (!give_up_) changed_.wait_for(mutex_, kRetryInterval);
  return !give_up_;
}

void StoreThread::recycle(SealedBlock block) {
  constexpr size_t kKept = 4;  // about one per worker; more would only hold memory
  block.encoded.clear();
  block.lines.clear();
  block.tickets.clear();
  MutexLock lock(mutex_);
  if (empty_.size() < kKept) empty_.push_back(std::move(block));
}

void StoreThread::finish(std::chrono::nanoseconds timeout) {
  if (!thread_.joinable()) return;
  queue_.close();
  {
    MutexLock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + timeout;
    while (!ended_) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      changed_.wait_for(mutex_, left);
    }
    give_up_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

}  // namespace sluice
