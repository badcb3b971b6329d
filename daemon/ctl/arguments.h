// The command line of sluicectl: which subcommands and options there are, and their help.
//
//   return run_command_line(argc, argv);
//
// Wrong arguments are told on standard error with kExitCouldNot; --help and --version with kExitOk.
#pragma once

namespace sluice {

// Runs the subcommand and returns the process's exit status.
int run_command_line(int argc, char** argv);

}  // namespace sluice
