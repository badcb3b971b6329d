// What `sluiced --check` opens, and closes again, without disturbing a daemon that runs.
#pragma once

#include <string>

#include "config/config.h"
#include "core/base/error.h"

namespace sluice {

// Whether the store's directory, or the nearest one above it that exists, can be written.
Result<void> check_store(const std::string& path);

// Whether a daemon has the store open for writing.
bool store_in_use(const std::string& path);

// Whether every listener's and the admin endpoint's address can be bound: a port that another process holds would make a
// start fail.
Result<void> check_ports(const Config& config);

}  // namespace sluice
