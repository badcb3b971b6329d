// StreamSession: one TCP connection. It reads, cuts and hands over; everything else is done by workers, so that one busy
// connection can feed all of them.
//
// A turn: the socket is readable -> take a slot -> one recv straight into it -> cut -> the slot goes to the workers whole.
// A turn goes on with the next slot while recv fills them, up to kTurnBytes; then others have theirs. The slot's size
// follows how much recv finds. Between turns the session owns no slot: a partial frame at the end is kept in a small
// buffer of its own, so that ten thousand idle connections cost what their sessions cost.
//
// A session that found little, and little just before, rests a moment at the gate and reads again without being told:
// a busy sender's lines come in batches then. One that found nothing waits for the kernel to tell.
//
// Threads: its shard's I/O thread. Memory: about 350 bytes and its partial frame, charged by the shard.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>

#include "core/frame/framer.h"
#include "daemon/net/intake.h"
#include "daemon/net/socket.h"

namespace sluice {

class StreamShard;
struct SessionTag;
using SessionHook = boost::intrusive::list_base_hook<boost::intrusive::tag<SessionTag>>;

class StreamSession final : public Readable, public GateWaiter, public SessionHook {
 public:
  StreamSession(StreamShard& shard, Socket socket, InternId peer);
  ~StreamSession();

  void start();
  // Reads once what is there, makes the rest a frame, and closes.
  void stop();
  // Gives the partial frame's spare bytes back when nothing came since `quiet`. True when nothing came since `idle`.
  bool sweep(Nanos quiet, Nanos idle);
  // What it still holds is dropped{shutdown}. For Listener::close().
  void abandon();

  void on_readable() override;
  void on_room() override;
  void on_rested() override;
  void on_deadline() override;

 private:
  enum class State : uint8_t { reading, last_read, finishing, closing };

  void turn();
  void finish();
  void resume();
  bool take_slot();
  void cut(size_t received);
  bool hand_over(size_t filled, size_t used);
  bool submit();
  void adapt(size_t filled);
  void keep_tail(std::string_view tail);
  void resize_tail(size_t capacity);
  void load_tail();
  void count_framing();
  void close();

  StreamShard& shard_;
  Socket socket_;
  Framer framer_;
  Framer::Counters counted_;      // of framer_.counters(), already in the ledger
  std::unique_ptr<Batch> batch_;  // during a turn, or while it waits for room (pending_)
  std::unique_ptr<char[]> tail_;  // a partial frame, between slots
  uint32_t tail_length_ = 0;
  uint32_t tail_capacity_ = 0;
  uint32_t last_bytes_ = 0;  // left to read in State::last_read
  InternId peer_;
  Nanos last_read_;  // monotonic
  State state_ = State::reading;
  SlotSize level_ = SlotSize::small;
  uint8_t calm_ = 0;  // turns in a row that a smaller slot would have held
  bool pending_ = false;
};

}  // namespace sluice
