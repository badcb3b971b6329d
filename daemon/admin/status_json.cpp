#include "daemon/admin/status_json.h"

#include "daemon/admin/json_writer.h"

namespace sluice {
namespace {

double seconds(Nanos time) { return static_cast<double>(time) / kSecond; }

void add_ledger(const LedgerTotals& totals, JsonWriter& json) {
  json.key(totals.listener).open();
  json.key("received").value(totals.received).key("received_bytes").value(totals.received_bytes);
  json.key("stored").value(totals.stored).key("collapsed").value(totals.collapsed);
  json.key("dropped").open();
  for (size_t i = 0; i < kDropReasons; ++i) {
    json.key(drop_reason_text(static_cast<DropReason>(i))).value(totals.dropped[i]);
  }
  json.close();
  json.key("in_flight").value(totals.in_flight());
  json.close();
}

void add_listener(const ListenerStatus& listener, JsonWriter& json) {
  const LedgerTotals& totals = listener.ledger;
  json.key(totals.listener).open();
  json.key("protocol").value(listener.protocol).key("address").value(listener.address);
  json.key("truncated_lines").value(totals.truncated).key("discarded_bytes").value(totals.discarded_bytes);
  json.key("framing_errors").value(totals.framing_errors).key("unparsed_lines").value(totals.unparsed);
  json.key("replayed_lines").value(totals.replayed);
  json.key("connections").value(listener.stats.connections);
  json.key("connections_opened").value(totals.connections_opened);
  json.key("connections_closed").value(totals.connections_closed);
  json.key("connections_refused").value(totals.connections_refused);
  json.key("connections_reset").value(listener.stats.resets);
  json.key("connections_idle_closed").value(listener.stats.idle_closed);
  json.key("accept_errors").value(listener.stats.accept_errors);
  json.key("waits").value(listener.stats.waits).key("deadlines_passed").value(listener.stats.deadlines_passed);
  json.key("receive_buffer_bytes").value(listener.stats.receive_buffer);
  json.close();
}

void add_operations(const StatusSnapshot& snapshot, JsonWriter& json) {
  const ContextManager::Stats& c = snapshot.context;
  json.key("operations").open();
  json.key("admitted").value(c.admitted).key("completed").value(c.completed).key("refused").value(c.refused);
  json.key("in_flight").value(c.operations).key("in_flight_lines").value(c.lines);
  json.key("in_flight_bytes").value(c.bytes);
  json.key("peak").value(c.peak_operations).key("peak_bytes").value(c.peak_bytes);
  json.key("timeout_seconds").value(seconds(snapshot.admission_timeout));
  json.close();
}

void add_pipeline(const Pipeline::Stats& p, JsonWriter& json) {
  json.key("pipeline").open();
  json.key("batches").value(p.batches).key("lines").value(p.lines).key("blocks").value(p.blocks);
  json.key("queued_batches").value(p.queued).key("open_records").value(p.open_rows);
  json.key("store_failing").value(p.store_failing);
  json.close();
}

void add_store(const StoreStats& s, JsonWriter& json) {
  json.key("store").open();
  json.key("segments").value(s.segments).key("blocks").value(s.blocks).key("records").value(s.rows);
  json.key("bytes").value(s.stored_bytes);
  json.key("blocks_written").value(s.blocks_written).key("bytes_written").value(s.bytes_written);
  json.key("syncs").value(s.syncs).key("sync_errors").value(s.sync_errors);
  json.key("merges").value(s.merges).key("blocks_merged").value(s.blocks_merged);
  json.key("clock_doubted").value(s.clock_doubted);
  json.key("segments_removed").value(s.segments_removed).key("damaged_blocks").value(s.damaged_blocks);
  json.close();
}

void add_dedupe(const std::optional<DedupeWindow::Stats>& dedupe, JsonWriter& json) {
  json.key("dedupe");
  if (!dedupe) {
    json.null();
    return;
  }
  json.open();
  json.key("checked").value(dedupe->checked).key("repeated").value(dedupe->duplicates);
  json.key("maybe").value(dedupe->maybe).key("false_positives").value(dedupe->false_positives);
  json.key("entries").value(dedupe->entries).key("capacity").value(dedupe->capacity);
  json.key("effective_window_seconds").value(seconds(dedupe->effective_window));
  json.key("bytes").value(dedupe->bytes);
  json.close();
}

// Charges by size: the key is the smallest size of its class, empty classes are left out.
void add_sizes(const MemoryAccount::Stats& account, JsonWriter& json) {
  json.key("charges_by_size").open();
  for (size_t i = 0; i < account.by_size.size(); ++i) {
    if (account.by_size[i] != 0) json.key(std::to_string(uint64_t{1} << i)).value(account.by_size[i]);
  }
  json.close();
}

void add_memory(const MemorySnapshot& m, JsonWriter& json) {
  json.key("level").value(memory_level_text(m.level)).key("load").value(static_cast<int>(m.load * 100 + 0.5));
  json.key("worst").value(m.worst).key("limit_bytes").value(m.limit).key("tracked_bytes").value(m.tracked);
  json.key("resident_bytes").value(m.rss).key("peak_resident_bytes").value(m.peak_rss);
  json.key("cgroup_bytes").value(m.cgroup_used).key("cgroup_limit_bytes").value(m.cgroup_limit);
  json.key("pressure").value(m.pressure).key("releases").value(m.releases);
  json.key("level_changes").value(m.level_changes);
}

void add_accounts(const std::vector<MemoryAccount::Stats>& accounts, JsonWriter& json) {
  json.key("accounts").open();
  for (const MemoryAccount::Stats& account : accounts) {
    json.key(account.name).open();
    json.key("bytes").value(account.current).key("peak_bytes").value(account.peak);
    json.key("charges").value(account.charges);
    add_sizes(account, json);
    json.close();
  }
  json.close();
}

void add_slots(const BufferPool::Stats& slots, JsonWriter& json) {
  constexpr const char* kSizes[kSlotSizes] = {"small", "modest", "medium", "big", "large"};
  json.key("slots").open();
  for (size_t i = 0; i < kSlotSizes; ++i) {
    const BufferPool::Stats::Level& level = slots.levels[i];
    json.key(kSizes[i]).open().key("in_use").value(level.in_use);
    json.key("hits").value(level.hits).key("misses").value(level.misses).key("refused").value(level.refused).close();
  }
  json.key("bytes").value(slots.bytes).key("free_bytes").value(slots.free_bytes);
  json.key("resident_bytes").value(slots.resident).close();
}

void add_interner(const Interner::Stats& interner, JsonWriter& json) {
  json.key("interner").open();
  json.key("strings").value(interner.strings).key("bytes").value(interner.bytes);
  json.key("hits").value(interner.hits).key("refused").value(interner.refused);
  json.close();
}

}  // namespace

std::string render_status(const StatusSnapshot& snapshot) {
  JsonWriter json;
  json.open();
  json.key("version").value(snapshot.version).key("uptime_seconds").value(seconds(snapshot.uptime));
  json.key("ready").value(snapshot.ready).key("healthy").value(snapshot.healthy);
  json.key("trouble").value(snapshot.trouble);
  json.key("load").value(static_cast<int>(snapshot.load * 100 + 0.5));
  json.key("ledger").open();
  for (const ListenerStatus& listener : snapshot.listeners) add_ledger(listener.ledger, json);
  json.close();
  json.key("listeners").open();
  for (const ListenerStatus& listener : snapshot.listeners) add_listener(listener, json);
  json.close();
  add_operations(snapshot, json);
  add_pipeline(snapshot.pipeline, json);
  add_store(snapshot.store, json);
  add_dedupe(snapshot.dedupe, json);
  json.key("memory").open();
  add_memory(snapshot.memory, json);
  add_accounts(snapshot.accounts, json);
  json.close();
  if (snapshot.spool) {
    json.key("spool").open().key("syncs").value(snapshot.spool->syncs);
    json.key("sync_errors").value(snapshot.spool->sync_errors).key("found_slots").value(snapshot.spool->slots_found);
    json.key("damaged_slots").value(snapshot.spool->damaged_slots).close();
  }
  add_slots(snapshot.slots, json);
  add_interner(snapshot.interner, json);
  json.close();
  return json.take() + "\n";
}

}  // namespace sluice
