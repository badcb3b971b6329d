#include "daemon/budget.h"

#include <algorithm>

namespace sluice {

Budget make_budget(const Config& config, uint64_t limit, unsigned cores) {
  // More workers than this seldom pay: readers and the dedupe window's lock become the limit.
  constexpr unsigned kMostWorkers = 16;
  constexpr uint64_t kLeastBlock = 256 << 10;  // below it a block's dictionaries weigh more than its text gains

  Budget budget;
  budget.limit = limit;
  budget.workers = config.workers ? config.workers : std::clamp(cores, 1u, kMostWorkers);
  budget.slots = std::max<uint64_t>(limit / 4, 8 << 20);
  budget.queue = std::min(config.queue.bytes, budget.slots * 3 / 4);
  budget.dedupe = std::min(config.dedupe.memory, limit / 6);
  budget.interner_text = std::clamp<uint64_t>(limit / 16, 1 << 20, 16 << 20);
  // An open block costs about three times its raw bytes: rows, columns, and the sealed one on its way.
  budget.block =
      std::clamp(limit / 4 / 3 / budget.workers, kLeastBlock, std::max(config.store.block_bytes, kLeastBlock));
  return budget;
}

}  // namespace sluice
