// What --follow remembers, because a line and the notes about its repeats may come in either order, in different blocks.
//
//   recent.remember(id, text);               // a line just shown ...
//   if (auto* text = recent.find(id)) ...     // ... and a repeat of it, told later
//
//   early.add(id, 2);                        // repeats of a line not yet seen ...
//   times = 1 + early.take(id);              // ... which now is shown
//
// Memory:  both are bounded and forget the oldest. A repeat of a forgotten line is not shown.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "tsl/robin_map.h"

namespace sluice {

class RecentLines {
 public:
  static constexpr size_t kMaxBytes = 32 << 20;  // of text

  void remember(uint64_t id, std::string_view text) {
    if (!lines_.emplace(id, text).second) return;
    order_.push_back(id);
    bytes_ += text.size();
    while (bytes_ > kMaxBytes) {
      const auto oldest = lines_.find(order_.front());
      bytes_ -= oldest->second.size();
      lines_.erase(oldest);
      order_.pop_front();
    }
  }
  const std::string* find(uint64_t id) const {
    const auto found = lines_.find(id);
    return found == lines_.end() ? nullptr : &found->second;
  }

 private:
  tsl::robin_map<uint64_t, std::string> lines_;
  std::deque<uint64_t> order_;
  size_t bytes_ = 0;
};

class EarlyRepeats {
 public:
  static constexpr size_t kMaxLines = 1 << 16;

  void add(uint64_t id, uint64_t count) {
    if ((counts_[id] += count) == count) order_.push_back(id);
    while (order_.size() > kMaxLines) {
      counts_.erase(order_.front());
      order_.pop_front();
    }
  }
  uint64_t take(uint64_t id) {
    const auto found = counts_.find(id);
    if (found == counts_.end()) return 0;
    const uint64_t count = found->second;
    found.value() = 0;  // forgotten in its turn
    return count;
  }

 private:
  tsl::robin_map<uint64_t, uint64_t> counts_;
  std::deque<uint64_t> order_;
};

}  // namespace sluice
