#include "daemon/admin/metrics.h"

#include <charconv>
#include <span>
#include <utility>

namespace sluice {
namespace {

constexpr const char* kCounter = "counter";
constexpr const char* kGauge = "gauge";

// A family with one value for each listener, or one altogether.
template <class Of>
struct Row {
  const char* name;
  const char* type;
  const char* help;
  double (*value)(const Of&);
};

constexpr Row<ListenerStatus> kListenerRows[] = {
    {"sluice_received_lines_total", kCounter, "Lines cut from what came in.",
     [](const ListenerStatus& l) { return double(l.ledger.received); }},
    {"sluice_received_bytes_total", kCounter, "Bytes of those lines.",
     [](const ListenerStatus& l) { return double(l.ledger.received_bytes); }},
    {"sluice_stored_lines_total", kCounter, "Lines written to the store.",
     [](const ListenerStatus& l) { return double(l.ledger.stored); }},
    {"sluice_collapsed_lines_total", kCounter, "Repeated lines kept as a count of their first copy.",
     [](const ListenerStatus& l) { return double(l.ledger.collapsed); }},
    {"sluice_in_flight_lines", kGauge, "Lines received and not yet stored, collapsed or dropped.",
     [](const ListenerStatus& l) { return double(l.ledger.in_flight()); }},
    {"sluice_truncated_lines_total", kCounter, "Lines over max_frame_bytes, stored cut.",
     [](const ListenerStatus& l) { return double(l.ledger.truncated); }},
    {"sluice_discarded_bytes_total", kCounter, "Bytes cut off such lines, or given up on a framing error.",
     [](const ListenerStatus& l) { return double(l.ledger.discarded_bytes); }},
    {"sluice_framing_errors_total", kCounter, "Streams that could not be cut into lines any further.",
     [](const ListenerStatus& l) { return double(l.ledger.framing_errors); }},
    {"sluice_unparsed_lines_total", kCounter, "Lines not of the listener's format, stored whole and flagged.",
     [](const ListenerStatus& l) { return double(l.ledger.unparsed); }},
    {"sluice_replayed_lines_total", kCounter,
     "Lines that a former process received and this one stored; part of received.",
     [](const ListenerStatus& l) { return double(l.ledger.replayed); }},
    {"sluice_open_connections", kGauge, "Connections open now.",
     [](const ListenerStatus& l) { return double(l.stats.connections); }},
    {"sluice_opened_connections_total", kCounter, "Connections accepted.",
     [](const ListenerStatus& l) { return double(l.ledger.connections_opened); }},
    {"sluice_closed_connections_total", kCounter, "Connections ended.",
     [](const ListenerStatus& l) { return double(l.ledger.connections_closed); }},
    {"sluice_refused_connections_total", kCounter, "Connections beyond max_connections, closed at once.",
     [](const ListenerStatus& l) { return double(l.ledger.connections_refused); }},
    {"sluice_reset_connections_total", kCounter, "Connections that ended with an error.",
     [](const ListenerStatus& l) { return double(l.stats.resets); }},
    {"sluice_idle_closed_connections_total", kCounter, "Connections closed after idle_timeout.",
     [](const ListenerStatus& l) { return double(l.stats.idle_closed); }},
    {"sluice_accept_errors_total", kCounter, "Connections that could not be accepted: no descriptors or memory.",
     [](const ListenerStatus& l) { return double(l.stats.accept_errors); }},
    {"sluice_admission_waits_total", kCounter, "Times a reader waited for room.",
     [](const ListenerStatus& l) { return double(l.stats.waits); }},
    {"sluice_passed_deadlines_total", kCounter, "Waits that outlasted their deadline.",
     [](const ListenerStatus& l) { return double(l.stats.deadlines_passed); }},
    {"sluice_receive_buffer_bytes", kGauge, "Kernel buffers of a UDP listener's sockets.",
     [](const ListenerStatus& l) { return double(l.stats.receive_buffer); }},
};

double seconds(Nanos time) { return static_cast<double>(time) / kSecond; }

constexpr Row<StatusSnapshot> kRows[] = {
    {"sluice_uptime_seconds", kGauge, "Time since the start.",
     [](const StatusSnapshot& s) { return seconds(s.uptime); }},
    {"sluice_ready", kGauge, "1 while lines are welcome.", [](const StatusSnapshot& s) { return double(s.ready); }},
    {"sluice_healthy", kGauge, "0 while a thread does not come out of one piece of work; /healthz names it.",
     [](const StatusSnapshot& s) { return double(s.healthy); }},
    {"sluice_load_ratio", kGauge, "How far memory and queue are towards their limits, 0 to 1.",
     [](const StatusSnapshot& s) { return s.load; }},
    {"sluice_memory_critical", kGauge, "1 while nothing is admitted for want of memory.",
     [](const StatusSnapshot& s) { return double(s.critical); }},
    {"sluice_memory_level", kGauge, "0 normal, 1 warning, 2 critical.",
     [](const StatusSnapshot& s) { return double(s.memory.level); }},
    {"sluice_memory_limit_bytes", kGauge, "The ceiling in force.",
     [](const StatusSnapshot& s) { return double(s.memory.limit); }},
    {"sluice_memory_tracked_bytes", kGauge, "Memory charged to all accounts.",
     [](const StatusSnapshot& s) { return double(s.memory.tracked); }},
    {"sluice_memory_resident_bytes", kGauge, "Resident size of the process.",
     [](const StatusSnapshot& s) { return double(s.memory.rss); }},
    {"sluice_memory_peak_resident_bytes", kGauge, "The highest sampled.",
     [](const StatusSnapshot& s) { return double(s.memory.peak_rss); }},
    {"sluice_memory_cgroup_bytes", kGauge, "Used by the control group, without page cache.",
     [](const StatusSnapshot& s) { return double(s.memory.cgroup_used); }},
    {"sluice_memory_cgroup_limit_bytes", kGauge, "What the control group allows; 0 for no limit.",
     [](const StatusSnapshot& s) { return double(s.memory.cgroup_limit); }},
    {"sluice_memory_pressure_ratio", kGauge, "Share of time in which tasks waited for memory.",
     [](const StatusSnapshot& s) { return s.memory.pressure; }},
    {"sluice_memory_releases_total", kCounter, "Times memory was given back because it was short.",
     [](const StatusSnapshot& s) { return double(s.memory.releases); }},
    {"sluice_memory_level_changes_total", kCounter, "Changes of the memory level.",
     [](const StatusSnapshot& s) { return double(s.memory.level_changes); }},
    {"sluice_admission_timeout_seconds", kGauge, "How long a reader waits for room, now.",
     [](const StatusSnapshot& s) { return seconds(s.admission_timeout); }},
    {"sluice_admitted_operations_total", kCounter, "Batches admitted.",
     [](const StatusSnapshot& s) { return double(s.context.admitted); }},
    {"sluice_completed_operations_total", kCounter, "Batches finished.",
     [](const StatusSnapshot& s) { return double(s.context.completed); }},
    {"sluice_refused_operations_total", kCounter, "Times a batch found no room.",
     [](const StatusSnapshot& s) { return double(s.context.refused); }},
    {"sluice_in_flight_operations", kGauge, "Batches in flight.",
     [](const StatusSnapshot& s) { return double(s.context.operations); }},
    {"sluice_in_flight_bytes", kGauge, "Bytes of receive buffers in flight.",
     [](const StatusSnapshot& s) { return double(s.context.bytes); }},
    {"sluice_peak_in_flight_operations", kGauge, "The most batches ever in flight.",
     [](const StatusSnapshot& s) { return double(s.context.peak_operations); }},
    {"sluice_peak_in_flight_bytes", kGauge, "The most bytes ever in flight.",
     [](const StatusSnapshot& s) { return double(s.context.peak_bytes); }},
    {"sluice_processed_batches_total", kCounter, "Batches that workers finished.",
     [](const StatusSnapshot& s) { return double(s.pipeline.batches); }},
    {"sluice_processed_lines_total", kCounter, "Lines that workers finished.",
     [](const StatusSnapshot& s) { return double(s.pipeline.lines); }},
    {"sluice_sealed_blocks_total", kCounter, "Blocks handed to the store.",
     [](const StatusSnapshot& s) { return double(s.pipeline.blocks); }},
    {"sluice_queued_batches", kGauge, "Batches waiting for a worker.",
     [](const StatusSnapshot& s) { return double(s.pipeline.queued); }},
    {"sluice_open_records", kGauge, "Records not yet in the store.",
     [](const StatusSnapshot& s) { return double(s.pipeline.open_rows); }},
    {"sluice_store_failing", kGauge, "1 while the store can't be written.",
     [](const StatusSnapshot& s) { return double(s.pipeline.store_failing); }},
    {"sluice_store_segments", kGauge, "Segment files.",
     [](const StatusSnapshot& s) { return double(s.store.segments); }},
    {"sluice_store_blocks", kGauge, "Blocks in them.", [](const StatusSnapshot& s) { return double(s.store.blocks); }},
    {"sluice_store_records", kGauge, "Records in them.", [](const StatusSnapshot& s) { return double(s.store.rows); }},
    {"sluice_store_bytes", kGauge, "Bytes on disk.",
     [](const StatusSnapshot& s) { return double(s.store.stored_bytes); }},
    {"sluice_written_blocks_total", kCounter, "Blocks written.",
     [](const StatusSnapshot& s) { return double(s.store.blocks_written); }},
    {"sluice_written_bytes_total", kCounter, "Bytes written.",
     [](const StatusSnapshot& s) { return double(s.store.bytes_written); }},
    {"sluice_syncs_total", kCounter, "Times the store was synced to the disk.",
     [](const StatusSnapshot& s) { return double(s.store.syncs); }},
    {"sluice_sync_errors_total", kCounter, "Syncs that failed; what they should have written is written again.",
     [](const StatusSnapshot& s) { return double(s.store.sync_errors); }},
    {"sluice_merges_total", kCounter, "Merges of small blocks.",
     [](const StatusSnapshot& s) { return double(s.store.merges); }},
    {"sluice_merged_blocks_total", kCounter, "Small blocks merged into large ones.",
     [](const StatusSnapshot& s) { return double(s.store.blocks_merged); }},
    {"sluice_removed_segments_total", kCounter, "Segments removed by retention.",
     [](const StatusSnapshot& s) { return double(s.store.segments_removed); }},
    {"sluice_damaged_blocks_total", kCounter, "Blocks found damaged and skipped.",
     [](const StatusSnapshot& s) { return double(s.store.damaged_blocks); }},
    {"sluice_store_clock_doubted", kGauge, "1 while the clock has jumped ahead and retention by age does not go by it.",
     [](const StatusSnapshot& s) { return double(s.store.clock_doubted); }},
    {"sluice_interned_strings", kGauge, "Distinct strings kept once.",
     [](const StatusSnapshot& s) { return double(s.interner.strings); }},
    {"sluice_interned_bytes", kGauge, "Bytes of those strings.",
     [](const StatusSnapshot& s) { return double(s.interner.bytes); }},
    {"sluice_interner_hits_total", kCounter, "Strings found in the shared table.",
     [](const StatusSnapshot& s) { return double(s.interner.hits); }},
    {"sluice_interner_refused_strings_total", kCounter, "Strings stored inline: the table is full, or they too long.",
     [](const StatusSnapshot& s) { return double(s.interner.refused); }},
};

constexpr Row<SpoolStatus> kSpoolRows[] = {
    {"sluice_spool_syncs_total", kCounter, "Syncs of the spool for senders that wait for an answer.",
     [](const SpoolStatus& s) { return double(s.syncs); }},
    {"sluice_spool_sync_errors_total", kCounter, "Those that failed; their senders got no answer and keep their lines.",
     [](const SpoolStatus& s) { return double(s.sync_errors); }},
    {"sluice_spool_found_slots", kGauge, "Receive buffers that the process before had left in use.",
     [](const SpoolStatus& s) { return double(s.slots_found); }},
    {"sluice_spool_damaged_slots", kGauge, "Of them, those that made no sense: what was in them is lost.",
     [](const SpoolStatus& s) { return double(s.damaged_slots); }},
};

constexpr Row<DedupeWindow::Stats> kDedupeRows[] = {
    {"sluice_dedupe_checked_lines_total", kCounter, "Lines looked up.",
     [](const DedupeWindow::Stats& d) { return double(d.checked); }},
    {"sluice_dedupe_repeated_lines_total", kCounter, "Lines that came within the window before.",
     [](const DedupeWindow::Stats& d) { return double(d.duplicates); }},
    {"sluice_dedupe_maybe_lines_total", kCounter, "Lines that the bloom filter could not rule out.",
     [](const DedupeWindow::Stats& d) { return double(d.maybe); }},
    {"sluice_dedupe_false_positives_total", kCounter, "Of those, lines that were new after all.",
     [](const DedupeWindow::Stats& d) { return double(d.false_positives); }},
    {"sluice_dedupe_entries", kGauge, "Fingerprints remembered.",
     [](const DedupeWindow::Stats& d) { return double(d.entries); }},
    {"sluice_dedupe_capacity_entries", kGauge, "Fingerprints that fit.",
     [](const DedupeWindow::Stats& d) { return double(d.capacity); }},
    {"sluice_dedupe_effective_window_seconds", kGauge, "Age of the oldest fingerprint still known.",
     [](const DedupeWindow::Stats& d) { return seconds(d.effective_window); }},
    {"sluice_dedupe_bytes", kGauge, "Memory of filter and table.",
     [](const DedupeWindow::Stats& d) { return double(d.bytes); }},
};

struct Label {
  const char* name;
  std::string_view value;
};

class Text {
 public:
  void family(const char* name, const char* type, const char* help) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
  }

