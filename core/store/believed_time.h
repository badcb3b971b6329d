// BelievedTime: the wall clock, but not believed for an hour after it jumped ahead.
//
// Retention by age asks how late it is and removes what is too old. A clock that is set wrong by a year, by hand, by a
// bad time server or by a machine that woke up without its own, would have it remove everything, and setting the clock
// right again brings nothing back. Waiting costs little: a few segments stay an hour longer.
//
//   BelievedTime time(clock, newest_line);       // newest_line: what was received last, if anything was
//   Nanos now = time.look();                     // often; each look is compared with the one before
//   if (time.doubted()) ...                      // now is what the clock would say without the jump
//
// A jump is more than kJump between two looks, measured against the monotonic clock (which a machine asleep does not
// move: waking up is a jump too). Before the first look nobody watched: there the clock is doubted when it is more than
// kUnwatched ahead of the newest line. Doubt ends after kDoubt, or when the clock comes back. A jump backwards is
// believed at once: it can only make things stay longer.
//
// Threads: one thread.
#pragma once

#include <optional>

#include "core/base/clock.h"

namespace sluice {

class BelievedTime {
 public:
  static constexpr Nanos kJump = 60 * kSecond;              // more than any slewing between two looks
  static constexpr Nanos kDoubt = 3600 * kSecond;           // monotonic; long enough for somebody to see the alarm
  static constexpr Nanos kUnwatched = 24 * 3600 * kSecond;  // stopped longer than this is seldom meant

  explicit BelievedTime(const Clock& clock, std::optional<Nanos> newest = std::nullopt)
      : clock_(clock), wall_(clock.now()), monotonic_(clock.monotonic()), believed_(wall_) {
    if (newest && wall_ - *newest > kUnwatched) {
      believed_ = *newest;
      doubt();
    }
  }

  Nanos look() {
    const Nanos wall = clock_.now();
    const Nanos monotonic = clock_.monotonic();
    const Nanos passed = monotonic - monotonic_;
    const bool jumped = wall - (wall_ + passed) > kJump;
    const Nanos expected = believed_ + passed;
    wall_ = wall;
    monotonic_ = monotonic;
    if (jumped) doubt();
    const bool came_back = wall - expected <= kJump;
    if (came_back || (doubted_until_ && monotonic >= *doubted_until_)) doubted_until_.reset();
    believed_ = doubted_until_ ? expected : wall;
    return believed_;
  }

  bool doubted() const { return doubted_until_.has_value(); }
  // How far the clock is ahead of what is believed.
  Nanos ahead() const { return wall_ - believed_; }

 private:
  void doubt() { doubted_until_ = monotonic_ + kDoubt; }

  const Clock& clock_;
  Nanos wall_, monotonic_;  // at the last look
  Nanos believed_;
  std::optional<Nanos> doubted_until_;  // monotonic
};

}  // namespace sluice
