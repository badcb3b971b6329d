// Batch: consecutive frames of one slot on their way from a reader to a worker; the unit of hand-over and of one
// operation. Batches are pooled by the Pipeline: their frame lists keep their capacity.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/clock.h"
#include "core/frame/frame.h"
#include "core/memory/buffer_pool.h"
#include "core/runtime/ack.h"
#include "core/runtime/context_manager.h"

namespace sluice {

struct Batch {
  Slot slot;                     // holds the frames' bytes
  std::vector<FrameRef> frames;  // in order of receipt
  uint16_t source = 0;           // the listener: an index given by Pipeline::add_source()
  Nanos received = 0;            // wall clock, when recv returned
  uint64_t first_id = 0;         // frame i is line first_id + i; set by Pipeline::submit(), unless it is there already
  uint64_t needs = 0;            // the highest id that a skipped line repeats and the store has not yet; 0: none
  bool stream_end = false;       // the frames are what the stream's end made of the slot's rest
  Operation operation;           // set by Pipeline::submit()
  AckRequest ack;                // set by readers whose senders wait for an answer

  void clear() {
    slot.reset();
    frames.clear();
    first_id = 0;
    needs = 0;
    stream_end = false;
    operation.complete();
    ack.answer(false);
  }
};

}  // namespace sluice