  void sample(const char* name, std::span<const Label> labels, double value) {
    text_ += name;
    char separator = '{';
    for (const Label& label : labels) {
      text_ += separator;
      text_.append(label.name).append("=\"");
      append_escaped(label.value);
      text_ += '"';
      separator = ',';
    }
    if (!labels.empty()) text_ += '}';
    text_ += ' ';
    append_number(value);
    text_ += '\n';
  }

  void value(const char* name, const char* type, const char* help, double value) {
    family(name, type, help);
    sample(name, {}, value);
  }

  template <class Of>
  void rows(std::span<const Row<Of>> rows, const Of& of) {
    for (const Row<Of>& row : rows) value(row.name, row.type, row.help, row.value(of));
  }

  std::string take() { return std::move(text_); }

 private:
  void append_escaped(std::string_view value) {
    for (const char c : value) {
      if (c == '\\' || c == '"') text_ += '\\';
      c == '\n' ? text_.append("\\n") : text_.append(1, c);
    }
  }

  // Without a fraction or exponent where it has none: a double holds every count up to 2^53.
  void append_number(double value) {
    char buffer[32];
    const bool whole = value >= 0 && value < 9e15 && value == static_cast<double>(static_cast<uint64_t>(value));
    const auto end = whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<uint64_t>(value)).ptr
                           : std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    text_.append(buffer, end);
  }

