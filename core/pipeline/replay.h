// Replay: what a former process received and did not store is handed to the pipeline again, before the listeners open.
//
//   Replay replay({fs, store_path, spool, pipeline, context, interner, ledger, report});
//   auto plan = replay.plan(store.next_id());             // reads what the store accounts for; numbers go on above all
//   replay.run(source_of, progress);                      // hands over, waiting for room
//
// Exactly once: a slot knows the ids of its lines, the store says which ids it accounts for (core/store/covered_ids.h). The
// lines in between are handed over with the ids they had, so that a crash in the middle of this changes nothing. A line that
// others were counted as repeats of is stored whatever the dedupe window says, and the window knows of it before any of
// its copies comes.
//
// What was counted as a repeat of a line that neither the store nor the spool has any more, after a power cut, is stored
// itself.
//
// Threads: the caller's, before the listeners' time; the pipeline must run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/intern/interner.h"
#include "core/pipeline/pipeline.h"
#include "core/runtime/context_manager.h"
#include "core/spool/slot_lines.h"
#include "core/spool/spool.h"
#include "core/store/covered_ids.h"

namespace sluice {

// Datagrams of a listener that were no lines yet when the process ended; their slots stay until it has taken them.
struct PendingSlot {
  std::string source;
  Slot slot;
  std::vector<PendingDatagram> datagrams;
};

class Replay {
 public:
  struct Parts {
    FileSystem& fs;
    std::string store_path;
    Spool& spool;
    Pipeline& pipeline;
    ContextManager& context;
    Interner& interner;
    std::function<void(const std::string&)> report;
  };
  struct Facts {
    uint64_t slots = 0;
    uint64_t lines = 0;      // handed over again
    uint64_t covered = 0;    // were in the store already
    uint64_t cut_short = 0;  // of `lines`: the end of a stream's last line had not come
    uint64_t damaged = 0;    // slots that made no sense in part
    uint64_t end_id = 0;     // above every id that was ever given out
  };
  // The pipeline's number of a listener, and its ledger.
  struct Source {
    uint16_t number;
    ListenerLedger* ledger;
  };
  using SourceOf = std::function<Source(const std::string& name)>;

  explicit Replay(Parts parts) : parts_(std::move(parts)) {}

  // REQUIRES: once, before the pipeline starts
  Result<void> plan(uint64_t store_next_id);
  // `progress` is called now and then while it waits for room.
  void run(const SourceOf& source_of, const std::function<void()>& progress);

  // The listeners whose lines these are. REQUIRES: plan()
  std::vector<std::string> sources() const;
  const Facts& facts() const { return facts_; }
  std::vector<PendingSlot> take_pending() { return std::move(pending_); }

 private:
  struct Left {
    Slot slot;
    SlotLines lines;
    bool stored = false;  // all of lines.frames: then a sender was answered, or they would not be here
  };
  // One batch to be.
  struct Lines {
    Slot slot;
    const std::vector<FrameRef>& frames;
    uint64_t first_id;
    uint64_t waits_for;  // Batch::needs
    bool stream_end;
  };

  void cut();
  bool spool_has(uint64_t id) const;
  bool is_covered(uint64_t id) const;
  void mark(const Slot& slot, std::vector<FrameRef>& frames, uint64_t first_id, bool stored);
  uint64_t needs(const std::vector<FrameRef>& frames, uint64_t first_id) const;
  void hand_over(Lines lines, const Source& source, const std::function<void()>& progress);
  void submit(std::unique_ptr<Batch> batch, const std::function<void()>& progress);

  const Parts parts_;
  std::vector<Left> left_;
  std::vector<std::pair<uint64_t, uint64_t>> ids_;  // of the slots' lines: first and behind the last, ascending
  CoveredIds covered_;
  std::vector<uint64_t> firsts_;  // lines that others were counted as repeats of, ascending
  std::vector<PendingSlot> pending_;
  Facts facts_;
};

}  // namespace sluice
