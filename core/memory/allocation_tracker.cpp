#include "core/memory/allocation_tracker.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "core/base/mutex.h"
#include "core/base/thread_number.h"

namespace sluice {
namespace {

// More cells than threads in most machines: two threads that share one are still right, only slower.
constexpr size_t kCells = 64;

// Written by check() and stats() only. A lost race between two of them is settled by the loop.
void raise(std::atomic<uint64_t>& peak, uint64_t value) {
  uint64_t seen = peak.load(std::memory_order_relaxed);
  while (seen < value && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

size_t size_class(uint64_t bytes) {
  const auto log2 = static_cast<size_t>(std::bit_width(bytes | 1) - 1);
  return std::min(log2, MemoryAccount::kSizeClasses - 1);
}

}  // namespace

struct MemoryAccount::Cells {
  // Threads add to their own cell (relaxed: the sums order nothing else). `current` of one cell goes below
  // zero when its thread releases what others charged; only the sum means something.
  struct alignas(64) Cell {
    std::atomic<int64_t> current{0};
    std::atomic<uint64_t> charges{0};
    std::array<std::atomic<uint64_t>, kSizeClasses> by_size{};
  };
  std::array<Cell, kCells> cells;
  std::atomic<uint64_t> peak{0};

  Cell& mine() { return cells[thread_number() % kCells]; }
};

MemoryAccount::MemoryAccount(std::string name) : name_(std::move(name)), cells_(std::make_shared<Cells>()) {}

void MemoryAccount::charge(uint64_t bytes) {
  Cells::Cell& cell = cells_->mine();
  cell.current.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  cell.charges.fetch_add(1, std::memory_order_relaxed);
  cell.by_size[size_class(bytes)].fetch_add(1, std::memory_order_relaxed);
}

void MemoryAccount::release(uint64_t bytes) {
  cells_->mine().current.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
}

uint64_t MemoryAccount::current() const {
  int64_t sum = 0;
  for (const Cells::Cell& cell : cells_->cells) sum += cell.current.load(std::memory_order_relaxed);
  return sum > 0 ? static_cast<uint64_t>(sum) : 0;  // a racy sum may miss a charge whose release it saw
}

MemoryAccount::Stats MemoryAccount::stats() const {
  Stats stats{.name = name_, .current = current()};
  raise(cells_->peak, stats.current);
  stats.peak = cells_->peak.load(std::memory_order_relaxed);
  for (const Cells::Cell& cell : cells_->cells) {
    stats.charges += cell.charges.load(std::memory_order_relaxed);
    for (size_t i = 0; i < kSizeClasses; ++i) stats.by_size[i] += cell.by_size[i].load(std::memory_order_relaxed);
  }
  return stats;
}

class AllocationTracker::Impl {
 public:
  explicit Impl(AllocationTrackerOptions options) : options_(options) {}

  MemoryAccount& account(std::string_view name) {
    MutexLock lock(mutex_);
    for (auto& account : accounts_) {
      if (account->name_ == name) return *account;
    }
    accounts_.push_back(std::unique_ptr<MemoryAccount>(new MemoryAccount(std::string(name))));
    return *accounts_.back();
  }

  uint64_t current() const {
    MutexLock lock(mutex_);
    return sum();
  }

  uint64_t peak() const {
    MutexLock lock(mutex_);
    return peak_;
  }

  void on_threshold(std::function<void(MemoryLevel, uint64_t)> callback) {
    MutexLock lock(mutex_);
    callbacks_.push_back(std::move(callback));
  }

  MemoryLevel check() {
    std::vector<std::function<void(MemoryLevel, uint64_t)>> to_call;
    MemoryLevel level;
    uint64_t used;
    {
      MutexLock lock(mutex_);
      used = sum();
      peak_ = std::max(peak_, used);
      for (auto& account : accounts_) raise(account->cells_->peak, account->current());
      level = level_for(used);
      if (level != level_) to_call = callbacks_;
      level_ = level;
    }
    // Without the lock, so that a callback may ask the tracker.
    for (auto& callback : to_call) callback(level, used);
    return level;
  }

  std::vector<MemoryAccount::Stats> stats() const {
    MutexLock lock(mutex_);
    std::vector<MemoryAccount::Stats> all;
    all.reserve(accounts_.size());
    for (const auto& account : accounts_) all.push_back(account->stats());
    return all;
  }

 private:
  uint64_t sum() const REQUIRES(mutex_) {
    uint64_t sum = 0;
    for (const auto& account : accounts_) sum += account->current();
    return sum;
  }

  MemoryLevel level_for(uint64_t used) const REQUIRES(mutex_) {
    if (options_.limit == 0) return MemoryLevel::normal;
    return next_level(level_, static_cast<double>(used) / static_cast<double>(options_.limit),
                      {options_.warning, options_.critical, options_.hysteresis});
  }

  const AllocationTrackerOptions options_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<MemoryAccount>> accounts_ GUARDED_BY(mutex_);  // few, and never removed
  std::vector<std::function<void(MemoryLevel, uint64_t)>> callbacks_ GUARDED_BY(mutex_);
  MemoryLevel level_ GUARDED_BY(mutex_) = MemoryLevel::normal;
  uint64_t peak_ GUARDED_BY(mutex_) = 0;
};

AllocationTracker::AllocationTracker(AllocationTrackerOptions options) : impl_(std::make_unique<Impl>(options)) {}
AllocationTracker::~AllocationTracker() = default;
MemoryAccount& AllocationTracker::account(std::string_view name) { return impl_->account(name); }
uint64_t AllocationTracker::current() const { return impl_->current(); }
uint64_t AllocationTracker::peak() const { return impl_->peak(); }
MemoryLevel AllocationTracker::check() { return impl_->check(); }
void AllocationTracker::on_threshold(std::function<void(MemoryLevel, uint64_t used)> callback) {
  impl_->on_threshold(std::move(callback));
}
std::vector<MemoryAccount::Stats> AllocationTracker::stats() const { return impl_->stats(); }

}  // namespace sluice
