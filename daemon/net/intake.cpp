#include "daemon/net/intake.h"

#include <algorithm>

namespace sluice {

Slot Intake::take_slot(SlotSize wanted, size_t bytes) {
  const auto smallest = static_cast<int>(slot_for(bytes));
  for (int size = std::max(static_cast<int>(wanted), smallest); size >= smallest; --size) {
    if (Slot slot = parts.pool.acquire(static_cast<SlotSize>(size))) return slot;
  }
  return {};
}

std::unique_ptr<Batch> Intake::new_batch(Slot slot) {
  auto batch = parts.pipeline.new_batch();
  batch->slot = std::move(slot);
  batch->source = parts.source;
  return batch;
}

void Intake::count(const Batch& batch) {
  uint64_t bytes = 0;
  for (const FrameRef& frame : batch.frames) bytes += frame.length;
  cell().received.add(batch.frames.size());
  cell().received_bytes.add(bytes);
}

void Intake::give_up(std::unique_ptr<Batch> batch, DropReason reason) {
  cell().dropped[static_cast<size_t>(reason)].add(batch->frames.size());
  recycle(std::move(batch));
}

// Asked for here and not at construction, because a cell belongs to the thread that first asks for it.
LedgerCell& Intake::cell() {
  if (cell_ == nullptr) cell_ = &parts.ledger.cell();
  return *cell_;
}

void Intake::report(const std::string& what) const {
  if (parts.report) parts.report("listener " + name_ + ": " + what);
}

void Intake::close() {
  poller->close();
  gate->close();
}

SlotSize slot_for(size_t bytes) {
  for (size_t size = 0; size < kSlotSizes; ++size) {
    if (bytes <= kSlotBytes[size]) return static_cast<SlotSize>(size);
  }
  return SlotSize::large;
}

std::string printable(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\') {
      text += c;
    } else {
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
  }
  return text;
}

}  // namespace sluice
