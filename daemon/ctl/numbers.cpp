#include "daemon/ctl/numbers.h"

#include <array>
#include <cstdio>

namespace sluice {

std::string with_commas(uint64_t n) {
  std::string text = std::to_string(n);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string with_places(double n, int places) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", places, n);
  return text;
}

std::string as_bytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array kUnits{" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  double scaled = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (scaled >= 1023.95 && unit + 1 < kUnits.size()) {  // 1023.95 would be shown as 1024.0
    scaled /= 1024;
    ++unit;
  }
  return with_places(scaled, 1) + kUnits[unit];
}

}  // namespace sluice
