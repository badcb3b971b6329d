// ResourcePool<T>: a bounded number of costly objects (compression contexts, JSON parsers), made when first needed and
// then reused, the last one returned first.
//
//   ResourcePool<Compressor> pool({.max = 4, .clock = clock}, [] { return std::make_unique<Compressor>(3); });
//   if (auto compressor = pool.acquire(200ms)) compressor->compress(...);     // empty handle: none came free in time
//   ...                                                  // the handle returns it; handle.discard() if it is broken
//
// Limits:  at most `max` objects exist. acquire() waits up to its deadline; try_acquire() does not wait. Who waits is
//          served in no particular order. A maker that gives null or throws costs no place.
// Threads: the pool is safe from any thread; a handle and its object belong to one at a time. The maker runs in the
//          thread that acquires, without the lock.
// Memory:  objects are kept until trim() or the end. Every handle must be gone before the pool is destroyed.
// Not for: the way of a line. One object per worker, kept by the worker, costs nothing; this is for sharing few objects
//          between many users.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace sluice {

struct ResourcePoolOptions {
  size_t max = 4;  // objects
  const Clock& clock = system_clock();
};

struct ResourcePoolStats {
  uint64_t made = 0;      // by the maker, over the pool's life
  uint64_t reused = 0;    // acquired without making
  uint64_t waited = 0;    // acquire() that had to wait
  uint64_t timeouts = 0;  // acquire() and try_acquire() that came back empty
  size_t in_use = 0;
  size_t idle = 0;
  size_t peak_in_use = 0;
};

template <class T>
class ResourcePool {
 public:
  // Move-only; destroying it returns the object.
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), object_(std::move(other.object_)) {}
    Handle& operator=(Handle&& other) noexcept {
      if (this != &other) {
        reset();
        pool_ = std::exchange(other.pool_, nullptr);
        object_ = std::move(other.object_);
      }
      return *this;
    }
    ~Handle() { reset(); }

    explicit operator bool() const { return object_ != nullptr; }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_.get(); }
    void reset() {
      if (ResourcePool* pool = std::exchange(pool_, nullptr)) pool->take_back(std::move(object_));
    }
    // Destroys the object instead of returning it; the pool makes another when needed.
    void discard() {
      object_.reset();
      reset();
    }

   private:
    friend class ResourcePool;
    Handle(ResourcePool* pool, std::unique_ptr<T> object) : pool_(pool), object_(std::move(object)) {}
    ResourcePool* pool_ = nullptr;
    std::unique_ptr<T> object_;
  };

  ResourcePool(ResourcePoolOptions options, std::function<std::unique_ptr<T>()> maker)
      : max_(options.max), clock_(options.clock), maker_(std::move(maker)) {
    MutexLock lock(mutex_);
    idle_.reserve(max_);  // so that returning never allocates
  }
  ~ResourcePool() { assert(stats().in_use == 0 && "BUG: a handle outlives its ResourcePool"); }
  ResourcePool(const ResourcePool&) = delete;
  ResourcePool& operator=(const ResourcePool&) = delete;

  Handle try_acquire() { return acquire(std::chrono::nanoseconds(0)); }

  Handle acquire(std::chrono::nanoseconds timeout) {
    std::unique_ptr<T> object;
    {
      MutexLock lock(mutex_);
      if (!wait_for_place(timeout)) {
        ++stats_.timeouts;
        return {};
      }
      stats_.peak_in_use = std::max(stats_.peak_in_use, ++stats_.in_use);
      if (!idle_.empty()) {
        ++stats_.reused;
        object = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    Handle handle(this, std::move(object));  // holds the place while the maker runs, even if it throws
    if (!handle) make(handle);
    return handle;
  }

  // Destroys the objects that nobody uses.
  void trim() {
    std::vector<std::unique_ptr<T>> unused;
    unused.reserve(max_);
    MutexLock lock(mutex_);
    std::swap(unused, idle_);
  }

  ResourcePoolStats stats() const {
    MutexLock lock(mutex_);
    ResourcePoolStats stats = stats_;
    stats.idle = idle_.size();
    return stats;
  }

 private:
  // Waits are cut into slices because the clock need not be the machine's.
  static constexpr Nanos kWaitSlice = 20 * kMillisecond;

  bool wait_for_place(std::chrono::nanoseconds timeout) REQUIRES(mutex_) {
    if (stats_.in_use < max_) return true;
    if (timeout.count() <= 0) return false;
    ++stats_.waited;
    const Nanos start = clock_.monotonic();
    while (stats_.in_use >= max_) {
      const Nanos left = timeout.count() - (clock_.monotonic() - start);
      if (left <= 0) return false;
      place_free_.wait_for(mutex_, std::chrono::nanoseconds(std::min(left, kWaitSlice)));
    }
    return true;
  }

  void make(Handle& handle) {
    handle.object_ = maker_();
    if (!handle) {
      handle.reset();
      return;
    }
    MutexLock lock(mutex_);
    ++stats_.made;
  }

  void take_back(std::unique_ptr<T> object) {
    MutexLock lock(mutex_);
    if (object != nullptr) idle_.push_back(std::move(object));
    --stats_.in_use;
    place_free_.notify_one();
  }

  const size_t max_;
  const Clock& clock_;
  const std::function<std::unique_ptr<T>()> maker_;

  mutable Mutex mutex_;
  CondVar place_free_;  // waits with mutex_ held until fewer than max_ are in use
  std::vector<std::unique_ptr<T>> idle_ GUARDED_BY(mutex_);
  ResourcePoolStats stats_ GUARDED_BY(mutex_);
};

}  // namespace sluice
