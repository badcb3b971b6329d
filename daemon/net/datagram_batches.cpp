#include "daemon/net/datagram_batches.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "core/spool/slot_lines.h"

namespace sluice {
namespace {

// Plain syslog is 100 to 200 bytes long, most of all fits 512; 2 KiB is what RFC 5424 asks every receiver to take; then an
// Ethernet jumbo frame; then anything.
constexpr std::array<size_t, 5> kStrides{256, 512, 2 << 10, 9 << 10, 64 << 10};
constexpr uint32_t kSlotsPerStride = 16;  // before a stride goes down
constexpr uint32_t kFullSlots = 4;        // of a reading, before its next one is of the next size: it holds as much
constexpr size_t kReadings = 8;           // that the average remembers

// What a round of one datagram takes.
size_t bytes_for(size_t length) { return length + sizeof(RoundHead) + RoundShape::kPerDatagram + 16; }

// The smallest size that holds `bytes`, or the one below when two of those do.
SlotSize size_for(size_t bytes) {
  const auto size = static_cast<size_t>(slot_for(bytes));
  return static_cast<SlotSize>(size > 0 && bytes <= kSlotBytes[size] / 2 ? size - 1 : size);
}

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
  reading_ += RoundShape::kPerDatagram + std::max(length, stride_);
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

void DatagramBatches::take(std::vector<std::unique_ptr<Batch>>& ready, bool emptied) {
  choose_size(emptied);
  choose_stride();
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

void DatagramBatches::choose_size(bool emptied) {
  if (!emptied) {
    const auto level = static_cast<size_t>(level_);
    if (++full_ < kFullSlots || level + 1 == kSlotSizes) return;
    level_ = static_cast<SlotSize>(level + 1);
  } else if (reading_ > 0) {
    average_ = (average_ * (kReadings - 1) + reading_) / kReadings;
    level_ = size_for(average_);
    reading_ = 0;
  }
  full_ = 0;
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
