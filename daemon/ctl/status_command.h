// `sluicectl status`: the running daemon's ledger and load, from its admin endpoint.
//
// Exit status: exit_status.h. kExitCouldNot when no daemon answers.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sluice {

struct StatusOptions {
  std::string address;  // empty: the config's
  bool json = false;
};

int run_status(const StatusOptions& options);

// The daemon's JSON as tables. Figures that are missing (another version's) show as "-".
Result<std::string> format_status(std::string_view json);

}  // namespace sluice
