// Intake: what the readers of one listener share in one I/O thread: where slots and batches come from, where batches
// go, what is counted on the way.
//
//   Slot slot = intake.take_slot(SlotSize::medium, 2000);       // medium or smaller, at least 2000 bytes
//   auto batch = intake.new_batch(std::move(slot));
//   ... recv, cut frames ...
//   intake.count(*batch);                                       // received: before admission
//   if (intake.submit(batch) == Verdict::full) intake.wait_for_room(*this, *batch, intake.deadline());
//   intake.give_up(std::move(batch), DropReason::queue_full);   // or dropped, and counted
//   intake.leave(std::move(batch));                             // at the end: to the next process
//
// Threads: the I/O thread's one; give_up() also by Listener::close() when that thread has ended.
#pragma once

#include <sys/types.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/spool/spool.h"
#include "daemon/net/gate.h"
#include "daemon/net/listener.h"
#include "daemon/net/poller.h"

namespace sluice {

class Intake {
 public:
  // REQUIRES: poller is not null
  Intake(std::string name, const ListenerParts& parts, boost::asio::io_context& io, std::shared_ptr<Poller> poller)
      : parts(parts),
        io(io),
        poller(std::move(poller)),
        gate(Gate::make(io, parts.context, parts.clock)),
        name_(std::move(name)) {}

  // An empty slot when the pool has none of `wanted` or smaller that holds `bytes`, or none at all.
  Slot take_slot(SlotSize wanted, size_t bytes);
  // Writes the slot's header: what a later process needs to make the same lines of it.
  struct Description {
    SlotKind kind = SlotKind::stream;
    InternId peer = kNotInterned;
    uint32_t max_frame_bytes = 0;
    bool acknowledged = false;
    std::string_view framing;  // the framer's state before the slot's first byte
    SlotTail tail;
  };
  void describe(Slot& slot, const Description& description);
  // The same for a slot that holds whole lines, `bytes` of them, of a sender that is answered.
  void describe_text(Batch& batch, size_t bytes);
  // Room in a slot, and the bytes put there made its own. Those that are going to be synced come by way of a buffer, of
  // 64 KiB, and the spool's file.
  std::span<char> room(const Slot& slot, size_t from);
  void put(const Slot& slot, size_t from, std::span<const char> bytes);
  // One read of a stream behind the slot's tail, as recv(2). `room` becomes the most that it could have given.
  ssize_t receive(int fd, Slot& slot, size_t& room);
  std::unique_ptr<Batch> new_batch(Slot slot);
  void count(const Batch& batch);
  // On `admitted` the batch is gone; on the others it is left.
  Verdict submit(std::unique_ptr<Batch>& batch) { return parts.pipeline.submit(batch); }
  // For a batch that found none.
  void wait_for_room(GateWaiter& waiter, const Batch& batch, Nanos deadline) {
    gate->wait_for_room(waiter, parts.pipeline.cost_of(batch), deadline);
  }
  void give_up(std::unique_ptr<Batch> batch, DropReason reason);
  // At the end: stays in the spool for the next process; without one as give_up().
  void leave(std::unique_ptr<Batch> batch);
  void leave(Slot slot, size_t lines, size_t bytes);
  void recycle(std::unique_ptr<Batch> batch) { parts.pipeline.recycle(std::move(batch)); }

  Nanos deadline() const { return parts.clock.monotonic() + parts.context.timeout().count(); }
  LedgerCell& cell();
  void report(const std::string& what) const;
  void close();

  const ListenerParts parts;
  boost::asio::io_context& io;
  const std::shared_ptr<Poller> poller;
  const std::shared_ptr<Gate> gate;

 private:
  std::span<char> buffer();

  const std::string name_;
  std::vector<char> buffer_;  // empty until it is needed
  LedgerCell* cell_ = nullptr;
};

// The smallest size that holds `bytes`; large when none does.
SlotSize slot_for(size_t bytes);

// Bytes from outside for a log line: printable ASCII as it is, the rest as \xNN.
std::string printable(std::string_view bytes);

}  // namespace sluice
