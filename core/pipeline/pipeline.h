// Pipeline: from batches of frames to blocks in the store. The one hand-over between threads on the way down.
//
//   Pipeline pipeline(options, parts);
//   uint16_t source = pipeline.add_source({.name = "syslog-tcp", .parser = ..., .dedupe = true});   // per listener
//   pipeline.start();
//   // a reader:
//   std::unique_ptr<Batch> batch = pipeline.new_batch();
//   batch->slot = ...; batch->frames = ...; batch->source = source; batch->received = now;
//   if (pipeline.submit(batch) == Verdict::full) ...    // batch stays the caller's: wait for room, or drop and count
//   // at the end:
//   pipeline.drain(timeout);                             // intake stopped; open blocks are sealed and stored
//
// Who counts what in the ledger: the reader `received` and its own drops, a worker `collapsed` and `unparsed`, the
// store thread `stored`.
//
// Threads: new_batch() and submit() from any thread, one short lock each per batch. add_source() before start().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/pulse.h"
#include "core/dedupe/dedupe_window.h"
#include "core/intern/interner.h"
#include "core/memory/allocation_tracker.h"
#include "core/parse/parser.h"
#include "core/pipeline/batch.h"
#include "core/runtime/context_manager.h"
#include "core/runtime/ledger.h"
#include "core/spool/committer.h"
#include "core/store/store.h"

namespace sluice {

struct SourceOptions {
  std::string name;
  ParserOptions parser;
  bool dedupe = true;
  bool can_wait = false;       // its senders can be held back without a loss (OperationCost::can_wait)
  bool acknowledged = false;   // its senders are answered (Batch::ack)
  bool answer_stored = false;  // ... already when their lines survive a crash of the process
};

struct PipelineOptions {
  uint32_t workers = 2;
  uint64_t block_bytes = 2 << 20;  // raw bytes; a block is sealed when it holds this much ...
  Nanos block_age = kSecond;       // ... or when its first record is this old
  int compression_level = 1;
};

// What the pipeline works with; all outlive it.
struct PipelineParts {
  ContextManager& context;
  Interner& interner;
  Ledger& ledger;
  AllocationTracker& memory;
  Store& store;
  DedupeWindow* dedupe = nullptr;  // null: off
  BufferPool* pool = nullptr;      // where the slots come from: short of them, blocks are sealed early. May be null
  Committer* committer =
      nullptr;  // the slots lie in a spool, and stay there until their lines are stored. Null: they do not
  const Clock& clock;
  std::function<void(const std::string&)> report;  // trouble, told to a person; called from any thread
};

class Pipeline {
 public:
  Pipeline(PipelineOptions options, PipelineParts parts);
  ~Pipeline();

  uint16_t add_source(SourceOptions options);
  void start();
  // Of a batch that a former process numbered: its lines count as not yet stored until it was submitted and is, or
  // pass() says that they are. REQUIRES: expect(): before start()
  void expect(uint64_t first_id);
  void pass(uint64_t first_id);
  // Lines that others are counted as repeats of, before any of their copies can come.
  void learn(std::span<const DedupeLine> lines, Nanos received);
  // Ids of new lines begin here at the least. REQUIRES: before start()
  void skip_ids_to(uint64_t id);

  std::unique_ptr<Batch> new_batch();
  // Puts a batch back that was not submitted.
  void recycle(std::unique_ptr<Batch> batch);
  // Lines that a reader left in the spool.
  void count_left(uint64_t lines);
  // As submit() will ask for it.
  OperationCost cost_of(const Batch& batch) const;
  // Admits and queues. On `full` and `stopping` the batch is left as it was.
  Verdict submit(std::unique_ptr<Batch>& batch);

  // REQUIRES: context.stop_intake() was called. Waits until everything is stored; what was left at the timeout is
  // counted as dropped{shutdown}, or with a spool stays there for the next start.
  ContextManager::Left drain(std::chrono::nanoseconds timeout);

  // Memory pressure: seal early, give scratch memory back.
  void relieve();

  struct Stats {
    uint64_t batches = 0, lines = 0, blocks = 0;
    uint64_t queued = 0;     // batches waiting
    uint64_t open_rows = 0;  // records in open blocks and in blocks waiting for the store
    bool store_failing = false;
    uint64_t left_in_spool = 0;  // lines that drain() left there for the next start
  };
  Stats stats() const;
  // The threads that run, for whoever watches them; valid as long as the Pipeline. REQUIRES: start() was called
  struct Thread {
    std::string name;  // "store", "worker 1"
    const Pulse* pulse;
  };
  std::vector<Thread> threads() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
