#include "core/pipeline/pipeline.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "core/base/mutex.h"
#include "core/pipeline/batch_pool.h"
#include "core/pipeline/bounded_queue.h"
#include "core/pipeline/in_flight_ids.h"
#include "core/pipeline/source.h"
#include "core/pipeline/store_thread.h"
#include "core/pipeline/worker.h"
#include "core/spool/slot_header.h"

namespace sluice {

class Pipeline::Impl {
 public:
  Impl(PipelineOptions options, PipelineParts parts)
      : options_(options),
        parts_(std::move(parts)),
        // The context manager bounds what may wait; the queue itself never refuses an admitted batch.
        queue_(std::numeric_limits<size_t>::max()),
        ids_(std::max<uint64_t>(parts_.store.next_id(), 1)),
        store_({.store = parts_.store,
                .clock = parts_.clock,
                .account = parts_.memory.account("sealed blocks"),
                .report = parts_.report,
                .ids = ids_,
                .pool = parts_.pool,
                .spooled = parts_.committer != nullptr},
               std::max<size_t>(2, options.workers)) {
    if (parts_.committer) ids_.track();
  }

  ~Impl() {
    queue_.close();
    store_.finish(std::chrono::seconds(0));
    for (std::thread& thread : threads_) thread.join();
  }

  uint16_t add_source(SourceOptions options) {
    Source& source = sources_.emplace_back();
    source.name = options.name;
    source.parser = std::move(options.parser);
    source.dedupe = options.dedupe;
    source.can_wait = options.can_wait;
    source.acknowledged = options.acknowledged;
    source.answer_stored = options.answer_stored;
    if (options.acknowledged) ids_.track();
    source.ledger = &parts_.ledger.listener(options.name);
    source.name_id = parts_.interner.intern(options.name);
    return static_cast<uint16_t>(sources_.size() - 1);
  }

  void start() {
    store_.start();
    for (uint32_t i = 0; i < options_.workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(options_, parts_, sources_, queue_, batches_, store_, ids_));
    }
    {
      MutexLock lock(mutex_);
      running_ = options_.workers;
    }
    for (auto& worker : workers_) {
      threads_.emplace_back([this, w = worker.get()] {
        w->run();
        MutexLock lock(mutex_);
        if (--running_ == 0) ended_.notify_all();
      });
    }
  }

  OperationCost cost_of(const Batch& batch) const {
    return {.lines = static_cast<uint32_t>(batch.frames.size()),
            .bytes = batch.slot.size(),
            .can_wait = sources_[batch.source].can_wait};
  }

  Verdict submit(std::unique_ptr<Batch>& batch) {
    const OperationCost cost = cost_of(*batch);
    Admission admission = parts_.context.try_admit(cost);
    if (admission.verdict != Verdict::admitted) return admission.verdict;
    batch->operation = std::move(admission.operation);
    if (batch->first_id == 0) {
      batch->first_id = ids_.take(cost.lines);
    } else {
      ids_.put(batch->first_id);
    }
    const uint64_t first_id = batch->first_id;
    const bool stored_only = sources_[batch->source].answer_stored;
    AckRequest ack;
    if (parts_.committer) {
      note_ids(*batch);
      if (batch->ack && !stored_only) commit_slot(batch->slot);
      ack = std::move(batch->ack);  // the spool keeps the lines: nobody need wait for a block
    }
    if (!queue_.try_push(batch)) {  // closed meanwhile
      ids_.settle(first_id);
      batch->operation.complete();
      batch->ack = std::move(ack);
      return Verdict::stopping;
    }
    if (!ack) return Verdict::admitted;
    if (stored_only) {
      ack.answer(true);
    } else {
      parts_.committer->request(std::move(ack));
    }
    return Verdict::admitted;
  }

  // Before any worker knows of them: a line that stands in a block must be known by its slot.
  static void note_ids(const Batch& batch) {
    SlotHeader& header = header_of(batch.slot);
    header.received = batch.received;
    if (batch.stream_end) {
      header.end_id = batch.first_id;
    } else {
      header.lines = static_cast<uint32_t>(batch.frames.size());
      header.first_id = batch.first_id;
    }
  }

