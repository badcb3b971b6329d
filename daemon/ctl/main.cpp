// sluicectl: the operator's tool. See arguments.cpp for what it can do.
#include <csignal>
#include <cstdio>
#include <exception>

#include "daemon/ctl/arguments.h"
#include "daemon/ctl/exit_status.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // output.h
  try {
    return sluice::run_command_line(argc, argv);
  } catch (const std::exception& e) {  // out of memory; everything else is a value
    std::fprintf(stderr, "sluicectl: %s\n", e.what());
    return sluice::kExitCouldNot;
  }
}
