// What `sluiced --check` opens, and closes again, without disturbing a daemon that runs.
#pragma once

#include <string>

#include "config/config.h"
#include "core/base/error.h"

namespace sluice {

// Whether the store's directory, or the nearest one above it that exists, can be written.
Result<void> check_store(const std::string& path);

// Whether every listener's and the admin endpoint's address can be bound. A port that another process holds is an
// error: a start would fail. A daemon already running with this config holds its own ports; that is told apart by nobody
// but the operator.
Result<void> check_ports(const Config& config);

}  // namespace sluice
