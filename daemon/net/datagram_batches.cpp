#include "daemon/net/datagram_batches.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "core/spool/slot_lines.h"

namespace sluice {
namespace {

// Most syslog fits 512 bytes; 2 KiB is what RFC 5424 asks every receiver to take; then an Ethernet jumbo frame; then
// anything.
constexpr std::array<size_t, 4> kStrides{512, 2 << 10, 9 << 10, 64 << 10};
constexpr uint32_t kSlotsPerStride = 16;  // before a stride goes down
constexpr uint8_t kCalmSlots = 8;         // before a slot's size goes down

// What a round of one datagram takes.
size_t bytes_for(size_t length) { return length + sizeof(RoundHead) + RoundShape::kPerDatagram + 16; }

size_t stride_for(size_t length) {
  for (const size_t stride : kStrides) {
    if (length <= stride) return stride;
  }
  return kStrides.back();
}

}  // namespace

DatagramBatches::~DatagramBatches() {
  if (batch_) intake_.recycle(std::move(batch_));
  for (auto& batch : extra_) intake_.recycle(std::move(batch));
}

bool DatagramBatches::take_slot() {
  if (batch_) return true;
  Slot slot = intake_.take_slot(level_, bytes_for(stride_));
  if (!slot && stride_ > kStrides.front()) {
    // No large slot is free: a small one serves, and what is longer is put together elsewhere.
    slot = intake_.take_slot(SlotSize::small, bytes_for(kStrides.front()));
    if (slot) stride_ = kStrides.front();
  }
  if (!slot) return false;
  describe(slot);
  batch_ = intake_.new_batch(std::move(slot));
  rounds_ = DatagramRounds(batch_->slot);
  return true;
}

void DatagramBatches::describe(Slot& slot) const {
  intake_.describe(slot, {.kind = SlotKind::datagrams,
                          .max_frame_bytes = static_cast<uint32_t>(max_frame_bytes_),
                          .framing = gelf_ ? std::string_view(&kLooksForGelf, 1) : std::string_view()});
}

const DatagramRound& DatagramBatches::begin_round(size_t count) {
  round_ = rounds_.begin(stride_, count);
  return *round_;
}

void DatagramBatches::add(size_t i, InternId peer) {
  add_frame(*batch_, static_cast<size_t>(round_->data(i) - batch_->slot.data()), round_->length(i), peer);
}

bool DatagramBatches::add_copy(std::string_view first, std::string_view rest, const sockaddr_in6& sender,
                               InternId peer) {
  const size_t length = first.size() + rest.size();
  uint32_t offset = 0;
  if (rounds_.add_copy(sender, first, rest, offset)) {
    out_of_order_ = true;
    add_frame(*batch_, offset, length, peer);
    return true;
  }
  if (!take_extra(length) || !extra_rounds_.add_copy(sender, first, rest, offset)) return false;
  add_frame(*extra_.back(), offset, length, peer);
  return true;
}

bool DatagramBatches::take_extra(size_t length) {
  if (!extra_.empty() && extra_rounds_.room(length) > 0) return true;
  const size_t bytes = bytes_for(length);
  Slot slot = intake_.take_slot(slot_for(bytes), bytes);
  // It has been received: what is kept for need serves it, before it is lost.
  if (!slot) slot = intake_.parts.pool.acquire(slot_for(bytes), BufferPool::Reserve::use);
  if (!slot || slot.size() < bytes) return false;
  describe(slot);
  extra_.push_back(intake_.new_batch(std::move(slot)));
  extra_.back()->received = received_;
  extra_rounds_ = DatagramRounds(extra_.back()->slot);
  return true;
}

void DatagramBatches::add_frame(Batch& batch, size_t offset, size_t length, InternId peer) {
  longest_ = std::max(longest_, length);
  bytes_ += length;
  ++datagrams_;
  FrameRef frame{static_cast<uint32_t>(offset), static_cast<uint32_t>(length), peer, kFrameWhole};
  if (length > max_frame_bytes_) {
    frame.length = static_cast<uint32_t>(max_frame_bytes_);
    frame.flags = kFrameTruncated;
    intake_.cell().truncated.add(1);
    intake_.cell().discarded_bytes.add(length - max_frame_bytes_);
  }
  batch.frames.push_back(frame);
}

void DatagramBatches::take(std::vector<std::unique_ptr<Batch>>& ready) {
  if (batch_) adapt();
  // A later process cuts the slot's datagrams as they lie, and must get to the same numbers.
  if (out_of_order_) {
    std::sort(batch_->frames.begin(), batch_->frames.end(),
              [](const FrameRef& a, const FrameRef& b) { return a.offset < b.offset; });
    out_of_order_ = false;
  }
  if (batch_ && batch_->frames.empty()) {
    intake_.recycle(std::move(batch_));
  } else if (batch_) {
    ready.push_back(std::move(batch_));
  }
  std::move(extra_.begin(), extra_.end(), std::back_inserter(ready));
  extra_.clear();
}

void DatagramBatches::adapt() {
  const auto level = static_cast<size_t>(level_);
  if (room() == 0) {
    calm_ = 0;
    if (level + 1 < kSlotSizes) level_ = static_cast<SlotSize>(level + 1);
  } else if (level > 0 && rounds_.used() <= kSlotBytes[level - 1] / 2) {
    if (++calm_ >= kCalmSlots) {
      calm_ = 0;
      level_ = static_cast<SlotSize>(level - 1);
    }
  } else {
    calm_ = 0;
  }
  choose_stride();
}

// Up at once, because every longer datagram is copied; down when nothing was that long for a while. But a few long ones
// among many short are better copied: the slots of all of them stay in use until their lines are stored.
void DatagramBatches::choose_stride() {
  if (datagrams_ == 0) return;
  const size_t wanted = stride_for(std::min(longest_, 2 * bytes_ / datagrams_));
  if (wanted > stride_) {
    stride_ = wanted;
  } else if (++slots_ < kSlotsPerStride) {
    return;
  } else {
    stride_ = wanted;
  }
  longest_ = 0;
  bytes_ = datagrams_ = 0;
  slots_ = 0;
}

}  // namespace sluice
