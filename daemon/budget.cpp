#include "daemon/budget.h"

#include <algorithm>

#include "core/memory/slot_arena.h"

namespace sluice {

Budget make_budget(const Config& config, uint64_t limit, unsigned cores) {
  // More workers than this seldom pay: readers and the dedupe window's lock become the limit.
  constexpr unsigned kMostWorkers = 16;
  constexpr uint64_t kLeastBlock = 256 << 10;  // below it a block's dictionaries weigh more than its text gains

  constexpr uint64_t kMostPacked = 8 << 20;  // twice that saves 3 % and makes every look at a line cost twice as much

  constexpr uint64_t kMostSlots = 256 << 20;  // more only helps a store that stands still for seconds

  Budget budget;
  budget.limit = limit;
  budget.workers = config.workers ? config.workers : std::clamp(cores, 1u, kMostWorkers);
  budget.slots = config.spool.bytes.value_or(std::clamp<uint64_t>(limit / 4, 8 << 20, kMostSlots));
  budget.slots -= budget.slots % (1 << 20);
  budget.queue = std::min(config.queue.bytes, budget.slots / 2);
  // A slot that is worked on and one that waits, for each worker: more would only go cold meanwhile.
  budget.queue_if_can_wait = std::min(budget.queue, 2 * kSlotBytes.back() * budget.workers);
  budget.dedupe = std::min(config.dedupe.memory, limit / 6);
  budget.interner_text = std::clamp<uint64_t>(limit / 16, 1 << 20, 16 << 20);
  // And its lines' slots stay in use until it is stored: together the open blocks leave room for what comes meanwhile.
  // An open block costs about three times its raw bytes: rows, columns, and the sealed one on its way.
  budget.block = std::clamp(std::min(limit / 4 / 3, budget.slots * 3 / 8) / budget.workers, kLeastBlock,
                            std::max(config.store.block_bytes, kLeastBlock));
  // Packing one takes five times as much: its lines decoded, as rows and as columns, and what zstd looks back at.
  budget.pack = std::clamp(limit / 32, budget.block, std::max(kMostPacked, budget.block));
  return budget;
}

}  // namespace sluice
