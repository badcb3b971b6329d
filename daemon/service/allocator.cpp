#include "daemon/service/allocator.h"

#ifdef SLUICE_JEMALLOC
#include <jemalloc/jemalloc.h>

// Read by jemalloc before main(). Few arenas: threads here allocate seldom, and each arena keeps pages of its own.
// Dirty pages go back after a second, so that a burst's memory does not stay.
extern "C" {
const char* malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
#endif

namespace sluice {

#ifdef SLUICE_JEMALLOC

bool purge_allocator() {
  // MALLCTL_ARENAS_ALL is 4096; the name is a path of jemalloc's control tree.
  return mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0) == 0;
}

bool dump_heap_profile(const std::string& path) {
  const char* name = path.c_str();
  return mallctl("prof.dump", nullptr, nullptr, &name, sizeof name) == 0;
}

#else

bool purge_allocator() { return false; }
bool dump_heap_profile(const std::string&) { return false; }

#endif

}  // namespace sluice