  ContextManager::Left drain(std::chrono::nanoseconds timeout) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    const auto left_of = [&] {
      return std::max(std::chrono::nanoseconds(0), until - std::chrono::steady_clock::now());
    };
    const ContextManager::Left left = parts_.context.drain(left_of());
    drop_waiting();
    queue_.close();
    {
      MutexLock lock(mutex_);
      while (running_ > 0) {
        const auto wait = left_of();
        if (wait.count() == 0 || !ended_.wait_for(mutex_, wait)) break;
      }
    }
    store_.finish(left_of());
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return left;
  }

  // What no worker took in time.
  void drop_waiting() {
    std::unique_ptr<Batch> batch;
    while (queue_.pop(batch, std::chrono::nanoseconds(-1)) == BoundedQueue<std::unique_ptr<Batch>>::PopResult::item) {
      if (parts_.committer) {
        left_ += batch->frames.size();
        batch->slot.leave();
      } else {
        LedgerCell& cell = sources_[batch->source].ledger->cell();
        cell.dropped[static_cast<size_t>(DropReason::shutdown)].add(batch->frames.size());
      }
      batches_.give_back(std::move(batch));
    }
  }

  Stats stats() const {
    Stats stats;
    stats.blocks = store_.blocks();
    stats.open_rows = store_.rows_waiting();
    stats.queued = queue_.size();
    stats.left_in_spool = left_.load(std::memory_order_relaxed) + store_.left_in_spool();
    stats.store_failing = store_.failing();
    for (const auto& worker : workers_) {
      stats.batches += worker->batches();
      stats.lines += worker->lines();
      stats.open_rows += worker->open_rows();
    }
    return stats;
  }

  std::vector<Thread> threads() const {
    std::vector<Thread> threads{{"store", &store_.pulse()}};
    for (size_t i = 0; i < workers_.size(); ++i) {
      threads.push_back({"worker " + std::to_string(i + 1), &workers_[i]->pulse()});
    }
    return threads;
  }

  void relieve() {
    for (auto& worker : workers_) worker->relieve();
  }

  BatchPool& batches() { return batches_; }
  void count_left(uint64_t lines) { left_.fetch_add(lines, std::memory_order_relaxed); }
  void skip_ids_to(uint64_t id) { ids_.skip_to(id); }
  void expect(uint64_t first_id) { ids_.put(first_id); }
  void pass(uint64_t first_id) { ids_.settle(first_id); }
  void learn(std::span<const DedupeLine> lines, Nanos received) {
    if (parts_.dedupe) parts_.dedupe->learn(lines, received);
  }

 private:
  const PipelineOptions options_;
  const PipelineParts parts_;
  std::vector<Source> sources_;  // constant after start()
  BatchPool batches_;
  BoundedQueue<std::unique_ptr<Batch>> queue_;
  InFlightIds ids_;
  StoreThread store_;
  std::atomic<uint64_t> left_{0};  // lines that drain() left in the spool before any worker took them
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  Mutex mutex_;
  CondVar ended_;
  uint32_t running_ GUARDED_BY(mutex_) = 0;
};

Pipeline::Pipeline(PipelineOptions options, PipelineParts parts)
    : impl_(std::make_unique<Impl>(options, std::move(parts))) {}
Pipeline::~Pipeline() = default;

uint16_t Pipeline::add_source(SourceOptions options) { return impl_->add_source(std::move(options)); }
void Pipeline::start() { impl_->start(); }
void Pipeline::count_left(uint64_t lines) { impl_->count_left(lines); }
void Pipeline::expect(uint64_t first_id) { impl_->expect(first_id); }
void Pipeline::pass(uint64_t first_id) { impl_->pass(first_id); }
void Pipeline::learn(std::span<const DedupeLine> lines, Nanos received) { impl_->learn(lines, received); }
void Pipeline::skip_ids_to(uint64_t id) { impl_->skip_ids_to(id); }
std::unique_ptr<Batch> Pipeline::new_batch() { return impl_->batches().take(); }
void Pipeline::recycle(std::unique_ptr<Batch> batch) { impl_->batches().give_back(std::move(batch)); }
OperationCost Pipeline::cost_of(const Batch& batch) const { return impl_->cost_of(batch); }
Verdict Pipeline::submit(std::unique_ptr<Batch>& batch) { return impl_->submit(batch); }
ContextManager::Left Pipeline::drain(std::chrono::nanoseconds timeout) { return impl_->drain(timeout); }
void Pipeline::relieve() { impl_->relieve(); }
Pipeline::Stats Pipeline::stats() const { return impl_->stats(); }
std::vector<Pipeline::Thread> Pipeline::threads() const { return impl_->threads(); }

}  // namespace sluice
