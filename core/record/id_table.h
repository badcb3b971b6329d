// IdTable: numbers keys by first use within one block: find_or_add(key) gives 0, 1, 2, ...
//
// A block has its own small dictionaries (origins, classes, senders), filled anew for each. Keys are 64 bits: ids
// packed together, or the hash of a text with the text compared by the caller.
//
//   const uint32_t index = table.find_or_add(key);           // table.size() when the key was new, before it
//
// Memory:  open addressing, 12 bytes a slot, at most half full; clear() keeps the room.
// Threads: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/hash.h"

namespace sluice {

class IdTable {
 public:
  uint32_t size() const { return static_cast<uint32_t>(keys_.size()); }
  uint64_t key(uint32_t index) const { return keys_[index]; }

  uint32_t find_or_add(uint64_t key) {
    return find_or_add(key, [](uint32_t) { return true; });
  }

  // For keys that are hashes: `same(index)` tells whether the entry of an equal key is the one meant.
  template <class Same>
  uint32_t find_or_add(uint64_t key, Same same) {
    if (2 * (keys_.size() + 1) > slots_.size()) grow();
    for (size_t at = home(key);; ++at) {
      uint32_t& slot = slots_[at & (slots_.size() - 1)];
      if (slot == 0) {
        keys_.push_back(key);
        slot = size();
        return slot - 1;
      }
      if (keys_[slot - 1] == key && same(slot - 1)) return slot - 1;
    }
  }

  void clear() {
    // A table that one odd block blew up would make every later clear() as slow.
    if (slots_.size() > 64 * (keys_.size() + 16)) slots_.resize(slots_.size() / 2);
    std::fill(slots_.begin(), slots_.end(), 0);
    keys_.clear();
  }
  void release() {
    slots_ = decltype(slots_)();
    keys_ = decltype(keys_)();
  }
  size_t bytes() const { return slots_.capacity() * sizeof(uint32_t) + keys_.capacity() * sizeof(uint64_t); }

 private:
  // Seeded: ids are dense and a sender may choose which pairs of them come.
  size_t home(uint64_t key) const {
    uint64_t x = (key ^ seed_) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
    return static_cast<size_t>(x ^ (x >> 32));
  }

  void grow() {
    std::vector<uint32_t> larger(slots_.empty() ? 64 : 2 * slots_.size());
    slots_.swap(larger);
    for (uint32_t i = 0; i < size(); ++i) {
      size_t at = home(keys_[i]);
      while (slots_[at & (slots_.size() - 1)] != 0) ++at;
      slots_[at & (slots_.size() - 1)] = i + 1;
    }
  }

  uint64_t seed_ = process_seed();
  std::vector<uint32_t> slots_;  // index + 1; 0: free
  std::vector<uint64_t> keys_;
};

}  // namespace sluice
