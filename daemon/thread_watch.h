// ThreadWatch: notices a thread that does not come out of one piece of work, so that the service manager can restart
// the daemon, and so that an operator reads which thread it is.
//
//   ThreadWatch watch(system_clock(), ThreadWatch::limit_for(notifier.watchdog_interval()));
//   watch.add("store", pulse);                // a thread that beats (core/base/pulse.h)
//   watch.add("io 1", io_context);            // one that is asked: a ping goes to its io_context
//   watch.look();                             // every tick of the main thread
//   if (watch.stuck().empty()) notifier.watchdog();
//
// Waiting is no trouble: a thread without work, with no room before it, or between two tries on a full disk may stay so
// for days. Only work that should have ended long ago is.
//
// Threads: add() and look() from one thread, stuck() from any.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/pulse.h"

namespace sluice {

class ThreadWatch {
 public:
  ThreadWatch(const Clock& clock, Nanos limit) : clock_(clock), limit_(limit) {}

  // Half of what the service manager allows is the limit, so that it acts in time and not too early; at least a second.
  // Without a watchdog (zero): 20 s, longer than any honest write.
  static Nanos limit_for(std::chrono::microseconds watchdog_interval);

  // `pulse` outlives the ThreadWatch.
  void add(std::string name, const Pulse& pulse);
  void add(std::string name, boost::asio::io_context& io);

  void look();
  // "thread store has been at one piece of work for 12 s"; empty: every thread gets on.
  std::string stuck() const EXCLUDES(mutex_);

 private:
  struct Watched {
    std::string name;
    const Pulse* pulse;
    std::shared_ptr<Pulse> ping;  // busy while a ping is under way; null: the thread beats by itself
    boost::asio::io_context* io;
    uint64_t beat;
    Nanos since;  // monotonic: when this beat was seen first
  };
  void ask(Watched& thread);

  const Clock& clock_;
  const Nanos limit_;
  std::vector<Watched> threads_;
  mutable Mutex mutex_;
  std::string stuck_ GUARDED_BY(mutex_);
};

}  // namespace sluice
