// MemoryLevel: how close memory use is to its limit, in three steps with hysteresis.
//
// A level is entered at its threshold and left only `hysteresis` below it, so that use that hovers around a threshold
// does not switch the daemon's behaviour back and forth.
//
//   level = next_level(level, 0.72, thresholds);       // 0.72: share of the limit in use
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

enum class MemoryLevel : uint8_t { normal, warning, critical };

struct MemoryThresholds {
  double warning = 0.70;   // share of the limit
  double critical = 0.90;  // share of the limit
  double hysteresis = 0.05;
};

inline MemoryLevel next_level(MemoryLevel now, double share, const MemoryThresholds& thresholds) {
  const auto holds = [&](MemoryLevel level, double threshold) {
    return share >= (now >= level ? threshold - thresholds.hysteresis : threshold);
  };
  if (holds(MemoryLevel::critical, thresholds.critical)) return MemoryLevel::critical;
  if (holds(MemoryLevel::warning, thresholds.warning)) return MemoryLevel::warning;
  return MemoryLevel::normal;
}

inline std::string_view memory_level_text(MemoryLevel level) {
  if (level == MemoryLevel::critical) return "critical";
  return level == MemoryLevel::warning ? "warning" : "normal";
}

}  // namespace sluice
