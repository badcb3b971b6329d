#include "core/memory/memory_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

// memory.stat, the largest of these files, has some 2 KiB.
constexpr size_t kMaxFileBytes = 16 << 10;

// Version 1 says "no limit" with the largest number of pages. No machine has this much memory.
constexpr uint64_t kNoLimit = uint64_t{1} << 60;

std::string read_small_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string content(kMaxFileBytes, '\0');
  size_t size = 0;
  for (ssize_t n; size < content.size(); size += static_cast<size_t>(n)) {
    n = read(fd, content.data() + size, content.size() - size);
    if (n <= 0) break;
  }
  close(fd);
  content.resize(size);
  return content;
}

template <class Number>
std::optional<Number> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
  Number value{};
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<uint64_t> read_number(const std::string& path) { return number_at<uint64_t>(read_small_file(path)); }

// Calls visit(line) for each line, without its end.
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// The number behind the line that begins with `key`; 0 when there is none.
uint64_t value_of(std::string_view text, std::string_view key) {
  uint64_t value = 0;
  for_each_line(text, [&](std::string_view line) {
    if (line.starts_with(key)) value = number_at<uint64_t>(line.substr(key.size())).value_or(0);
  });
  return value;
}

std::optional<uint64_t> limit_of(const std::string& directory, bool version_2) {
  const auto limit = read_number(directory + (version_2 ? "/memory.max" : "/memory.limit_in_bytes"));
  if (!limit || *limit == 0 || *limit >= kNoLimit) return std::nullopt;  // "max" is no number either
  return limit;
}

// Page cache counts as the group's, and fills it to its limit as we write the store. It is not what the daemon could
// save, and the kernel drops it before anything else.
uint64_t used_by(const std::string& directory, bool version_2) {
  const uint64_t current =
      read_number(directory + (version_2 ? "/memory.current" : "/memory.usage_in_bytes")).value_or(0);
  const std::string stat = read_small_file(directory + "/memory.stat");
  const std::string_view prefix = version_2 ? "" : "total_";  // version 1: with the groups below
  const uint64_t cache =
      value_of(stat, std::string(prefix) + "inactive_file ") + value_of(stat, std::string(prefix) + "active_file ");
  return current - std::min(current, cache);
}

}  // namespace

MemoryFiles::MemoryFiles(std::string root) : root_(std::move(root)) { find_groups(); }

void MemoryFiles::find_groups() {
  const std::string text = read_small_file(root_ + "/proc/self/cgroup");
  const std::string base = root_ + "/sys/fs/cgroup";
  // "0::/path" is version 2, "4:memory:/path" version 1. With both mounted, memory is managed by version 1.
  for_each_line(text, [&](std::string_view line) {
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) return;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (controllers == "memory") add_groups(base + "/memory", path, false);
    if (controllers.empty()) add_groups(base, path, true);
  });
}

void MemoryFiles::add_groups(const std::string& mount, std::string_view path, bool version_2) {
  const auto exists = [&](const std::string& directory) {
    return access((directory + "/memory.stat").c_str(), R_OK) == 0;
  };
  while (path.starts_with('/') && path != "/") {
    std::string directory = mount + std::string(path);
    if (exists(directory)) groups_.push_back({std::move(directory), version_2});
    path = path.substr(0, path.rfind('/'));
  }
  if (exists(mount)) groups_.push_back({mount, version_2});
}

uint64_t MemoryFiles::rss() const {
  const std::string text = read_small_file(root_ + "/proc/self/statm");
  const size_t second = text.find(' ');  // pages: size resident shared ...
  if (second == text.npos) return 0;
  static const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return number_at<uint64_t>(std::string_view(text).substr(second)).value_or(0) * page;
}

uint64_t MemoryFiles::machine_memory() const {
  return value_of(read_small_file(root_ + "/proc/meminfo"), "MemTotal:") * 1024;
}

std::optional<CgroupMemory> MemoryFiles::cgroup() const {
  std::optional<CgroupMemory> fullest;
  const auto share = [](const CgroupMemory& m) { return static_cast<double>(m.used) / static_cast<double>(m.limit); };
  for (const Group& group : groups_) {
    const auto limit = limit_of(group.directory, group.version_2);
    if (!limit) continue;
    const CgroupMemory memory{used_by(group.directory, group.version_2), *limit};
    if (!fullest || share(memory) > share(*fullest)) fullest = memory;
  }
  return fullest;
}

std::optional<uint64_t> MemoryFiles::cgroup_limit() const {
  std::optional<uint64_t> smallest;
  for (const Group& group : groups_) {
    const auto limit = limit_of(group.directory, group.version_2);
    if (limit && (!smallest || *limit < *smallest)) smallest = limit;
  }
  return smallest;
}

std::optional<double> MemoryFiles::pressure() const {
  std::string text;
  if (!groups_.empty() && groups_.front().version_2)
    text = read_small_file(groups_.front().directory + "/memory.pressure");
  if (text.empty()) text = read_small_file(root_ + "/proc/pressure/memory");
  constexpr std::string_view kKey = "some avg10=";
  std::optional<double> share;
  for_each_line(text, [&](std::string_view line) {
    if (!line.starts_with(kKey)) return;
    if (const auto percent = number_at<double>(line.substr(kKey.size()))) share = std::clamp(*percent / 100, 0.0, 1.0);
  });
  return share;
}

}  // namespace sluice
