// Worker: one thread of the pool. It takes batches, and for each line does steps 5 to 8 of the walk in
// docs/architecture.md: deduplicate, parse, intern, emit. process() reads from top to bottom; that is the hot path.
//
// A batch is looked up in the dedupe window as a whole (one lock, look-ups prefetched) before its lines are parsed:
// a line that is collapsed costs no parsing.
//
// Threads: run() in the worker's own thread. The counters may be read, and relieve() called, from any.
// Memory:  everything here is reused; in the steady state a line allocates nothing.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "core/base/pulse.h"
#include "core/dedupe/repeat_counts.h"
#include "core/intern/interner.h"
#include "core/pipeline/batch.h"
#include "core/pipeline/batch_pool.h"
#include "core/pipeline/bounded_queue.h"
#include "core/pipeline/in_flight_ids.h"
#include "core/pipeline/pipeline.h"
#include "core/pipeline/source.h"
#include "core/pipeline/store_thread.h"
#include "core/record/block.h"
#include "core/record/open_block.h"

namespace sluice {

class Worker {
 public:
  Worker(const PipelineOptions& options, const PipelineParts& parts, const std::vector<Source>& sources,
         BoundedQueue<std::unique_ptr<Batch>>& queue, BatchPool& batches, StoreThread& store, const InFlightIds& ids);
  ~Worker();

  void run();

  // Memory pressure: the next chance the open block is sealed and scratch memory given back.
  void relieve() { relieve_.store(true, std::memory_order_relaxed); }

  uint64_t batches() const { return done_batches_.get(); }
  uint64_t lines() const { return done_lines_.get(); }
  uint64_t open_rows() const { return open_rows_.load(std::memory_order_relaxed); }
  const Pulse& pulse() const { return pulse_; }

 private:
  void process(Batch& batch);
  uint64_t collapse(const Batch& batch, const Source& source, uint64_t id, uint64_t first_id);
  void keep_ticket(Batch& batch, const Source& source, uint64_t needs);
  void fingerprint(const Batch& batch, const Source& source);
  uint64_t emit(const Batch& batch, const Source& source, Parser& parser);
  void seal_within(const Batch& batch, const Source& source);
  bool nothing_waits() const;
  void seal();
  bool seal_due(Nanos now) const;
  std::optional<std::chrono::nanoseconds> time_to_seal() const;
  void charge();

  const PipelineOptions& options_;
  const PipelineParts& parts_;
  const std::vector<Source>& sources_;
  BoundedQueue<std::unique_ptr<Batch>>& queue_;
  BatchPool& batches_;
  StoreThread& store_;
  const InFlightIds& ids_;
  MemoryAccount& account_;

  InternCache cache_;
  std::vector<std::unique_ptr<Parser>> parsers_;  // one per source: each has its own options and scratch
  OpenBlock block_;
  BlockEncoder encoder_;
  Event event_;
  std::vector<DedupeLine> dedupe_lines_;
  RepeatCounts repeat_counts_;  // of lines collapsed since the last seal
  std::vector<RepeatNote> repeats_;
  std::vector<Ticket> tickets_;  // of batches whose last line stands in the open block
  uint64_t held_bytes_ = 0;      // of their slots
  bool answer_waits_ = false;    // somebody is answered only when the open block is stored
  std::vector<uint64_t> rows_by_source_;
  Nanos opened_ = 0;  // monotonic: when the open block got its first record
  uint64_t charged_ = 0;

  std::atomic<bool> relieve_{false};
  Counter done_batches_;
  Counter done_lines_;
  std::atomic<uint64_t> open_rows_{0};   // written by this worker per batch, read by stats()
  Pulse pulse_;                          // of this worker's thread
};

}  // namespace sluice
