// HttpBody: the lines of one request: its body decoded into slots, cut, and handed to the workers slot by slot.
//
//   HttpBody body(intake, {.coding = BodyCoding::gzip, .max_bytes = 16 << 20, ..., .ack = {mailbox, token}});
//   size_t used = body.take(piece);            // fewer than given: needs() or error() says why
//   if (body.needs() == Needs::room) gate.wait_for_room(..., body.cost(), ...);     // then body.submit(), take() the rest
//   if (body.needs() == Needs::slot) gate.wait_for_slot(...);                       // then body.get_slot(), the same
//   while (!body.finish()) ...                 // the same, after the last piece
//   body.batches()                             // so many acks will come, one for each batch
//
// A slot goes to the workers when it is full, and the last one when the body has proved whole: a body that fits one slot
// is taken whole or not at all. Every slot begins with a line: what is unfinished at a slot's end moves to the next one.
//
// The slot's size follows what is still to come. A slow sender's slot is taken back (let_go()): the little that it has
// sent waits in a buffer of its own.
//
// Ledger:  lines are received when their slot goes to the workers; those of a body that is given up before never were.
// Threads: its intake's. Memory: bytes() says how much, besides the slot.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/frame/body_decoder.h"
#include "core/frame/framer.h"
#include "daemon/net/intake.h"

namespace sluice {

struct HttpBodyOptions {
  BodyCoding coding = BodyCoding::identity;
  uint64_t max_bytes = 16 << 20;
  std::optional<uint64_t> length;  // of the body as it comes
  uint32_t max_frame_bytes = 64 << 10;
  InternId peer = kNotInterned;
  AckRequest ack;  // of every batch
};

class HttpBody {
 public:
  enum class Needs : uint8_t { nothing, slot, room };

  HttpBody(Intake& intake, HttpBodyOptions options);
  ~HttpBody();

  // REQUIRES: needs() is not room
  size_t take(std::string_view piece);
  // False when it must wait; error() may be set. REQUIRES: the same
  bool finish();

  Needs needs() const { return needs_; }
  bool get_slot();  // false: there is none
  // Tries the batch that waits for room again; false: there is none. REQUIRES: needs() is room
  bool submit();
  const Batch& batch() const { return *batch_; }  // the one that waits for room. REQUIRES: the same
  // The batch that waits for room is dropped, and counted. REQUIRES: needs() is room
  void give_up(DropReason reason);

  // Gives the slot back because nothing comes to fill it. needs() may be room afterwards.
  void let_go();
  bool holds_slot() const { return batch_ != nullptr && needs_ != Needs::room; }
  Nanos slot_since() const { return slot_since_; }  // monotonic

  BodyError error() const { return decoder_.error(); }
  bool stopped() const { return stopped_; }      // the daemon takes no more, or give_up() was called
  uint64_t lines() const { return lines_; }      // handed over
  uint32_t batches() const { return batches_; }  // each will be acked, safe or not
  uint64_t bytes() const { return decoder_.bytes() + kept_.capacity(); }

 private:
  bool make_room();
  bool pass_on(bool last);
  void cut(bool last);
  void drop_rest_of_line();
  void count_framing();
  SlotSize wanted() const;

  Intake& intake_;
  const HttpBodyOptions options_;
  BodyDecoder decoder_;
  Framer framer_;
  Framer::Counters counted_;      // of framer_.counters(), already in the ledger
  std::unique_ptr<Batch> batch_;  // holds the slot that is being filled, or waits for room
  size_t filled_ = 0;             // bytes of the slot
  std::string kept_;              // for the beginning of the next slot
  Nanos slot_since_ = 0;
  uint64_t lines_ = 0;
  uint32_t batches_ = 0;
  Needs needs_ = Needs::nothing;
  bool slow_ = false;  // its last slot was let go
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace sluice
