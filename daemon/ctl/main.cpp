// sluicectl: the operator's tool. See arguments.cpp for what it can do.
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "daemon/ctl/arguments.h"
#include "daemon/ctl/exit_status.h"

namespace {

// Columns are of a size for which malloc asks the system each time and gives back at once: a search would spend more time
// in the kernel, zeroing pages, than in decompression.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  std::signal(SIGPIPE, SIG_IGN);  // output.h
  try {
    return sluice::run_command_line(argc, argv);
  } catch (const std::exception& e) {  // out of memory; everything else is a value
    std::fprintf(stderr, "sluicectl: %s\n", e.what());
    return sluice::kExitCouldNot;
  }
}
