// BoundedQueue: the hand-over between threads, whole batches or blocks at a time.
//
// Threads: many producers, many consumers. Order: FIFO.
// Full:    push() waits; try_push() returns false and leaves `item` as it was.
// End:     after close(), pushes are refused; pop() drains what is left, then says `closed`.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "core/base/mutex.h"

namespace sluice {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  bool try_push(T& item) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    not_empty_.notify_one();
    return true;
  }

  // Waits for room. False when the queue was closed: `item` is left as it was.
  bool push(T& item) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      while (!closed_ && items_.size() >= capacity_) not_full_.wait(mutex_);
      if (closed_) return false;
      items_.push_back(std::move(item));
    }
    not_empty_.notify_one();
    return true;
  }

  enum class PopResult { item, timeout, closed };

  // Waits at most `timeout` (nullopt: for ever). A negative timeout only looks.
  PopResult pop(T& out, std::optional<std::chrono::nanoseconds> timeout) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (items_.empty() && timeout) {
        const auto until = std::chrono::steady_clock::now() + *timeout;
        while (items_.empty() && !closed_) {
          const auto left = until - std::chrono::steady_clock::now();
          if (left <= left.zero() || !not_empty_.wait_for(mutex_, left)) break;
        }
      } else {
        while (items_.empty() && !closed_) not_empty_.wait(mutex_);
      }
      if (items_.empty()) return closed_ ? PopResult::closed : PopResult::timeout;
      out = std::move(items_.front());
      items_.pop_front();
    }
    not_full_.notify_one();
    return PopResult::item;
  }

  void close() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  size_t size() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return items_.size();
  }

 private:
  const size_t capacity_;
  mutable Mutex mutex_;
  CondVar not_empty_;
  CondVar not_full_;
  std::deque<T> items_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