  std::string text_;
};

void add_listeners(const StatusSnapshot& snapshot, Text& text) {
  for (const auto& row : kListenerRows) {
    text.family(row.name, row.type, row.help);
    for (const ListenerStatus& listener : snapshot.listeners) {
      const Label labels[] = {{"listener", listener.ledger.listener}};
      text.sample(row.name, labels, row.value(listener));
    }
  }
  constexpr const char* kDropped = "sluice_dropped_lines_total";
  text.family(kDropped, kCounter, "Lines not stored, by reason.");
  for (const ListenerStatus& listener : snapshot.listeners) {
    for (size_t i = 0; i < kDropReasons; ++i) {
      const auto reason = static_cast<DropReason>(i);
      const Label labels[] = {{"listener", listener.ledger.listener},
                              {"reason", drop_reason_text(reason)},
                              {"intentional", is_intentional(reason) ? "true" : "false"}};
      text.sample(kDropped, labels, static_cast<double>(listener.ledger.dropped[i]));
    }
  }
}

void add_accounts(const StatusSnapshot& snapshot, Text& text) {
  text.family("sluice_account_bytes", kGauge, "Memory charged to each account.");
  for (const MemoryAccount::Stats& account : snapshot.accounts) {
    const Label labels[] = {{"account", account.name}};
    text.sample("sluice_account_bytes", labels, static_cast<double>(account.current));
  }
  text.family("sluice_account_peak_bytes", kGauge, "The most ever charged to each account.");
  for (const MemoryAccount::Stats& account : snapshot.accounts) {
    const Label labels[] = {{"account", account.name}};
    text.sample("sluice_account_peak_bytes", labels, static_cast<double>(account.peak));
  }
}

