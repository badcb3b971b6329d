// What the daemon asks of its allocator (jemalloc): pages back under memory pressure, and a heap profile on demand.
//
// Built without jemalloc (sanitizers bring their own) both do nothing and return false.
//
// Threads: any.
#pragma once

#include <string>

namespace sluice {

// Gives every unused page back to the kernel.
bool purge_allocator();

// Writes a heap profile for `jeprof`. Needs the daemon to be started with MALLOC_CONF=prof:true; false otherwise.
bool dump_heap_profile(const std::string& path);

}  // namespace sluice
