// DatagramBatches: where a UDP socket's datagrams are put, and what becomes of the slots.
//
//   if (!batches.take_slot()) ...                                   // none is free
//   int got = round.receive(fd, batches.next(), batches.stride(), batches.room());
//   batches.begin_round(got, now);
//   for (int i = 0; i < got; ++i) batches.add(i, length, peer);     // where recvmmsg put it; at most stride()
//                             or  batches.add_copy(first, rest, peer);  // a longer one, or a GELF document
//   batches.end_round();
//   batches.take(ready);                                            // batches to be submitted, in order
//
// The slot's size follows how much there is to read, the stride how long datagrams are. A copy is put behind the others,
// or, when it does not fit there, in a slot of its own.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/net/intake.h"

namespace sluice {

class DatagramBatches {
 public:
  DatagramBatches(Intake& intake, size_t max_frame_bytes) : intake_(intake), max_frame_bytes_(max_frame_bytes) {}
  ~DatagramBatches();

  bool take_slot();  // false when the pool has none
  // REQUIRES: take_slot() was true, and take() was not called since
  char* next() const { return batch_->slot.data() + used_; }
  size_t stride() const { return stride_; }
  size_t room() const { return (batch_->slot.size() - used_) / stride_; }  // strides

  void begin_round(size_t got, Nanos received);
  void add(size_t i, size_t length, InternId peer);
  // False, and nothing is kept, when there is no slot for it.
  bool add_copy(std::string_view first, std::string_view rest, InternId peer);
  void end_round();

  // Appends what has frames; the rest goes back.
  void take(std::vector<std::unique_ptr<Batch>>& ready);

 private:
  bool take_extra(size_t length);
  void add_frame(Batch& batch, size_t offset, size_t length, InternId peer);
  void adapt();
  void choose_stride();

  Intake& intake_;
  const size_t max_frame_bytes_;
  std::unique_ptr<Batch> batch_;
  size_t used_ = 0;                            // bytes of its slot
  size_t free_at_ = 0;                         // in a round: behind its strides and copies
  std::vector<std::unique_ptr<Batch>> extra_;  // for copies that do not fit behind; the last one is being filled
  size_t extra_used_ = 0;
  Nanos received_ = 0;

  SlotSize level_ = SlotSize::small;
  uint8_t calm_ = 0;  // slots in a row that a smaller one would have held
  size_t stride_ = 2048;
  size_t longest_ = 0;  // datagram since the stride was chosen
  uint32_t slots_ = 0;  // since then
};

}  // namespace sluice
