// `sluicectl config`: help with the daemon's config file, without a daemon.
//
//   check FILE    every error at once, with file, line and column; opens nothing (sluiced --check does)
//   keys          every key: type, range, default, meaning
//
// Exit status: kExitOk, or kExitCouldNot when the file is wrong.
#pragma once

#include <string>

namespace sluice {

int run_config_check(const std::string& path);
int run_config_keys();

}  // namespace sluice
