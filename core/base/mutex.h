// Mutex, MutexLock, CondVar: std::mutex and its friends with the annotations that let Clang check, at compile
// time, that a field is only touched with its lock held (-Wthread-safety). GCC ignores them.
//
//   Mutex mutex_;
//   int count_ GUARDED_BY(mutex_) = 0;
//   ...
//   MutexLock lock(mutex_);
//   while (count_ == 0) changed_.wait(mutex_);
//
// Source: https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define SLUICE_ANNOTATE(x) __attribute__((x))
#else
#define SLUICE_ANNOTATE(x)
#endif
#define CAPABILITY(x) SLUICE_ANNOTATE(capability(x))
#define SCOPED_CAPABILITY SLUICE_ANNOTATE(scoped_lockable)
#define GUARDED_BY(x) SLUICE_ANNOTATE(guarded_by(x))
#define REQUIRES(...) SLUICE_ANNOTATE(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) SLUICE_ANNOTATE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) SLUICE_ANNOTATE(release_capability(__VA_ARGS__))
#define EXCLUDES(...) SLUICE_ANNOTATE(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS SLUICE_ANNOTATE(no_thread_safety_analysis)

namespace sluice {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when `timeout` passed first.
  bool wait_for(Mutex& mutex, std::chrono::nanoseconds timeout) REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace sluice
