// Clock: where every part of Sluice reads the time, so that a test can set it.
//
// Two times are kept apart. `Nanos` on the wall clock is what records carry; it may jump. Durations and
// deadlines are measured on the monotonic clock, which may not.
//
// Threads: every method is safe from any thread.
#pragma once

#include <cstdint>

namespace sluice {

// Nanoseconds since 1970-01-01T00:00:00Z (wall clock) or since an arbitrary start (monotonic). The years
// 1678 to 2261 fit.
using Nanos = int64_t;

inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Nanos now() const = 0;        // wall clock, UTC
  virtual Nanos monotonic() const = 0;  // never goes backwards
};

// The machine's clocks. Lives for the whole process.
const Clock& system_clock();

}  // namespace sluice
