// thread_number(): a small number for the calling thread, dense from 0 and never given to another thread.
//
// For counters that are kept per thread: `cells[thread_number() % kCells]` spreads threads over cells without
// a lock. std::thread::id is no substitute, since the system gives the id of an ended thread to a new one.
//
// Threads: safe from any thread; after the first call of a thread it is one load.
#pragma once

#include <atomic>
#include <cstddef>

namespace sluice {

inline size_t thread_number() {
  static std::atomic<size_t> next{0};  // relaxed: only its own value matters
  thread_local const size_t number = next.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace sluice
