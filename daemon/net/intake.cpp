#include "daemon/net/intake.h"

#include <algorithm>

#include "core/frame/framer.h"
#include "core/spool/slot_receive.h"

namespace sluice {

Slot Intake::take_slot(SlotSize wanted, size_t bytes) {
  const auto smallest = static_cast<int>(slot_for(bytes));
  for (int size = std::max(static_cast<int>(wanted), smallest); size >= smallest; --size) {
    if (Slot slot = parts.pool.acquire(static_cast<SlotSize>(size))) return slot;
  }
  return {};
}

void Intake::describe(Slot& slot, const Description& description) {
  const SlotOrigin origin{.file_id = parts.spool ? parts.spool->file_id() : 0,
                          .source = name_,
                          .peer = parts.interner.text(description.peer),
                          .max_frame_bytes = description.max_frame_bytes,
                          .kind = description.kind,
                          .acknowledged = description.acknowledged};
  const uint64_t sequence = parts.spool ? parts.spool->next_sequence() : 0;
  describe_slot(slot, origin, sequence, parts.clock.now(), description.framing, description.tail);
}

void Intake::describe_text(Batch& batch, size_t bytes) {
  const FramingState state{.mode = static_cast<uint8_t>(FramingMode::newline)};
  uint32_t longest = 0;
  for (const FrameRef& frame : batch.frames) longest = std::max(longest, frame.length);
  describe(batch.slot, {.peer = batch.frames.empty() ? kNotInterned : batch.frames.front().peer,
                        .max_frame_bytes = longest,
                        .acknowledged = true,
                        .framing = {reinterpret_cast<const char*>(&state), sizeof state}});
  header_of(batch.slot).message.msg_len = static_cast<unsigned>(bytes);
}

std::span<char> Intake::buffer() {
  constexpr size_t kBytes = 64 << 10;  // stays in the cache between recv and write
  if (buffer_.empty()) buffer_.resize(kBytes);
  return buffer_;
}

std::span<char> Intake::room(const Slot& slot, size_t from) {
  const std::span<char> room{slot.data() + from, slot.size() - from};
  if (!parts.synced || parts.spool == nullptr) return room;
  return buffer().first(std::min(room.size(), buffer().size()));
}

void Intake::put(const Slot& slot, size_t from, std::span<const char> bytes) {
  if (bytes.data() != slot.data() + from) parts.spool->write(slot.data() + from, {bytes.data(), bytes.size()});
}

ssize_t Intake::receive(int fd, Slot& slot, size_t& room) {
  if (!parts.synced || parts.spool == nullptr) return receive_into_slot(fd, slot, room);
  room = std::min(room, buffer().size());
  return receive_through_file(fd, slot, *parts.spool, buffer().first(room));
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
  // The slot may live on for its partial frame, or for its lines: these must not come back.
  SlotHeader& header = header_of(batch->slot);
  (batch->stream_end ? header.tail_taken : header.given_up) = 1;
  recycle(std::move(batch));
}

void Intake::leave(std::unique_ptr<Batch> batch) {
  if (!parts.spool) return give_up(std::move(batch), DropReason::shutdown);
  parts.pipeline.count_left(batch->frames.size());
  batch->slot.leave();
  recycle(std::move(batch));
}

// Not yet counted as received.
void Intake::leave(Slot slot, size_t lines, size_t bytes) {
  cell().received.add(lines);
  cell().received_bytes.add(bytes);
  if (parts.spool) {
    parts.pipeline.count_left(lines);
    slot.leave();
  } else {
    cell().dropped[static_cast<size_t>(DropReason::shutdown)].add(lines);
  }
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
    if (bytes <= kSlotRoom[size]) return static_cast<SlotSize>(size);
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
