#include "core/base/clock.h"

#include <ctime>

namespace sluice {
namespace {

Nanos read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<Nanos>(t.tv_sec) * kSecond + t.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  Nanos now() const override { return read_clock(CLOCK_REALTIME); }
  Nanos monotonic() const override { return read_clock(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace sluice
