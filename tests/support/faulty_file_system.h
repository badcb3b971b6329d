// FaultyFileSystem: a file system in memory that can be full, fail, stop for good at any operation, and lose what was
// not synced, as a power cut does.
//
//   FaultyFileSystem fs;
//   fs.fail_after(7);                 // the process dies in the 8th change from now on: all that follows fails
//   ... use it ...
//   fs.restart();                     // the process died: what was written stays
//   fs.power_cut(PowerCut::torn);     // the machine died: unsynced names are undone, of unsynced bytes some are there
//   fs.set_capacity(1 << 20);         // ENOSPC beyond; a write is cut short first
//   fs.fail_next(Call::truncate, EIO, 2);
//
// Its power cuts lose everything in one way; PowerCutFileSystem loses each write in its own.
//
// Threads: safe from any thread.
#pragma once

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/memory_file_system.h"

namespace sluice {

// Of the bytes that were appended after a file's last sync there is, after a power cut:
enum class PowerCut : uint8_t {
  nothing,
  torn,   // the first half
  zeros,  // their length, but zeros
};

class FaultyFileSystem final : public MemoryFileSystem {
 public:
  void fail_next(Call call, int err, uint64_t times = 1) {
    const std::scoped_lock lock(mutex_);
    failing_[static_cast<size_t>(call)] = {err, times};
  }
  void set_capacity(std::optional<uint64_t> bytes) {
    const std::scoped_lock lock(mutex_);
    capacity_ = bytes;
  }
  void power_cut(PowerCut kind = PowerCut::nothing) {
    const std::scoped_lock lock(mutex_);
    revive();
    files_ = durable_;
    unsynced_names_.clear();
    for (auto& [path, node] : files_) {
      const size_t unsynced = node->bytes.size() > node->durable.size() ? node->bytes.size() - node->durable.size() : 0;
      std::string after = node->durable;
      if (kind == PowerCut::torn) after += node->bytes.substr(after.size(), unsynced / 2);
      if (kind == PowerCut::zeros) after.append(unsynced, '\0');
      node->bytes = node->durable = std::move(after);
      node->unsynced.clear();
    }
  }

 private:
  struct Failure {
    int err = 0;
    uint64_t times = 0;
  };

  Result<void> change(Call call, const std::string& what) override {
    if (auto ok = MemoryFileSystem::change(call, what); !ok) return ok;
    Failure& failure = failing_[static_cast<size_t>(call)];
    if (failure.times == 0) return {};
    --failure.times;
    return Unexpected(system_error(what, failure.err));
  }
  Admitted admit_append(const std::string& what, size_t size) override {
    const Admitted admitted = MemoryFileSystem::admit_append(what, size);
    if (!admitted.result) return admitted;
    const uint64_t used = this->used();
    if (!capacity_ || used + size <= *capacity_) return admitted;
    return {Unexpected(system_error(what, ENOSPC)), *capacity_ - std::min(used, *capacity_)};
  }
  void revive() override {
    MemoryFileSystem::revive();
    for (Failure& failure : failing_) failure.times = 0;
  }
  uint64_t used() const {
    uint64_t sum = 0;
    for (const auto& [path, node] : files_) sum += node->bytes.size();
    return sum;
  }

  std::optional<uint64_t> capacity_;
  Failure failing_[static_cast<size_t>(Call::count)];
};

}  // namespace sluice
