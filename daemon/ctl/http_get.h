// http_get: one GET of a small document from the daemon's admin endpoint. Plain sockets, HTTP/1.0: no more is needed.
//
//   auto body = http_get("127.0.0.1", 9514, "/status");
//
// Limits:  five seconds for each step, 16 MiB for the answer.
// Errors:  one sentence: the name is unknown, nobody answers, the answer is not 200.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sluice {

Result<std::string> http_get(const std::string& host, uint16_t port, const std::string& path);

// "127.0.0.1:9514", "[::1]:9514", "localhost:9514".
struct HostPort {
  std::string host;
  uint16_t port = 0;
};
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace sluice
