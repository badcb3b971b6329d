// resolve_memory_limit(): what `memory.limit: auto` means on this machine.
//
//   MemoryLimit limit = resolve_memory_limit({.machine = files.machine_memory(), .cgroup = files.cgroup_limit()});
//   log("memory limit {}", limit.reason);     // "1.6 GiB: 80 % of the control group's limit of 2.0 GiB"
//
// The smallest of 80 % of the control group's limit and 25 % of the machine's memory, but with at least 128 MiB and at
// most 4 GiB. The floor never lifts it over 80 % of the group's limit: that would end in the OOM killer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice {

struct MemoryFacts {
  uint64_t machine = 0;            // bytes; 0: unknown
  std::optional<uint64_t> cgroup;  // bytes; nothing: no limit
};

struct MemoryLimit {
  uint64_t bytes = 0;
  std::string reason;  // the number and where it comes from, for the log
};

MemoryLimit resolve_memory_limit(const MemoryFacts& facts);

// "1.6 GiB", "512 MiB", "20 bytes"
std::string bytes_text(uint64_t bytes);

}  // namespace sluice
