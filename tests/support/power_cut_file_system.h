// PowerCutFileSystem: a file system in memory whose power is cut by a seed. What was synced is there afterwards; of the
// rest anything may be, as on a real disk with a cache of its own:
//
//   * each unsynced write, on its own, is kept, dropped, torn or zeros. Torn: each of its 512-byte sectors is there or
//     is zeros, in any order, so that a later sector may be there while an earlier one is not. A later write may be
//     kept while an earlier one is lost; the file is then zeros where that one was;
//   * each unsynced truncation is kept or dropped, also when a write behind it is kept;
//   * each unsynced name (created, renamed, removed) is kept or dropped.
//
//   PowerCutFileSystem fs;
//   ... use it ...
//   fs.die(); store.reset();              // all that follows fails
//   fs.power_cut(seed);                   // the machine starts again; the same seed loses the same
//   fs.kill();                            // or: only the process died, what was written stays
//   auto other = fs.snapshot();           // a machine with the same disk and cache; this one goes on
//   other->power_cut(seed);
//   fs.snapshot([&] { ... });             // what is done in there sees the files at the same moment
//
// Threads: safe from any thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "tests/support/memory_file_system.h"

namespace sluice {

class PowerCutFileSystem final : public MemoryFileSystem {
 public:
  static constexpr uint64_t kSector = 512;  // bytes; a disk writes each whole or not at all

  void kill() { restart(); }

  void power_cut(uint64_t seed) {
    const std::scoped_lock lock(mutex_);
    std::mt19937_64 random(seed);
    revive();
    for (const NameChange& change : unsynced_names_) {
      if (one_in(2, random)) apply(change);
    }
    unsynced_names_.clear();
    files_ = durable_;
    for (auto& [path, node] : files_) {
      for (const Write& write : node->unsynced) cut(write, node->durable, random);
      node->unsynced.clear();
      node->bytes = node->durable;
      node->lock.reset();
    }
  }

  std::unique_ptr<PowerCutFileSystem> snapshot(const std::function<void()>& meanwhile = nullptr) const {
    const std::scoped_lock lock(mutex_);
    if (meanwhile) meanwhile();
    auto copy = std::make_unique<PowerCutFileSystem>();
    // A node may have several names: the one that it has now and the one that is durable.
    std::map<std::shared_ptr<Node>, std::shared_ptr<Node>> copies;
    const auto copy_of = [&](const std::shared_ptr<Node>& node) {
      auto& to = copies[node];
      if (node && !to) {
        to = std::make_shared<Node>(*node);
        to->lock.reset();  // held by a process of this machine
      }
      return to;
    };
    for (const auto& [path, node] : files_) copy->files_[path] = copy_of(node);
    for (const auto& [path, node] : durable_) copy->durable_[path] = copy_of(node);
    for (const NameChange& change : unsynced_names_) {
      copy->unsynced_names_.push_back({change.gone, change.made, copy_of(change.node)});
    }
    copy->directories_ = directories_;
    return copy;
  }

 private:
  using Random = std::mt19937_64;

  static bool one_in(uint64_t n, Random& random) { return random() % n == 0; }

  void apply(const NameChange& change) {
    if (!change.gone.empty()) durable_.erase(change.gone);
    if (!change.made.empty()) durable_[change.made] = change.node;
  }

  static void cut(const Write& write, std::string& disk, Random& random) {
    if (write.truncation) {
      if (one_in(2, random)) disk.resize(write.offset);
      return;
    }
    enum Fate : uint8_t { kept, dropped, torn, zeros };
    const auto fate = static_cast<Fate>(random() % 4);
    if (fate == dropped) return;
    const uint64_t end = write.offset + write.bytes.size();
    disk.resize(std::max<uint64_t>(disk.size(), end));
    for (uint64_t from = write.offset; from < end;) {
      const uint64_t to = std::min(end, (from / kSector + 1) * kSector);
      if (fate == zeros || (fate == torn && one_in(2, random))) {
        std::fill(disk.begin() + static_cast<ptrdiff_t>(from), disk.begin() + static_cast<ptrdiff_t>(to), '\0');
      } else {
        write.bytes.copy(disk.data() + from, to - from, from - write.offset);
      }
      from = to;
    }
  }
};

}  // namespace sluice
