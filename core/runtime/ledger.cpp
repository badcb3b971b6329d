#include "core/runtime/ledger.h"

#include <cassert>
#include <map>

#include "core/base/mutex.h"
#include "core/base/thread_number.h"

namespace sluice {
namespace {

// Each thread remembers the cells it used last, so that cell() costs a comparison. Ledgers are known by a number that
// is never used twice: a new ledger at an old one's address is not mistaken for it.
struct RememberedCell {
  uint64_t ledger = 0;
  LedgerCell* cell = nullptr;
};
constexpr size_t kRemembered = 64;  // a power of two, above the number of listeners of most configurations
thread_local std::array<RememberedCell, kRemembered> remembered;

uint64_t next_ledger_number() {
  static std::atomic<uint64_t> next{1};  // relaxed: only its own value matters
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

std::string_view drop_reason_text(DropReason reason) {
  switch (reason) {
    case DropReason::queue_full:
      return "queue_full";
    case DropReason::memory:
      return "memory";
    case DropReason::shutdown:
      return "shutdown";
    case DropReason::store_failed:
      return "store_failed";
    case DropReason::kernel:
      return "kernel";
    case DropReason::malformed:
      return "malformed";
  }
  return "unknown";
}

uint64_t LedgerTotals::dropped_total() const {
  uint64_t sum = 0;
  for (uint64_t count : dropped) sum += count;
  return sum;
}

class ListenerLedger::Impl {
 public:
  uint64_t number() const { return number_; }

  LedgerCell& cell_of_this_thread() {
    MutexLock lock(mutex_);
    auto& cell = cells_[thread_number()];
    if (!cell) cell = std::make_unique<LedgerCell>();
    return *cell;
  }

  void add_to(LedgerTotals& totals) const {
    MutexLock lock(mutex_);
    // Whoever saw a line stored, collapsed or dropped sees it received too, if it looks at `received` afterwards: the
    // counters are stored with release and loaded with acquire, and the line's way lies between them.
    for (const auto& [thread, cell] : cells_) {
      totals.stored += cell->stored.get();
      totals.collapsed += cell->collapsed.get();
      for (size_t i = 0; i < kDropReasons; ++i) totals.dropped[i] += cell->dropped[i].get();
    }
    for (const auto& [thread, cell] : cells_) {
      totals.received += cell->received.get();
      totals.received_bytes += cell->received_bytes.get();
      totals.truncated += cell->truncated.get();
      totals.discarded_bytes += cell->discarded_bytes.get();
      totals.framing_errors += cell->framing_errors.get();
      totals.unparsed += cell->unparsed.get();
      totals.replayed += cell->replayed.get();
      totals.connections_closed += cell->connections_closed.get();
      totals.connections_refused += cell->connections_refused.get();
    }
    for (const auto& [thread, cell] : cells_) totals.connections_opened += cell->connections_opened.get();
  }

 private:
  const uint64_t number_ = next_ledger_number();
  mutable Mutex mutex_;
  std::map<size_t, std::unique_ptr<LedgerCell>> cells_ GUARDED_BY(mutex_);  // by thread; the cells write themselves
};

ListenerLedger::ListenerLedger(std::string name, uint16_t index)
    : name_(std::move(name)), index_(index), impl_(std::make_unique<Impl>()) {}
ListenerLedger::~ListenerLedger() = default;

LedgerCell& ListenerLedger::cell() {
  RememberedCell& slot = remembered[impl_->number() % kRemembered];
  if (slot.ledger != impl_->number()) slot = {impl_->number(), &impl_->cell_of_this_thread()};
  return *slot.cell;
}

LedgerTotals ListenerLedger::totals() const {
  LedgerTotals totals{.listener = name_};
  impl_->add_to(totals);
  return totals;
}

class Ledger::Impl {
 public:
  ListenerLedger& listener(std::string_view name) {
    MutexLock lock(mutex_);
    for (auto& listener : listeners_) {
      if (listener->name() == name) return *listener;
    }
    const auto index = static_cast<uint16_t>(listeners_.size());
    listeners_.push_back(std::make_unique<ListenerLedger>(std::string(name), index));
    return *listeners_.back();
  }

  ListenerLedger& at(uint16_t index) {
    MutexLock lock(mutex_);
    assert(index < listeners_.size());
    return *listeners_[index];
  }

  std::vector<LedgerTotals> totals() const {
    MutexLock lock(mutex_);
    std::vector<LedgerTotals> all;
    all.reserve(listeners_.size());
    for (const auto& listener : listeners_) all.push_back(listener->totals());
    return all;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<ListenerLedger>> listeners_ GUARDED_BY(mutex_);  // never removed
};

Ledger::Ledger() : impl_(std::make_unique<Impl>()) {}
Ledger::~Ledger() = default;
ListenerLedger& Ledger::listener(std::string_view name) { return impl_->listener(name); }
ListenerLedger& Ledger::at(uint16_t index) { return impl_->at(index); }
std::vector<LedgerTotals> Ledger::totals() const { return impl_->totals(); }

}  // namespace sluice
