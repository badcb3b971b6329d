#include "daemon/thread_watch.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace sluice {

Nanos ThreadWatch::limit_for(std::chrono::microseconds watchdog_interval) {
  constexpr Nanos kWithoutWatchdog = 20 * kSecond;
  if (watchdog_interval.count() <= 0) return kWithoutWatchdog;
  return std::max<Nanos>(kSecond, std::chrono::nanoseconds(watchdog_interval).count());
}

void ThreadWatch::add(std::string name, const Pulse& pulse) {
  threads_.push_back({std::move(name), &pulse, nullptr, nullptr, pulse.beat(), clock_.monotonic()});
}

void ThreadWatch::add(std::string name, boost::asio::io_context& io) {
  auto ping = std::make_shared<Pulse>();
  threads_.push_back({std::move(name), ping.get(), ping, &io, ping->beat(), clock_.monotonic()});
}

// The ping's pulse is beaten by two threads, but in turn: the answer comes after the question, the next question after
// the answer was seen.
void ThreadWatch::ask(Watched& thread) {
  thread.ping->busy();
  boost::asio::post(*thread.io, [ping = thread.ping] { ping->idle(); });
}

void ThreadWatch::look() {
  const Nanos now = clock_.monotonic();
  std::string stuck;
  for (Watched& thread : threads_) {
    if (thread.ping && !Pulse::is_busy(thread.ping->beat())) ask(thread);
    const uint64_t beat = thread.pulse->beat();
    if (beat != thread.beat) {
      thread.beat = beat;
      thread.since = now;
    }
    const Nanos at_it = now - thread.since;
    if (!Pulse::is_busy(beat) || at_it <= limit_ || !stuck.empty()) continue;
    stuck = "thread " + thread.name + " has been at one piece of work for " + std::to_string(at_it / kSecond) + " s";
  }
  MutexLock lock(mutex_);
  stuck_ = std::move(stuck);
}

std::string ThreadWatch::stuck() const {
  MutexLock lock(mutex_);
  return stuck_;
}

}  // namespace sluice
