// MemoryFiles: what the kernel says about this process's memory: resident size, the machine's memory, the control
// group's use and limit, memory pressure.
//
//   MemoryFiles files;                       // the real ones; a test gives a directory with files of its own
//   uint64_t rss = files.rss();
//   if (auto group = files.cgroup()) ...     // group->used of group->limit
//
// Control groups: version 2, version 1 and both at once (hybrid); in a container the files lie at the mount's root. A
//          limit may be set on any group above ours, so all are looked at.
// Limits:  a file that is missing or not understood gives 0 or nothing; nothing throws.
// Threads: safe from any thread; each call reads its files anew. The group's place is looked up at construction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct CgroupMemory {
  uint64_t used = 0;   // bytes, without page cache: the kernel takes that back by itself
  uint64_t limit = 0;  // bytes
};

class MemoryFiles {
 public:
  explicit MemoryFiles(std::string root = "");

  uint64_t rss() const;             // bytes; 0 when unknown
  uint64_t machine_memory() const;  // bytes; 0 when unknown
  // The group nearest to its limit, of ours and those above it; nothing when none has a limit.
  std::optional<CgroupMemory> cgroup() const;
  // The smallest limit of ours and those above it.
  std::optional<uint64_t> cgroup_limit() const;
  // Share of the last ten seconds in which some task waited for memory, 0 to 1: our group's if it says, otherwise the
  // machine's.
  std::optional<double> pressure() const;

 private:
  struct Group {
    std::string directory;
    bool version_2;
  };
  void find_groups();
  void add_groups(const std::string& mount, std::string_view path, bool version_2);

  std::string root_;
  std::vector<Group> groups_;  // ours first, then upwards
};

}  // namespace sluice
