// ManualClock: a clock that a test moves by hand.
//
//   ManualClock clock;
//   clock.advance(5 * kSecond);     // both times
//   clock.jump_wall(-kSecond);      // only the wall clock, as an operator's correction does
//
// Threads: safe from any thread.
#pragma once

#include <atomic>

#include "core/base/clock.h"

namespace sluice {

class ManualClock final : public Clock {
 public:
  // 2026-01-02T03:04:05Z: any fixed moment serves.
  static constexpr Nanos kStart = 1'767'323'045 * kSecond;

  explicit ManualClock(Nanos wall = kStart) : wall_(wall) {}

  Nanos now() const override { return wall_.load(); }
  Nanos monotonic() const override { return monotonic_.load(); }

  void advance(Nanos by) {
    wall_.fetch_add(by);
    monotonic_.fetch_add(by);
  }
  void jump_wall(Nanos by) { wall_.fetch_add(by); }
  void set_wall(Nanos to) { wall_.store(to); }

 private:
  std::atomic<Nanos> wall_;
  std::atomic<Nanos> monotonic_{1'000 * kSecond};
};

}  // namespace sluice
