// FakeMachine: a directory with the /proc and /sys files that a test writes, gone when the test ends.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace sluice {

class FakeMachine {
 public:
  FakeMachine() {
    std::string pattern = testing::TempDir() + "sluice_memory_XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << pattern;
    root_ = pattern;
  }
  ~FakeMachine() { std::filesystem::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  const std::string& root() const { return root_; }

  void write(const std::string& path, const std::string& content) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::trunc) << content;
  }

  // A control group of version 2 without page cache. `limit` as the file says it: "max" or bytes.
  void group_v2(const std::string& path, uint64_t used, const std::string& limit) {
    write("/sys/fs/cgroup" + path + "/memory.current", std::to_string(used) + "\n");
    write("/sys/fs/cgroup" + path + "/memory.max", limit + "\n");
    write("/sys/fs/cgroup" + path + "/memory.stat", "anon " + std::to_string(used) + "\n");
  }

  void rss(uint64_t bytes) { write("/proc/self/statm", "0 " + std::to_string(bytes / 4096) + " 0 0 0 0 0\n"); }

 private:
  std::string root_;
};

}  // namespace sluice
