#include "daemon/net/gate.h"

#include <boost/asio/post.hpp>

#include "core/base/mutex.h"

namespace sluice {

// Outlives the gate in the context manager's hands.
struct Gate::Bell {
  Mutex mutex;
  boost::asio::io_context* io GUARDED_BY(mutex) = nullptr;  // null once the gate is closed
};

std::shared_ptr<Gate> Gate::make(boost::asio::io_context& io, ContextManager& context, const Clock& clock) {
  return std::shared_ptr<Gate>(new Gate(io, context, clock));
}

Gate::Gate(boost::asio::io_context& io, ContextManager& context, const Clock& clock)
    : io_(io), context_(context), clock_(clock), retry_timer_(io), rest_timer_(io), bell_(std::make_shared<Bell>()) {
  MutexLock lock(bell_->mutex);
  bell_->io = &io;
}

void Gate::wait_for_room(GateWaiter& waiter, OperationCost cost, Nanos deadline) {
  waiter.cost_ = cost;
  waiter.deadline_ = deadline;
  waiting_.push_back(waiter);
  if (!serving_) {
    waits_.add(1);
    // A waiter that was just served in vain asks no more: the room there is may not be enough for it, and the context
    // manager would call back at once, again and again.
    ask();
  }
  start_retry();
}

void Gate::wait_for_slot(GateWaiter& waiter) {
  waiter.cost_ = {};
  waiter.deadline_ = 0;
  waiting_.push_back(waiter);
  if (!serving_) waits_.add(1);
  start_retry();
}

void Gate::rest(GateWaiter& waiter, std::chrono::nanoseconds how_long) {
  resting_.push_back(waiter);
  start_rest(how_long);
}

void Gate::close() {
  closed_ = true;
  waiting_.clear();
  resting_.clear();
  retry_timer_.cancel();
  rest_timer_.cancel();
  MutexLock lock(bell_->mutex);
  bell_->io = nullptr;
}

void Gate::ask() {
  if (asked_) return;
  asked_ = true;
  context_.notify_when_room(
      [bell = bell_, gate = weak_from_this()] {
        MutexLock lock(bell->mutex);
        if (bell->io == nullptr) return;
        boost::asio::post(*bell->io, [gate] {
          if (const auto self = gate.lock()) self->room();
        });
      },
      waiting_.front().cost_);
}

void Gate::room() {
  asked_ = false;
  if (closed_) return;
  if (serve() && !waiting_.empty()) ask();
}

// True when somebody could go on.
bool Gate::serve() {
  bool served = false;
  serving_ = true;
  while (!waiting_.empty() && !closed_) {
    GateWaiter& first = waiting_.front();
    const Nanos deadline = first.deadline_;
    waiting_.pop_front();
    first.on_room();
    if (!waiting_.empty() && &waiting_.back() == &first) {  // still no room: it keeps its place and its deadline
      waiting_.pop_back();
      waiting_.push_front(first);
      first.deadline_ = deadline;
      break;
    }
    served = true;
  }
  serving_ = false;
  return served;
}

void Gate::check_deadlines() {
  const Nanos now = clock_.monotonic();
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    GateWaiter& waiter = *at++;  // before the call: the waiter may leave
    if (waiter.deadline_ == 0 || now < waiter.deadline_) continue;
    waiter.deadline_ = 0;
    deadlines_passed_.add(1);
    waiter.on_deadline();
  }
}

void Gate::start_retry() {
  if (retrying_ || closed_) return;
  retrying_ = true;
  retry_timer_.expires_after(kRetry);
  retry_timer_.async_wait([self = shared_from_this()](boost::system::error_code) { self->retry(); });
}

void Gate::retry() {
  retrying_ = false;
  if (closed_) return;
  serve();
  check_deadlines();
  if (waiting_.empty()) return;
  ask();
  start_retry();
}

void Gate::start_rest(std::chrono::nanoseconds how_long) {
  if (resting_now_ || closed_) return;
  resting_now_ = true;
  rest_timer_.expires_after(how_long);
  rest_timer_.async_wait([self = shared_from_this()](boost::system::error_code) { self->rested(); });
}

void Gate::rested() {
  resting_now_ = false;
  List rested;
  rested.splice(rested.end(), resting_);
  while (!rested.empty() && !closed_) {
    GateWaiter& first = rested.front();
    rested.pop_front();
    first.on_rested();
  }
}

}  // namespace sluice
