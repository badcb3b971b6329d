#include "core/pipeline/store_thread.h"

#include <sys/prctl.h>

namespace sluice {
namespace {

// How long an idle store waits before it looks after itself: short enough that a sync is never much later than its
// interval (1 s by default), long enough to cost nothing.
constexpr std::chrono::milliseconds kUpkeepInterval{200};
// Between two tries of a store that could not take a block.
constexpr std::chrono::milliseconds kRetryInterval{250};

}  // namespace

StoreThread::StoreThread(Store& store, const Clock& clock, MemoryAccount& account,
                         std::function<void(const std::string&)> report, size_t waiting_blocks)
    : store_(store), clock_(clock), account_(account), report_(std::move(report)), queue_(waiting_blocks) {
  last_progress_ = clock_.monotonic();
}

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

bool StoreThread::push(SealedBlock& block) {
  const uint64_t rows = block.encoded.summary.rows;
  account_.charge(block.encoded.bytes.capacity());
  rows_waiting_.fetch_add(rows, std::memory_order_relaxed);
  const uint64_t charged = block.encoded.bytes.capacity();
  if (queue_.push(block)) return true;
  account_.release(charged);
  rows_waiting_.fetch_sub(rows, std::memory_order_relaxed);
  return false;
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
    // Upkeep has its turn even while blocks keep coming, and goes on only while none wait.
    if (clock_.monotonic() >= next_upkeep) {
      do {
        pulse_.busy();
      } while (store_.maintain() && queue_.size() == 0);
      next_upkeep = clock_.monotonic() + std::chrono::nanoseconds(kUpkeepInterval).count();
    }
  }
  pulse_.idle();
  MutexLock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void StoreThread::write(SealedBlock& block) {
  const uint64_t charged = block.encoded.bytes.capacity();
  bool stored = true;
  while (true) {
    pulse_.busy();
    const auto result = store_.append(block.encoded);
    if (result) break;
    if (!failing_.exchange(true)) {
      report_("the store takes no more blocks and the daemon waits until it does: " + result.error().message);
    }
    pulse_.busy();
    store_.maintain();  // retention may make room
    pulse_.idle();
    if (!wait_to_retry()) {
      stored = false;
      break;
    }
  }
  if (stored && failing_.exchange(false)) report_("the store takes blocks again");
  for (const auto& [ledger, lines] : block.lines) {
    LedgerCell& cell = ledger->cell();
    if (stored) {
      cell.stored.add(lines);
    } else {
      cell.dropped[static_cast<size_t>(DropReason::store_failed)].add(lines);
    }
  }
  account_.release(charged);
  rows_waiting_.fetch_sub(block.encoded.summary.rows, std::memory_order_relaxed);
  blocks_.store(blocks_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  last_progress_.store(clock_.monotonic(), std::memory_order_relaxed);
  recycle(std::move(block));
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
