// Tally: how many lines each name has; which names have the most.
//
//   Tally hosts;
//   for (...) hosts.add(record.hostname);
//   for (const Tally::Share& share : hosts.top(20)) ...
//   hosts.rest(20)                                  // the others, as one
//
// Memory:  at most kMaxNames names; lines of further ones are counted together (unnamed()).
// Threads: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tsl/robin_map.h"

namespace sluice {

class Tally {
 public:
  static constexpr size_t kMaxNames = 1 << 18;

  struct Share {
    std::string name;
    uint64_t lines = 0;
  };
  struct Rest {
    uint64_t names = 0;
    uint64_t lines = 0;
  };

  explicit Tally(size_t max_names = kMaxNames) : max_names_(max_names) {}

  void add(std::string_view name) {
    // Names of a block are dictionary entries: the same name is the same memory.
    if (name.data() == last_.data() && name.size() == last_.size() && last_place_ != kNowhere) {
      ++lines_[last_place_];
      return;
    }
    last_ = name;
    last_place_ = place_of(name);
    ++lines_[last_place_];
  }
  void add(std::string_view name, uint64_t lines) {
    if (lines != 0) lines_[place_of(name)] += lines;
  }
  // REQUIRED before the memory of the names given to add() goes away.
  void forget_last() { last_place_ = kNowhere; }

  uint64_t names() const { return places_.size(); }
  uint64_t unnamed() const { return lines_[0]; }  // lines of names beyond max_names
  std::vector<Share> top(size_t count) const;     // the most lines first, then by name
  Rest rest(size_t count) const;                  // what top(count) leaves out

 private:
  static constexpr size_t kNowhere = ~size_t{0};
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  size_t place_of(std::string_view name) {
    const auto found = places_.find(name);
    if (found != places_.end()) return found->second;
    if (places_.size() >= max_names_) return 0;
    lines_.push_back(0);
    places_.emplace(name, lines_.size() - 1);
    return lines_.size() - 1;
  }

  const size_t max_names_;
  tsl::robin_map<std::string, size_t, Hash, std::equal_to<>> places_;
  std::vector<uint64_t> lines_{0};  // [0]: of names that found no place
  std::string_view last_;
  size_t last_place_ = kNowhere;
};

}  // namespace sluice
