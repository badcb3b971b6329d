// UdpReader: empties one UDP socket into slots, a datagram a frame. Empty datagrams are no lines.
//
// A turn: the socket is readable -> take a slot -> recvmmsg into it until it is full or the socket is empty -> hand over
// -> leave the socket alone for a moment, by how much comes (drain_pause.h).
//
// GELF: chunks are put together and compressed bodies expanded (core/frame/gelf_chunks.h), where the listener's format
// is `gelf` or `auto`; a document is copied to a slot and is a frame like any other.
//
// Overload: with `drop_newest` what finds no room waits at most as long as the kernel's buffer can take what comes
// meanwhile, then it is dropped{queue_full}, and everything after it at once until there is room again. While memory is
// critical, or no slot is to be had for that long, datagrams are read and counted as dropped{memory} without being
// kept. With `block` nothing is read while there is no room: what the kernel drops then is counted all the same.
//
// Threads: its I/O thread's. Memory: headers and overflow area, charged to "datagrams".
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/frame/gelf_chunks.h"
#include "daemon/net/chunk_slots.h"
#include "daemon/net/datagram_batches.h"
#include "daemon/net/datagram_receiver.h"
#include "daemon/net/drain_pause.h"
#include "daemon/net/intake.h"
#include "daemon/net/peer_cache.h"
#include "daemon/net/socket.h"

namespace sluice {

struct UdpSettings {
  OverflowPolicy overflow = OverflowPolicy::drop_newest;
  size_t max_frame_bytes = 64 << 10;
  bool gelf = false;       // look for chunks and compressed bodies
  bool gelf_only = false;  // what looks compressed and is not is malformed; otherwise it is a line
};

class UdpReader final : public Readable, public GateWaiter, public std::enable_shared_from_this<UdpReader> {
 public:
  UdpReader(std::unique_ptr<Intake> intake, Socket socket, UdpSettings settings);
  ~UdpReader();

  // What a former process received and had not made lines of. REQUIRES: before start()
  void adopt(std::vector<PendingSlot> slots) { pending_ = std::move(slots); }
  void start();
  // `done` is called once, when what the kernel has now is read and handed over.
  void stop(std::function<void()> done);
  void close();

  Intake& intake() { return *intake_; }
  int fd() const { return socket_.fd(); }
  void add_stats(ListenerStats& stats) const;

  void on_readable() override { turn(); }
  void on_rested() override { turn(); }
  void on_room() override;
  void on_deadline() override;

 private:
  void turn();
  void go_on();
  void settle(Nanos pause);
  void found();
  void place(const DatagramRound& round, size_t got);
  void place_copy(std::string_view first, std::string_view rest, const sockaddr_in6& sender, InternId peer);
  void place_gelf(std::string_view datagram, const sockaddr_in6& sender, InternId peer, const Slot& slot,
                  mmsghdr* header);
  void place_pending();
  bool hand_over(bool emptied);
  bool submit();
  void drop_ready(DropReason reason);
  void wait_for_slot();
  void discard();
  void arrived(size_t datagrams, size_t bytes);
  Nanos emptied();
  Nanos patience() const;
  void start_tick();
  void count_kernel_drops();
  void count_gelf();
  void ended();

  const std::unique_ptr<Intake> intake_;
  Socket socket_;
  const UdpSettings settings_;
  MemoryAccount& account_;
  boost::asio::steady_timer tick_timer_;
  DatagramReceiver receiver_;
  DatagramBatches batches_;
  PeerCache peers_;
  std::vector<std::unique_ptr<Batch>> ready_;  // to be submitted, the next one last; not empty: waiting for room

  std::vector<PendingSlot> pending_;  // of a former process, until start()
  std::optional<GelfDatagrams> gelf_;
  ChunkSlots chunks_;
  std::string datagram_;       // a long one, put together for gelf_
  uint64_t gelf_counted_ = 0;  // what gelf_ dropped and the ledger knows
  uint64_t gelf_kept_ = 0;     // what gelf_ calls malformed and was kept as a line

  bool overloaded_ = false;  // a deadline has passed, and nothing found room since
  Nanos slot_deadline_ = 0;  // monotonic, since no slot was to be had; 0: one was
  bool stopping_ = false;
  uint64_t last_bytes_ = 0;  // when stopping: bytes of kernel buffer left to read
  std::function<void()> done_;

  const uint64_t receive_buffer_;  // kernel bytes
  DrainPause pause_;
  uint32_t kernel_drops_ = 0;  // its counter when last read
};

}  // namespace sluice