void add_slots(const StatusSnapshot& snapshot, Text& text) {
  constexpr const char* kSizes[kSlotSizes] = {"small", "modest", "medium", "big", "large"};
  const auto two_labels = [&](const char* name, const char* size, const char* label, const char* of, uint64_t value) {
    const Label labels[] = {{"size", size}, {label, of}};
    text.sample(name, labels, static_cast<double>(value));
  };
  text.family("sluice_slots", kGauge, "Receive buffers in use.");
  for (size_t i = 0; i < kSlotSizes; ++i) {
    const Label labels[] = {{"size", kSizes[i]}};
    text.sample("sluice_slots", labels, static_cast<double>(snapshot.slots.levels[i].in_use));
  }
  text.family("sluice_slot_bytes", kGauge, "Memory for receive buffers: all there is, of it free, of it ever touched.");
  for (const auto& [state, bytes] :
       {std::pair("all", snapshot.slots.bytes), std::pair("free", snapshot.slots.free_bytes),
        std::pair("resident", snapshot.slots.resident)}) {
    const Label labels[] = {{"state", state}};
    text.sample("sluice_slot_bytes", labels, static_cast<double>(bytes));
  }
  text.family("sluice_slot_requests_total", kCounter, "Receive buffers asked for, by what was given.");
  for (size_t i = 0; i < kSlotSizes; ++i) {
    two_labels("sluice_slot_requests_total", kSizes[i], "result", "warm", snapshot.slots.levels[i].hits);
    two_labels("sluice_slot_requests_total", kSizes[i], "result", "cold", snapshot.slots.levels[i].misses);
    two_labels("sluice_slot_requests_total", kSizes[i], "result", "refused", snapshot.slots.levels[i].refused);
  }
}

}  // namespace

bool is_intentional(DropReason reason) { return reason == DropReason::queue_full || reason == DropReason::memory; }

std::string render_metrics(const StatusSnapshot& snapshot) {
  Text text;
  text.family("sluice_build_info", kGauge, "The version that runs.");
  const Label version[] = {{"version", snapshot.version}};
  text.sample("sluice_build_info", version, 1);
  add_listeners(snapshot, text);
  text.rows<StatusSnapshot>(kRows, snapshot);
  if (snapshot.dedupe) text.rows<DedupeWindow::Stats>(kDedupeRows, *snapshot.dedupe);
  if (snapshot.spool) text.rows<SpoolStatus>(kSpoolRows, *snapshot.spool);
  add_accounts(snapshot, text);
  add_slots(snapshot, text);
  return text.take();
}

}  // namespace sluice
