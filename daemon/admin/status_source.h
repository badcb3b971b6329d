// StatusSource: where the admin endpoint gets its figures. The daemon implements it over its parts; tests over numbers.
//
// A snapshot is taken for each request. It reads counters and takes a few short locks, and never waits for a worker,
// a disk or a socket: whoever asks for figures does not slow the lines down.
//
// Threads: every method is called from the admin thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/dedupe/dedupe_window.h"
#include "core/intern/interner.h"
#include "core/memory/allocation_tracker.h"
#include "core/memory/buffer_pool.h"
#include "core/memory/memory_monitor.h"
#include "core/pipeline/pipeline.h"
#include "core/runtime/context_manager.h"
#include "core/runtime/ledger.h"
#include "core/store/store.h"
#include "daemon/net/listener.h"

namespace sluice {

struct ListenerStatus {
  LedgerTotals ledger;   // ledger.listener is the name
  std::string protocol;  // "tcp", "udp"
  std::string address;   // "127.0.0.1:5514", with the port that is open
  ListenerStats stats;
};

struct SpoolStatus {
  uint64_t syncs = 0;          // for senders that wait for an answer
  uint64_t sync_errors = 0;    // their senders got none
  uint64_t slots_found = 0;    // at start: a former process had left them in use
  uint64_t damaged_slots = 0;  // of them, those that made no sense
};

struct StatusSnapshot {
  std::string version;
  Nanos uptime = 0;
  bool ready = false;
  bool healthy = false;
  std::string trouble;  // what not_healthy() or else not_ready() says
  std::vector<ListenerStatus> listeners;
  double load = 0;  // 0 to 1
  bool critical = false;
  Nanos admission_timeout = 0;
  ContextManager::Stats context;
  Pipeline::Stats pipeline;
  StoreStats store;
  std::optional<DedupeWindow::Stats> dedupe;  // empty: off
  std::optional<SpoolStatus> spool;           // empty: plain memory
  MemorySnapshot memory;
  std::vector<MemoryAccount::Stats> accounts;
  BufferPool::Stats slots;
  Interner::Stats interner;
};

class StatusSource {
 public:
  virtual ~StatusSource() = default;
  virtual StatusSnapshot snapshot() const = 0;
  // Why no line should be sent here now ("starting", "draining", "the store can't be written"); empty: send.
  virtual std::string not_ready() const = 0;
  // Why the process should be restarted ("thread store has been at one piece of work for 12 s"); empty: it is fine.
  virtual std::string not_healthy() const = 0;
};

}  // namespace sluice
