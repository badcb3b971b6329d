// Pulse: how a thread shows whether it is at work and getting on, to somebody who looks now and then.
//
//   pulse.busy();          // its thread: here begins a piece of work ...
//   pulse.idle();          // ... and here it ended; what follows is waiting: for work, for room, for a retry
//
//   uint64_t beat = pulse.beat();      // another: the same odd number for long means that the thread is stuck in one piece
//
// A piece of work is what always ends by itself within moments: a batch, a block, one step of upkeep. Calling busy()
// again begins the next piece.
//
// Threads: busy() and idle() from one thread, beat() from any.
// Order:   relaxed. Only whether the number moves matters; nothing else is published with it.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

class Pulse {
 public:
  void busy() {
    const uint64_t beat = beat_.load(std::memory_order_relaxed);
    beat_.store(beat + (is_busy(beat) ? 2 : 1), std::memory_order_relaxed);
  }
  void idle() {
    const uint64_t beat = beat_.load(std::memory_order_relaxed);
    if (is_busy(beat)) beat_.store(beat + 1, std::memory_order_relaxed);
  }
  uint64_t beat() const { return beat_.load(std::memory_order_relaxed); }
  static bool is_busy(uint64_t beat) { return beat % 2 == 1; }

 private:
  std::atomic<uint64_t> beat_{0};
};

}  // namespace sluice
