// A snapshot with a figure in it for every part, and a StatusSource that gives it.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "daemon/admin/status_source.h"

namespace sluice {

inline StatusSnapshot example_snapshot() {
  StatusSnapshot s;
  s.version = "1.2.3";
  s.uptime = 12'500 * kMillisecond;
  s.ready = true;
  s.healthy = true;
  s.load = 0.25;
  s.admission_timeout = 400 * kMillisecond;
  ListenerStatus tcp;
  tcp.protocol = "tcp";
  tcp.address = "127.0.0.1:5514";
  tcp.ledger.listener = "tcp-5514";
  tcp.ledger.received = 1000;
  tcp.ledger.received_bytes = 130'000;
  tcp.ledger.stored = 900;
  tcp.ledger.collapsed = 80;
  tcp.ledger.dropped[static_cast<size_t>(DropReason::queue_full)] = 4;
  tcp.ledger.dropped[static_cast<size_t>(DropReason::memory)] = 3;
  tcp.stats.connections = 2;
  s.listeners.push_back(tcp);
  ListenerStatus udp;
  udp.protocol = "udp";
  udp.address = "127.0.0.1:5514";
  udp.ledger.listener = "udp-5514";
  s.listeners.push_back(udp);
  s.context.admitted = 7;
  s.pipeline.blocks = 5;
  s.store.segments = 2;
  s.dedupe = DedupeWindow::Stats{.checked = 1000, .duplicates = 80};
  s.memory.level = MemoryLevel::warning;
  s.memory.worst = "rss";
  s.accounts.push_back({.name = "slots", .current = 65536, .peak = 131'072, .charges = 3});
  s.accounts.back().by_size[16] = 3;
  s.slots.levels[static_cast<size_t>(SlotSize::medium)].in_use = 1;
  s.interner.strings = 42;
  return s;
}

// Threads: the setters and the server's thread.
class FixedStatus : public StatusSource {
 public:
  StatusSnapshot snapshot() const override { return example_snapshot(); }
  std::string not_ready() const override { return locked(not_ready_); }
  std::string not_healthy() const override { return locked(not_healthy_); }
  void set(std::string not_ready, std::string not_healthy) {
    const std::lock_guard lock(mutex_);
    not_ready_ = std::move(not_ready);
    not_healthy_ = std::move(not_healthy);
  }

 private:
  std::string locked(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    return text;
  }
  mutable std::mutex mutex_;
  std::string not_ready_, not_healthy_;
};

}  // namespace sluice
