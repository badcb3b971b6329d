// Budget: how the memory limit is shared out. One place for the sums, so that they can be checked against the limit.
//
// The shares leave a third of the limit for what is not counted in slots, blocks and tables: code, stacks, the
// allocator's own needs and the store's upkeep.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace sluice {

struct Budget {
  uint64_t limit = 0;              // bytes
  uint64_t slots = 0;              // receive buffers, in use and kept
  uint64_t queue = 0;              // slot bytes in flight
  uint64_t queue_if_can_wait = 0;  // of senders that can be held back
  uint64_t dedupe = 0;
  uint64_t interner_text = 0;
  uint64_t block = 0;  // raw bytes an open block aims for
  uint64_t pack = 0;   // and a packed one
  uint32_t workers = 0;
};

// `cores`: of this machine, for workers: 0.
Budget make_budget(const Config& config, uint64_t limit, unsigned cores);

}  // namespace sluice
