// Status: what the daemon knows of itself, gathered from its parts for the admin endpoint.
//
// Threads: snapshot() and the others from the admin thread; set_ready() from the main thread.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/spool/committer.h"
#include "core/spool/spool.h"
#include "daemon/admin/status_source.h"
#include "daemon/thread_watch.h"

namespace sluice {

// All outlive the Status.
struct StatusParts {
  const std::vector<ListenerConfig>& config;
  const std::vector<std::unique_ptr<Listener>>& listeners;  // as many as in config, in the same order
  const Ledger& ledger;
  const ContextManager& context;
  const Pipeline& pipeline;
  const Store& store;
  const DedupeWindow* dedupe;  // null: off
  const Spool* spool;          // null: plain memory
  const Committer* committer;  // null without a spool
  const AllocationTracker& memory;
  const MemoryMonitor& monitor;
  const BufferPool& slots;
  const Interner& interner;
  const Clock& clock;
  const ThreadWatch& threads;
};

class Status final : public StatusSource {
 public:
  explicit Status(StatusParts parts) : parts_(parts), started_(parts.clock.monotonic()) {}

  StatusSnapshot snapshot() const override;
  std::string not_ready() const override;
  std::string not_healthy() const override;

  enum class Phase : uint8_t { starting, running, draining };
  void set_phase(Phase phase) { phase_.store(phase, std::memory_order_relaxed); }

  // One line for `systemctl status`.
  std::string line() const;

 private:
  const StatusParts parts_;
  const Nanos started_;  // monotonic
  std::atomic<Phase> phase_{Phase::starting};
};

}  // namespace sluice
