// Ledger: the counters that must balance. For every listener, at every moment:
//
//   received = stored + collapsed + dropped{reason} + in flight
//
//   Ledger ledger;
//   ListenerLedger& l = ledger.listener("syslog-tcp");       // once, at start
//   LedgerCell& cell = l.cell();                             // this thread's counters, no sharing
//   cell.received.add(500);  ...  cell.stored.add(498);
//
// `in flight` is what is left over; it must agree with what the ContextManager and the open blocks hold, and be 0 when
// the daemon is idle and all blocks are stored: tests assert it.
//
// Threads: a cell is written by one thread only and read by any (relaxed loads; a plain load and store per batch,
//          no read-modify-write). Cells are padded to cache lines. totals() reads `received` last, so that what is in
//          flight never shows as negative.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// One writer, many readers.
class Counter {
 public:
  void add(uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_release); }
  uint64_t get() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Why a line was not stored. `intentional` drops are the operator's policy, the others are trouble.
enum class DropReason : uint8_t {
  queue_full,    // overflow policy drop_newest, or a deadline that passed
  memory,        // memory critical: UDP is read and counted
  shutdown,      // left over after shutdown.timeout
  store_failed,  // the store could not take the block (see log)
  kernel,        // datagrams the kernel dropped (SO_RXQ_OVFL); counted as received too, so that the ledger balances
  malformed,     // GELF chunks whose siblings never came, bodies that do not decompress
};
inline constexpr size_t kDropReasons = 6;
std::string_view drop_reason_text(DropReason reason);  // "queue_full"

struct alignas(64) LedgerCell {
  Counter received;  // lines
  Counter received_bytes;
  Counter stored;
  Counter collapsed;
  std::array<Counter, kDropReasons> dropped;
  // Beside the balance: things worth counting that lose no line.
  Counter truncated;        // frames over the limit, kept up to it
  Counter discarded_bytes;  // bytes thrown away with them, or given up on a framing error
  Counter framing_errors;
  Counter unparsed;  // stored raw and flagged
  Counter replayed;  // received by a former process: of `received`
  Counter connections_opened;
  Counter connections_closed;
  Counter connections_refused;
};

struct LedgerTotals {
  std::string listener;
  uint64_t received = 0, received_bytes = 0, stored = 0, collapsed = 0;
  std::array<uint64_t, kDropReasons> dropped{};
  uint64_t truncated = 0, discarded_bytes = 0, framing_errors = 0, unparsed = 0, replayed = 0;
  uint64_t connections_opened = 0, connections_closed = 0, connections_refused = 0;

  uint64_t dropped_total() const;
  uint64_t in_flight() const { return received - stored - collapsed - dropped_total(); }
};

class ListenerLedger {
 public:
  ListenerLedger(std::string name, uint16_t index);
  ~ListenerLedger();
  const std::string& name() const { return name_; }
  uint16_t index() const { return index_; }  // dense from 0
  LedgerCell& cell();                        // the calling thread's; made on its first call, kept after the thread ends
  LedgerTotals totals() const;

 private:
  class Impl;
  std::string name_;
  uint16_t index_;
  std::unique_ptr<Impl> impl_;
};

class Ledger {
 public:
  Ledger();
  ~Ledger();
  ListenerLedger& listener(std::string_view name);  // made on first use; lives as long as the ledger
  ListenerLedger& at(uint16_t index);
  std::vector<LedgerTotals> totals() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
