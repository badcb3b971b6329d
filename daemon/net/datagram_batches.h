// DatagramBatches: where a UDP socket's datagrams are put, and what becomes of the slots.
//
//   if (!batches.take_slot()) ...                                   // none is free
//   DatagramRound round = batches.begin_round(64);
//   int got = receiver.receive(fd, round);                          // none: batches.cancel_round()
//   batches.received(now);
//   for (int i = 0; i < got; ++i) batches.add(i, peer);             // where recvmmsg put it
//                             or  batches.add_copy(first, rest, sender, peer);  // a longer one, or a GELF document
//   batches.take(ready, emptied);                                   // batches to be submitted, in order
//
// The slots' size follows how much a reading brings, so that they are at least half full on average: until their lines are
// stored all of their memory is taken, and what was not used for long has left the cache. The stride follows how long
// datagrams are. A copy is put behind the others, or, when it does not fit there, in a slot of its own.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/spool/datagram_rounds.h"
#include "daemon/net/intake.h"

namespace sluice {

class DatagramBatches {
 public:
  DatagramBatches(Intake& intake, size_t max_frame_bytes, bool gelf)
      : intake_(intake), max_frame_bytes_(max_frame_bytes), gelf_(gelf) {}
  ~DatagramBatches();

  bool take_slot();  // false when the pool has none
  // REQUIRES: take_slot() was true, and take() was not called since
  size_t stride() const { return stride_; }
  size_t room() const { return rounds_.room(stride_); }  // datagrams
  // REQUIRES: 1 <= count <= room(); the round before it was received, or cancelled
  const DatagramRound& begin_round(size_t count);
  void cancel_round() { rounds_.cancel(*round_); }
  void received(Nanos when) { received_ = batch_->received = when; }
  const Slot& slot() const { return batch_->slot; }
  void add(size_t i, InternId peer);
  // False, and nothing is kept, when there is no slot for it.
  bool add_copy(std::string_view first, std::string_view rest, const sockaddr_in6& sender, InternId peer);

  // Appends what has frames; the rest goes back. `emptied`: the socket is, and this reading is at its end.
  void take(std::vector<std::unique_ptr<Batch>>& ready, bool emptied);

 private:
  void describe(Slot& slot) const;
  bool take_extra(size_t length);
  void add_frame(Batch& batch, size_t offset, size_t length, InternId peer);
  void choose_size(bool emptied);
  void choose_stride();

  Intake& intake_;
  const size_t max_frame_bytes_;
  const bool gelf_;
  std::unique_ptr<Batch> batch_;
  DatagramRounds rounds_;                      // of its slot
  std::optional<DatagramRound> round_;         // the last one begun
  bool out_of_order_ = false;                  // a copy lies behind datagrams that came later
  std::vector<std::unique_ptr<Batch>> extra_;  // for copies that do not fit behind; the last one is being filled
  DatagramRounds extra_rounds_;
  Nanos received_ = 0;

  SlotSize level_ = SlotSize::small;
  size_t reading_ = 0;  // bytes of slots that this reading's datagrams take
  size_t average_ = 0;  // of a reading, lately
  uint32_t full_ = 0;   // slots of this size that this reading has filled
  size_t stride_ = 2048;
  size_t longest_ = 0;                // datagram since the stride was chosen
  size_t bytes_ = 0, datagrams_ = 0;  // since then
  uint32_t slots_ = 0;                // since then
};

}  // namespace sluice
