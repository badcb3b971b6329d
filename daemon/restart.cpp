#include "daemon/restart.h"

namespace sluice {
namespace {

std::string counted(uint64_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

}  // namespace

Restart::Restart(const Parts& parts)
    : parts_(parts),
      replay_({.fs = real_file_system(),
               .store_path = parts.store_path,
               .spool = parts.spool,
               .pipeline = parts.pipeline,
               .context = parts.context,
               .interner = parts.interner,
               .report = parts.trouble}) {}

Result<void> Restart::plan() {
  const Spool::Found& found = parts_.spool.found();
  if (found.damaged > 0) {
    parts_.trouble("the spool holds " + counted(found.damaged, "slot") +
                   " that can't have been written so: what was in them is lost");
  }
  return replay_.plan(parts_.store.next_id());
}

void Restart::add_sources(std::map<std::string, uint16_t> known) {
  sources_ = std::move(known);
  for (const std::string& name : replay_.sources()) {
    if (sources_.contains(name)) continue;
    // Its senders may have been promised anything.
    sources_[name] = parts_.pipeline.add_source({.name = name, .acknowledged = true});
  }
}

void Restart::replay(const std::function<void()>& progress) {
  const Spool::Found& found = parts_.spool.found();
  if (found.slots == 0) return;
  parts_.say(
      "recovering: the last process left " + counted(found.slots, "slot") + " in the spool" +
      (found.after_power_cut ? "; the machine has been restarted since, so that only what was synced counts" : ""));
  replay_.run(
      [this](const std::string& name) { return Replay::Source{sources_.at(name), &parts_.ledger.listener(name)}; },
      progress);
  pending_ = replay_.take_pending();
  const Replay::Facts& facts = replay_.facts();
  parts_.say("recovered " + counted(facts.lines, "line") + " that had been received and not stored; " +
             counted(facts.covered, "line") + " of the spool had been stored" +
             (facts.cut_short ? "; " + counted(facts.cut_short, "line") + " had not been received to the end" : ""));
  if (facts.damaged > 0) {
    parts_.trouble(counted(facts.damaged, "slot") + " of the spool made no sense in part: lines of theirs may be lost");
  }
}

void Restart::give_up_pending() {
  for (PendingSlot& slot : pending_) {
    LedgerCell& cell = parts_.ledger.listener(slot.source).cell();
    cell.received.add(slot.datagrams.size());
    cell.dropped[static_cast<size_t>(DropReason::malformed)].add(slot.datagrams.size());
    parts_.trouble(
        counted(slot.datagrams.size(), "datagram") + " of listener " + slot.source +
        " could not be made a line: parts of GELF messages, or compressed, and nobody is there for the rest");
  }
  pending_.clear();
}

std::vector<PendingSlot> Restart::take_pending(const std::string& listener) {
  std::vector<PendingSlot> its;
  for (PendingSlot& slot : pending_) {
    if (slot.source == listener) its.push_back(std::move(slot));
  }
  std::erase_if(pending_, [](const PendingSlot& slot) { return !slot.slot; });
  return its;
}

}  // namespace sluice
