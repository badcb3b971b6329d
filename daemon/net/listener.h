// Listener: one place where log lines come in: TCP, UDP or HTTP. It reads into slots, cuts frames and hands batches to the
// Pipeline.
//
//   auto listener = make_stream_listener(config, parts);       // the port is bound now, or the sentence says why not
//   (*listener)->start();                                   // accepts and reads in the I/O threads
//   ...
//   (*listener)->stop_intake([&] { ... all of it was handed over ... });
//   ... stop the I/O threads, join them ...
//   (*listener)->close();
//
// Backpressure: while memory is critical, no slot is free or no operation may enter, nothing is read. TCP then slows its
// senders down by itself. With `drop_newest` a batch that waited longer than the context manager's deadline is given up
// and counted; a UDP socket besides never waits longer than its kernel buffer can hold.
//
// Ledger: `received` is counted when a frame has been cut (bytes: those of the frames), before admission. What the
// kernel dropped is counted as received and dropped{kernel}.
//
// Threads: start(), stop_intake(), port() and stats() from any thread. close() once the I/O threads have ended. A
//          Listener may be destroyed after stop_intake() called back, or after close(). Each io_context is run by one
//          thread and outlives the Listener.
// Memory:  connections and their partial frames are charged to account "connections", a UDP socket's headers and
//          overflow area to "datagrams".
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/intern/interner.h"
#include "core/memory/allocation_tracker.h"
#include "core/memory/buffer_pool.h"
#include "core/pipeline/pipeline.h"
#include "core/pipeline/replay.h"
#include "core/runtime/context_manager.h"
#include "core/runtime/ledger.h"

namespace sluice {

// What a listener works with; all outlive it.
struct ListenerParts {
  std::vector<boost::asio::io_context*> io;  // at least one; connections are spread over them in turn
  Pipeline& pipeline;
  ContextManager& context;
  BufferPool& pool;
  Spool* spool = nullptr;  // what the pool's slots lie in; null: plain memory
  Interner& interner;
  ListenerLedger& ledger;
  AllocationTracker& memory;
  const Clock& clock;
  std::function<void(const std::string&)> report;  // trouble, told to a person; rate limited by who gives it
  uint16_t source = 0;                             // given by Pipeline::add_source()
  bool synced = false;                             // waits_for_syncs()
};

// Beside the ledger: what an operator may want to see of one listener.
struct ListenerStats {
  uint64_t connections = 0;       // open now
  uint64_t resets = 0;            // connections that ended with an error
  uint64_t idle_closed = 0;       // closed after idle_timeout
  uint64_t accept_errors = 0;     // out of descriptors or memory
  uint64_t waits = 0;             // a batch or a reader waited for room
  uint64_t deadlines_passed = 0;  // waits that outlasted their deadline
  uint64_t receive_buffer = 0;    // UDP: bytes the kernel gave, of all sockets
};

class Listener {
 public:
  virtual ~Listener() = default;

  virtual void start() = 0;
  // Datagrams that a former process received and had not made lines of. REQUIRES: before start()
  virtual void adopt(std::vector<PendingSlot> /*slots*/) {}
  // Stops accepting, reads once what the kernel already has, makes a partial last line a frame, and closes. `done` is
  // called in an I/O thread when everything has been handed over; that can take as long as there is no room.
  virtual void stop_intake(std::function<void()> done) = 0;
  // Leaves what is still held in the spool, or without one counts it as dropped{shutdown}. REQUIRES: the I/O threads have ended.
  virtual void close() = 0;

  virtual uint16_t port() const = 0;  // the one chosen by the kernel when the config says 0
  virtual ListenerStats stats() const = 0;
};

// REQUIRES: config.protocol is the one asked for
// TCP and RELP.
Result<std::unique_ptr<Listener>> make_stream_listener(const ListenerConfig& config, ListenerParts parts);
Result<std::unique_ptr<Listener>> make_udp_listener(const ListenerConfig& config, ListenerParts parts);
Result<std::unique_ptr<Listener>> make_http_listener(const ListenerConfig& config, ListenerParts parts);

}  // namespace sluice
