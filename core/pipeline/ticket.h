// Ticket: what is left to do for a batch once its lines stand in blocks: its slot is freed, and its sender answered, when
// they are safe there.
//
//   stored    the block that holds the batch's last line has been written: a crash of the process leaves it.
//             The slot of a sender that waits for no answer is freed.
//   synced    that block is on the disk: the slot of one that does is freed, if the lines that its lines were counted as
//             repeats of (up to `needs`) are on the disk as well, and whoever was not answered yet is.
#pragma once

#include <cstdint>

#include "core/memory/buffer_pool.h"
#include "core/runtime/ack.h"

namespace sluice {

struct Ticket {
  Slot slot;       // empty without a spool: then its bytes are not needed any more
  AckRequest ack;  // empty when it was answered already, or nobody waits
  uint64_t first_id = 0;
  uint64_t needs = 0;          // the highest id of another batch's line that one of this batch repeats; 0: none
  bool acknowledged = false;   // its sender is answered: the slot stays until the lines are synced
  bool answer_stored = false;  // AckLevel::received
  bool stream_end = false;     // the batch was what the stream's end made of the slot's rest
};

}  // namespace sluice
