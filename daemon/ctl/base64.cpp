#include "daemon/ctl/base64.h"

#include <algorithm>
#include <cstdint>

namespace sluice {

void append_base64(std::string_view octets, std::string& out) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < octets.size(); i += 3) {
    const size_t n = std::min<size_t>(3, octets.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < n ? static_cast<uint8_t>(octets[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= n ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
}

}  // namespace sluice
