// Descriptors: every connection is an open file, and the store, the log and the admin endpoint need some too. So that a
// crowd of senders can't take the last one and stop the store, max_connections is kept below what the process may open.
//
//   Config config = within_descriptors(config, descriptor_limit(), report);   // before listeners open
//
// What is still refused by the kernel (its own limit, or one that was lowered later) is a wait and another try:
// listeners back off and go on (accept_errors), the store tries its block again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "config/config.h"

namespace sluice {

// Files kept for everything but connections: a merge opens up to 64 segments, the admin endpoint up to 64 connections,
// each listener a few for each I/O thread. At most half of the limit.
inline constexpr uint64_t kReservedDescriptors = 256;

uint64_t descriptor_limit();  // RLIMIT_NOFILE, the soft one

// Where the listeners' max_connections together are more than `limit` leaves, each gets its share; `report` is told.
Config within_descriptors(Config config, uint64_t limit, const std::function<void(const std::string&)>& report);

}  // namespace sluice
