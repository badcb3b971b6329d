// WorkAhead: jobs whose results are taken in about a known order, done by several threads some way ahead of the taker.
//
//   WorkAhead<Decoded> ahead(blocks.size(), {.threads = 3, .window = 8}, [&](size_t i) { return decode(blocks[i]); });
//   for (size_t i = 0; i < blocks.size(); ++i) use(ahead.take(i));
//
// At most `window` results wait to be taken, in whatever order they are: what is taken before its turn the taker does
// itself, and what is left behind takes up the window. The taker works too: a job that nobody has begun it does itself, and while
// another thread is at the one it needs, it does the next. Threads start with the third take: a reader who wants
// little starts none.
//
// Threads: take() and the destructor from one; the job is called from any, and what it uses must bear that.
// Memory:  `window` results.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/mutex.h"

namespace sluice {

struct WorkAheadOptions {
  unsigned threads = 0;  // beside the taker's
  size_t window = 0;     // results done and not yet taken; 0: nothing is done ahead
};

template <class Done>
class WorkAhead {
 public:
  using Job = std::function<Done(size_t)>;

  WorkAhead(size_t count, WorkAheadOptions options, Job job)
      : options_{static_cast<unsigned>(std::min<size_t>(options.threads, count)), options.window},
        job_(std::move(job)),
        states_(count, State::waiting),
        results_(count) {}

  ~WorkAhead() {
    {
      MutexLock lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  WorkAhead(const WorkAhead&) = delete;
  WorkAhead& operator=(const WorkAhead&) = delete;

  // The result of job `index`. REQUIRES: each is taken once, at most
  Done take(size_t index) {
    if (takes_++ == kTakesAlone && options_.window != 0) start();
    for (;;) {
      size_t mine = index;
      {
        MutexLock lock(mutex_);
        while (states_[index] == State::begun && !claim_next(mine)) changed_.wait(mutex_);
        if (states_[index] == State::done) {
          --ahead_;
          states_[index] = State::taken;
          changed_.notify_all();
          return *std::exchange(results_[index], std::nullopt);
        }
        begin(mine);
      }
      finish(mine);
    }
  }

 private:
  enum class State : uint8_t { waiting, begun, done, taken };
  static constexpr size_t kTakesAlone = 2;

  void start() {
    for (unsigned i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this] { work(); });
    }
  }

  void work() {
    for (;;) {
      size_t mine = 0;
      {
        MutexLock lock(mutex_);
        while (!ended_ && !claim_next(mine)) changed_.wait(mutex_);
        if (ended_) return;
        begin(mine);
      }
      finish(mine);
    }
  }

  void begin(size_t index) REQUIRES(mutex_) {
    states_[index] = State::begun;
    ++ahead_;
  }

  // The next job that nobody has begun, unless enough is done ahead.
  bool claim_next(size_t& mine) REQUIRES(mutex_) {
    while (next_ < states_.size() && states_[next_] != State::waiting) ++next_;
    if (next_ == states_.size() || ahead_ >= options_.window) return false;
    mine = next_;
    return true;
  }

  void finish(size_t index) {
    Done done = job_(index);
    MutexLock lock(mutex_);
    results_[index].emplace(std::move(done));
    states_[index] = State::done;
    changed_.notify_all();
  }

  const WorkAheadOptions options_;
  const Job job_;
  size_t takes_ = 0;  // begun; the taker's own
  Mutex mutex_;
  CondVar changed_;
  std::vector<State> states_ GUARDED_BY(mutex_);
  std::vector<std::optional<Done>> results_ GUARDED_BY(mutex_);
  size_t next_ GUARDED_BY(mutex_) = 0;   // no job before it waits
  size_t ahead_ GUARDED_BY(mutex_) = 0;  // begun or done, and not yet taken
  bool ended_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice
