#include "core/runtime/context_manager.h"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/mutex.h"

namespace sluice {

using Callback = std::function<void()>;

class ContextManager::Impl {
 public:
  Impl(ContextManagerOptions options, const Clock& clock) : options_(options), clock_(clock) {}

  Verdict try_admit(OperationCost cost) {
    MutexLock lock(mutex_);
    if (stopping_) return Verdict::stopping;
    if (critical_ || !fits(cost, stats_)) {
      ++stats_.refused;
      return Verdict::full;
    }
    ++stats_.admitted;
    stats_.operations += 1;
    stats_.lines += cost.lines;
    stats_.bytes += cost.bytes;
    stats_.peak_operations = std::max(stats_.peak_operations, stats_.operations);
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.bytes);
    return Verdict::admitted;
  }

  void complete(OperationCost cost) {
    std::vector<Callback> to_call;
    {
      MutexLock lock(mutex_);
      ++stats_.completed;
      stats_.operations -= 1;
      stats_.lines -= cost.lines;
      stats_.bytes -= cost.bytes;
      take_served(to_call);
      // Under the lock: once it is let go, drain() may return and the manager may be gone.
      if (stats_.operations == 0) idle_.notify_all();
    }
    call(to_call);
  }

  void notify_when_room(Callback callback, OperationCost cost) {
    {
      MutexLock lock(mutex_);
      std::deque<Waiter>& waiters = waiters_[cost.can_wait];
      const bool room = stopping_ || (!critical_ && waiters.empty() && fits(cost, stats_));
      if (!room) {
        waiters.push_back({std::move(callback), cost});
        return;
      }
    }
    callback();
  }

  double load() const {
    MutexLock lock(mutex_);
    return load_locked();
  }

  void set_memory_load(double load) {
    MutexLock lock(mutex_);
    memory_load_ = std::clamp(load, 0.0, 1.0);
  }

  void set_critical(bool critical) {
    std::vector<Callback> to_call;
    {
      MutexLock lock(mutex_);
      critical_ = critical;
      take_served(to_call);
    }
    call(to_call);
  }

  bool critical() const {
    MutexLock lock(mutex_);
    return critical_;
  }

  std::chrono::nanoseconds timeout() const {
    const double factor = 1.0 + load() * options_.load_multiplier;
    const auto base = std::chrono::duration<double, std::nano>(options_.base_timeout);
    return std::chrono::nanoseconds(static_cast<int64_t>(base.count() * factor));
  }

  void stop_intake() {
    std::vector<Callback> to_call;
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      take_served(to_call);
    }
    call(to_call);
  }

  Left drain(std::chrono::nanoseconds timeout) {
    const Nanos start = clock_.monotonic();
    MutexLock lock(mutex_);
    while (stats_.operations > 0) {
      const Nanos left = timeout.count() - (clock_.monotonic() - start);
      if (left <= 0) break;
      // In slices, because the clock need not be the machine's.
      idle_.wait_for(mutex_, std::chrono::nanoseconds(std::min(left, kDrainSlice)));
    }
    return {stats_.operations, stats_.lines, stats_.bytes};
  }

  Stats stats() const {
    MutexLock lock(mutex_);
    return stats_;
  }

 private:
  static constexpr Nanos kDrainSlice = 20 * kMillisecond;

  struct Waiter {
    Callback callback;
    OperationCost cost;
  };

  // A batch larger than all of max_bytes is admitted when it is alone: it would wait for ever otherwise.
  bool fits(OperationCost cost, const Stats& in_flight) const {
    if (in_flight.operations == 0) return true;
    const uint64_t most =
        cost.can_wait ? std::min(options_.max_bytes, options_.max_bytes_if_can_wait) : options_.max_bytes;
    return in_flight.operations < options_.max_operations && in_flight.bytes < most &&
           cost.bytes <= most - in_flight.bytes;
  }

  // Moves the callbacks to be called now to `to_call`: first come, first served, as many as there is room for, so that
  // a thousand waiting connections are not all woken for one free place. When nothing is in flight nobody else will
  // wake them, so all are called.
  void take_served(std::vector<Callback>& to_call) REQUIRES(mutex_) {
    if (critical_ && !stopping_) return;
    const bool all = stopping_ || stats_.operations == 0;
    Stats expected = stats_;
    for (std::deque<Waiter>& waiters : waiters_) {  // who can't wait first
      while (!waiters.empty() && (all || fits(waiters.front().cost, expected))) {
        expected.operations += 1;
        expected.bytes += waiters.front().cost.bytes;
        to_call.push_back(std::move(waiters.front().callback));
        waiters.pop_front();
      }
    }
  }

  static void call(std::vector<Callback>& callbacks) {
    for (Callback& callback : callbacks) callback();
  }

  double load_locked() const REQUIRES(mutex_) {
    const auto share = [](uint64_t part, uint64_t whole) {
      return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
    };
    const double queue =
        std::max(share(stats_.operations, options_.max_operations), share(stats_.bytes, options_.max_bytes));
    return std::min(1.0, std::max(memory_load_, queue));
  }

  const ContextManagerOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar idle_;  // waits with mutex_ held until nothing is in flight
  Stats stats_ GUARDED_BY(mutex_);
  std::array<std::deque<Waiter>, 2> waiters_ GUARDED_BY(mutex_);  // [1]: those who can wait
  double memory_load_ GUARDED_BY(mutex_) = 0;
  bool critical_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

Operation::Operation(Operation&& other) noexcept
    : manager_(std::exchange(other.manager_, nullptr)), cost_(other.cost_) {}

Operation& Operation::operator=(Operation&& other) noexcept {
  if (this != &other) {
    complete();
    manager_ = std::exchange(other.manager_, nullptr);
    cost_ = other.cost_;
  }
  return *this;
}

Operation::~Operation() { complete(); }

void Operation::complete() {
  if (ContextManager* manager = std::exchange(manager_, nullptr)) manager->complete(cost_);
}

ContextManager::ContextManager(ContextManagerOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}
ContextManager::~ContextManager() = default;

Admission ContextManager::try_admit(OperationCost cost) {
  const Verdict verdict = impl_->try_admit(cost);
  return {verdict, verdict == Verdict::admitted ? Operation(this, cost) : Operation()};
}

void ContextManager::notify_when_room(std::function<void()> callback, OperationCost cost) {
  impl_->notify_when_room(std::move(callback), cost);
}
double ContextManager::load() const { return impl_->load(); }
void ContextManager::set_memory_load(double load) { impl_->set_memory_load(load); }
void ContextManager::set_critical(bool critical) { impl_->set_critical(critical); }
bool ContextManager::critical() const { return impl_->critical(); }
std::chrono::nanoseconds ContextManager::timeout() const { return impl_->timeout(); }
void ContextManager::stop_intake() { impl_->stop_intake(); }
ContextManager::Left ContextManager::drain(std::chrono::nanoseconds timeout) { return impl_->drain(timeout); }
ContextManager::Stats ContextManager::stats() const { return impl_->stats(); }
void ContextManager::complete(OperationCost cost) { impl_->complete(cost); }

}  // namespace sluice
