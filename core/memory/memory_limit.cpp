#include "core/memory/memory_limit.h"

#include <array>
#include <cstdio>

namespace sluice {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// The rest of a control group is for what the daemon does not account for: stacks, sockets' buffers, code, and the
// page cache that writing the store needs in order not to stall.
constexpr uint64_t kCgroupPercent = 80;
// A log daemon is a guest: three quarters of the machine belong to the programs whose lines it takes.
constexpr uint64_t kMachinePercent = 25;
// The default dedupe window, interner, queue and open blocks need about 100 MiB.
constexpr uint64_t kFloor = 128 * kMiB;
// More would not be used: queue, window and blocks have limits of their own, and past this a backlog is latency.
constexpr uint64_t kCap = 4096 * kMiB;

uint64_t percent_of(uint64_t percent, uint64_t bytes) { return bytes / 100 * percent; }

}  // namespace

std::string bytes_text(uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  char text[40];
  const int decimals = unit == 0 || value >= 100 ? 0 : 1;
  std::snprintf(text, sizeof text, "%.*f %s", decimals, value, kUnits[unit]);
  return text;
}

MemoryLimit resolve_memory_limit(const MemoryFacts& facts) {
  uint64_t bytes = kFloor;
  std::string why = "the least that is sensible, as the machine's memory is unknown";
  if (facts.machine != 0) {
    bytes = percent_of(kMachinePercent, facts.machine);
    why = "25 % of the machine's " + bytes_text(facts.machine);
  }
  if (bytes < kFloor) {
    bytes = kFloor;
    why = "the least that is sensible; " + why + " is below";
  }
  if (bytes > kCap) {
    bytes = kCap;
    why = "the most that is of use; " + why + " is above";
  }
  if (facts.cgroup && percent_of(kCgroupPercent, *facts.cgroup) < bytes) {
    bytes = percent_of(kCgroupPercent, *facts.cgroup);
    why = "80 % of the control group's limit of " + bytes_text(*facts.cgroup);
    if (bytes < kFloor) why += "; less than the " + bytes_text(kFloor) + " that is sensible";
  }
  return {bytes, bytes_text(bytes) + ": " + why};
}

}  // namespace sluice
