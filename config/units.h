// Units: values with their unit as text in a config file: "64KiB", "30s", "127.0.0.1:5514".
//
//   auto bytes = parse_size("64KiB");          // 65536
//   if (!bytes) ... bytes.error()              // "64 has no unit: write 64B, or KiB, MiB, GiB, TiB"
//   format_size(65536);                        // "64KiB"
//
// A bare number where a unit is due is an error: whoever reads `10` later can't tell seconds from hours. `0` is one
// as well. One blank between number and unit is fine, fractions are not: 1500ms says what 1.5s does.
//
// Errors:  one sentence each, that quotes the text (cut, when it is long).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sluice {

// Bytes: B, KiB, MiB, GiB, TiB.
Result<uint64_t, std::string> parse_size(std::string_view text);
std::string format_size(uint64_t bytes);

// Time: ms, s, m (minutes), h, d.
Result<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds time);

struct Address {
  std::string host;  // numeric; an IPv6 address without its brackets
  uint16_t port = 0;
};
// "127.0.0.1:5514", "[::1]:5514", "[fe80::1%eth0]:514". Port 0 stands for any free one. Names are not looked up.
Result<Address, std::string> parse_address(std::string_view text);
std::string format_address(const std::string& host, uint16_t port);

// The text in quotes for a message, cut to a length that fits in one line.
std::string in_quotes(std::string_view text);

}  // namespace sluice
