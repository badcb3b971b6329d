// StreamSession: one TCP connection. It reads, cuts and hands over; everything else is done by workers, so that one busy
// connection can feed all of them.
//
// A turn: the socket is readable -> take a slot -> one recv straight into it -> cut -> the slot goes to the workers whole.
// A turn goes on with the next slot while recv fills them, up to kTurnBytes; then others have theirs. The slot's size
// follows how much recv finds. Between turns the session owns no slot, so that ten thousand idle connections cost what their
// sessions cost; unless a partial frame is left: that stays where it is, in its slot, and is copied to the beginning of the
// next one when more comes. A connection that falls silent, or finds slots short, moves it to the smallest slot that holds
// it.
//
// A session that found little, and little just before, rests a moment at the gate and reads again without being told:
// a busy sender's lines come in batches then. One that found nothing waits for the kernel to tell.
//
// Threads: its shard's I/O thread. Memory: about 350 bytes, charged by the shard, and a slot while it has a
//          partial frame.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>

#include "daemon/net/intake.h"
#include "daemon/net/socket.h"
#include "daemon/net/stream_protocol.h"

namespace sluice {

class StreamShard;
struct SessionTag;
using SessionHook = boost::intrusive::list_base_hook<boost::intrusive::tag<SessionTag>>;

class StreamSession final : public Readable, public GateWaiter, public SessionHook {
 public:
  StreamSession(StreamShard& shard, Socket socket, InternId peer, uint32_t id,
                std::unique_ptr<StreamProtocol> protocol);
  ~StreamSession();

  uint32_t id() const { return id_; }  // its name for acks
  int fd() const { return socket_.fd(); }
  void start();
  void on_ack(uint32_t token, bool safe);
  // Reads once what is there, makes the rest a frame, and closes.
  void stop();
  // Moves the partial frame to a smaller slot when nothing came since `quiet`. True when nothing came since `idle`, or a
  // sender that was told the end took no answer since.
  bool sweep(Nanos quiet, Nanos idle);
  // As stop(); one that takes no answers is just closed.
  void expire();
  // Leaves what it still holds to the next process. For Listener::close().
  void abandon();

  void on_readable() override;
  void on_room() override;
  void on_rested() override;
  void on_deadline() override;

 private:
  enum class State : uint8_t {
    reading,
    last_read,  // of a stream that says nothing
    answering,  // takes no more; its sender is still told of what it took
    closing,
  };

  void watch();
  void turn();
  void finish();
  void resume();
  bool take_slot();
  void cut(size_t received);
  bool hand_over();
  bool submit();
  void adapt(size_t filled);
  void wait_for_slot();
  void describe(Slot& slot, SlotTail tail) const;
  std::string_view tail() const { return {tail_slot_.data() + tail_offset_, tail_length_}; }
  void keep_tail(size_t offset, size_t length);
  void tail_went_on();
  bool move_tail();
  void count_framing();
  void report_end(std::string_view why) const;
  bool unsent() const { return sent_ < output_.size(); }
  bool speak();
  void say_goodbye();
  void close();

  StreamShard& shard_;
  Socket socket_;
  const std::unique_ptr<StreamProtocol> protocol_;
  const uint32_t id_;
  StreamProtocol::Counters counted_;  // of protocol_->counters(), already in the ledger
  std::string output_;                // to be sent from sent_ on
  size_t sent_ = 0;
  std::unique_ptr<Batch> batch_;  // during a turn, or while it waits for room (pending_)
  Slot tail_slot_;                // where the partial frame lies, between turns; empty: there is none
  uint32_t tail_offset_ = 0;
  uint32_t tail_length_ = 0;
  uint32_t last_bytes_ = 0;  // left to read in State::last_read
  InternId peer_;
  Nanos last_read_;  // monotonic
  State state_ = State::reading;
  SlotSize level_ = SlotSize::small;
  uint8_t calm_ = 0;  // turns in a row that a smaller slot would have held
  bool pending_ = false;
};

}  // namespace sluice
