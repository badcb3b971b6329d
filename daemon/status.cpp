#include "daemon/status.h"

#include <unordered_map>

#include "core/base/version.h"

namespace sluice {

StatusSnapshot Status::snapshot() const {
  StatusSnapshot snapshot;
  snapshot.version = kVersion;
  snapshot.uptime = parts_.clock.monotonic() - started_;
  snapshot.trouble = not_healthy();
  snapshot.healthy = snapshot.trouble.empty();
  const std::string unready = not_ready();
  snapshot.ready = unready.empty();
  if (snapshot.healthy) snapshot.trouble = unready;
  std::unordered_map<std::string, LedgerTotals> totals;
  for (LedgerTotals& t : parts_.ledger.totals()) totals[t.listener] = t;
  for (size_t i = 0; i < parts_.config.size(); ++i) {
    const ListenerConfig& config = parts_.config[i];
    ListenerStatus& listener = snapshot.listeners.emplace_back();
    listener.ledger = totals[config.name];
    listener.protocol = protocol_text(config.protocol);
    listener.address = config.host + ":" + std::to_string(parts_.listeners[i]->port());
    listener.stats = parts_.listeners[i]->stats();
  }
  snapshot.load = parts_.context.load();
  snapshot.critical = parts_.context.critical();
  snapshot.admission_timeout = parts_.context.timeout().count();
  snapshot.context = parts_.context.stats();
  snapshot.pipeline = parts_.pipeline.stats();
  snapshot.store = parts_.store.stats();
  if (parts_.dedupe) snapshot.dedupe = parts_.dedupe->stats();
  if (parts_.spool && parts_.committer) {
    snapshot.spool = {.syncs = parts_.committer->syncs(),
                      .sync_errors = parts_.committer->failures(),
                      .slots_found = parts_.spool->found().slots,
                      .damaged_slots = parts_.spool->found().damaged};
  }
  snapshot.memory = parts_.monitor.last();
  snapshot.accounts = parts_.memory.stats();
  snapshot.slots = parts_.slots.stats();
  snapshot.interner = parts_.interner.stats();
  return snapshot;
}

std::string Status::not_ready() const {
  switch (phase_.load(std::memory_order_relaxed)) {
    case Phase::starting:
      return "starting";
    case Phase::draining:
      return "draining";
    case Phase::running:
      break;
  }
  if (parts_.pipeline.stats().store_failing) return "the store takes no blocks";
  if (parts_.context.critical()) return "memory is critical";
  return "";
}

std::string Status::not_healthy() const { return parts_.threads.stuck(); }

std::string Status::line() const {
  uint64_t received = 0, stored = 0, dropped = 0;
  for (const LedgerTotals& t : parts_.ledger.totals()) {
    received += t.received;
    stored += t.stored + t.collapsed;
    dropped += t.dropped_total();
  }
  std::string line = std::to_string(received) + " lines received, " + std::to_string(stored) +
                     " stored or collapsed, " + std::to_string(dropped) + " dropped; load " +
                     std::to_string(static_cast<int>(parts_.context.load() * 100)) + " %";
  std::string trouble = not_healthy();
  if (trouble.empty()) trouble = not_ready();
  return trouble.empty() ? line : trouble + "; " + line;
}

}  // namespace sluice
