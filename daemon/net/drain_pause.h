// DrainPause: how long a UDP socket that was just emptied is left alone, so that the next reading finds a batch of
// datagrams and not one or two. Every reading costs some fixed work: being woken, a timer, a slot, a hand-over, a worker
// that is woken too.
//
//   DrainPause pause(receive_buffer);       // kernel bytes: SK_MEMINFO_RCVBUF
//   pause.begin(waiting, now);              // a turn begins; so much lies in the kernel's buffer: SK_MEMINFO_RMEM_ALLOC
//   pause.took(datagrams);                  // after each recvmmsg
//   Nanos rest = pause.emptied(now);        // how long to leave it alone; 0: read the next datagram the moment it comes
//
// It is decided by what was measured, never by a guess of what a datagram costs the kernel: that is 832 bytes for a short
// one over loopback and several thousand with some network cards. What lies in the buffer when a turn begins came since
// the socket was empty, so that being woken late counts as well.
//
//   * Few datagrams (under kWorth a millisecond): no pause, their lines are late by nothing.
//   * Otherwise as long as kGather datagrams take to come, at most kLongest ...
//   * ... and at most as long as a quarter of the buffer takes to fill. The other three are for being woken late.
//
// Threads: one. Memory: none. Limits: a burst that is faster than anything of the last kMemory is not foreseen; it finds
// three quarters of the buffer, or what is left of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/clock.h"

namespace sluice {

class DrainPause {
 public:
  static constexpr Nanos kLongest = kMillisecond;        // as others rest (gate.h); nobody sees a line later by this
  static constexpr Nanos kShortest = 50 * kMicrosecond;  // below, a timer costs more than it saves and is not exact
  static constexpr double kGather = 256;                 // datagrams; a call or a hand-over costs each no more then
  static constexpr double kWorth = 4;                    // datagrams in kLongest
  static constexpr double kBufferShare = 4;              // a pause may fill one part of so many
  static constexpr Nanos kSmooth = 2 * kMillisecond;     // a pair of datagrams is no stream yet
  static constexpr Nanos kMemory = 100 * kMillisecond;   // of the fastest that the buffer was seen to fill

  explicit DrainPause(uint64_t receive_buffer) : receive_buffer_(static_cast<double>(receive_buffer)) {}

  void begin(uint64_t waiting, Nanos now) {
    if (taken_ > 0) return;  // some of what came since the socket was empty has been read
    const double elapsed = since_empty(now);
    const double forgotten = std::min(1.0, elapsed / static_cast<double>(kMemory));
    fill_rate_ = std::max(static_cast<double>(waiting) / elapsed, fill_rate_ * (1 - forgotten));
  }
  void took(size_t datagrams) { taken_ += datagrams; }
  Nanos emptied(Nanos now) {
    const double elapsed = since_empty(now);
    const double measured = static_cast<double>(taken_) / elapsed;
    rate_ += (measured - rate_) * std::min(1.0, elapsed / static_cast<double>(kSmooth));
    taken_ = 0;
    empty_ = now;
    return length();
  }

  // In how many nanoseconds what comes fills the whole buffer. Endless where nothing has come.
  double time_to_fill() const { return receive_buffer_ / fill_rate_; }

 private:
  double since_empty(Nanos now) const { return static_cast<double>(std::max<Nanos>(now - empty_, 1)); }

  Nanos length() const {
    if (rate_ * static_cast<double>(kLongest) < kWorth) return 0;
    const double gathered = std::min(static_cast<double>(kLongest), kGather / rate_);
    const auto pause = static_cast<Nanos>(std::min(gathered, time_to_fill() / kBufferShare));
    return pause < kShortest ? 0 : pause;
  }

  const double receive_buffer_;  // kernel bytes
  Nanos empty_ = 0;              // monotonic: when the socket was last seen empty
  uint64_t taken_ = 0;           // datagrams since then
  double rate_ = 0;              // datagrams a nanosecond, smoothed
  double fill_rate_ = 0;         // kernel bytes a nanosecond, the fastest of late
};

}  // namespace sluice
