#include "daemon/net/datagram_batches.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

namespace sluice {
namespace {

// Most syslog fits 512 bytes; 2 KiB is what RFC 5424 asks every receiver to take; then an Ethernet jumbo frame; then
// anything.
constexpr std::array<size_t, 4> kStrides{512, 2 << 10, 9 << 10, 64 << 10};
constexpr uint32_t kSlotsPerStride = 16;  // before a stride goes down
constexpr uint8_t kCalmSlots = 8;         // before a slot's size goes down

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
  Slot slot = intake_.take_slot(level_, stride_);
  if (!slot && stride_ > kStrides.front()) {
    // No large slot is free: a small one serves, and what is longer is put together elsewhere.
    slot = intake_.take_slot(SlotSize::small, kStrides.front());
    if (slot) stride_ = kStrides.front();
  }
  if (!slot) return false;
  batch_ = intake_.new_batch(std::move(slot));
  used_ = 0;
  return true;
}

void DatagramBatches::begin_round(size_t got, Nanos received) {
  free_at_ = used_ + got * stride_;
  received_ = batch_->received = received;
}

void DatagramBatches::add(size_t i, size_t length, InternId peer) {
  add_frame(*batch_, used_ + i * stride_, length, peer);
}

bool DatagramBatches::add_copy(std::string_view first, std::string_view rest, InternId peer) {
  const size_t length = first.size() + rest.size();
  Batch* batch = batch_.get();
  size_t* at = &free_at_;
  if (batch->slot.size() - free_at_ < length) {
    if (!take_extra(length)) return false;
    batch = extra_.back().get();
    at = &extra_used_;
  }
  char* to = batch->slot.data() + *at;
  std::memcpy(to, first.data(), first.size());
  if (!rest.empty()) std::memcpy(to + first.size(), rest.data(), rest.size());
  add_frame(*batch, *at, length, peer);
  *at += length;
  return true;
}

bool DatagramBatches::take_extra(size_t length) {
  if (!extra_.empty() && extra_.back()->slot.size() - extra_used_ >= length) return true;
  Slot slot = intake_.take_slot(slot_for(length), length);
  if (!slot || slot.size() < length) return false;
  extra_.push_back(intake_.new_batch(std::move(slot)));
  extra_.back()->received = received_;
  extra_used_ = 0;
  return true;
}

void DatagramBatches::end_round() { used_ = free_at_; }

void DatagramBatches::add_frame(Batch& batch, size_t offset, size_t length, InternId peer) {
  longest_ = std::max(longest_, length);
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
  } else if (level > 0 && used_ <= kSlotBytes[level - 1] / 2) {
    if (++calm_ >= kCalmSlots) {
      calm_ = 0;
      level_ = static_cast<SlotSize>(level - 1);
    }
  } else {
    calm_ = 0;
  }
  choose_stride();
}

// Up at once, because every longer datagram is copied; down when nothing was that long for a while.
void DatagramBatches::choose_stride() {
  const size_t wanted = stride_for(longest_);
  if (wanted > stride_) {
    stride_ = wanted;
  } else if (++slots_ < kSlotsPerStride) {
    return;
  } else {
    stride_ = wanted;
  }
  longest_ = 0;
  slots_ = 0;
}

}  // namespace sluice
