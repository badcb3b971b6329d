#include "core/pipeline/worker.h"

#include <sys/prctl.h>

#include <algorithm>

#include "core/base/hash.h"

namespace sluice {

Worker::Worker(const PipelineOptions& options, const PipelineParts& parts, const std::vector<Source>& sources,
               BoundedQueue<std::unique_ptr<Batch>>& queue, BatchPool& batches, StoreThread& store)
    : options_(options),
      parts_(parts),
      sources_(sources),
      queue_(queue),
      batches_(batches),
      store_(store),
      account_(parts.memory.account("blocks")),
      cache_(parts.interner),
      block_(cache_, parts.interner),
      encoder_({.level = options.compression_level}),
      rows_by_source_(sources.size(), 0) {
  for (const Source& source : sources_) parsers_.push_back(make_parser(source.parser));
  last_progress_ = parts_.clock.monotonic();
}

Worker::~Worker() { account_.release(charged_); }

void Worker::run() {
  prctl(PR_SET_NAME, "worker");
  using PopResult = BoundedQueue<std::unique_ptr<Batch>>::PopResult;
  std::unique_ptr<Batch> batch;
  for (;;) {
    const PopResult popped = queue_.pop(batch, time_to_seal());
    if (popped == PopResult::closed) break;
    if (popped == PopResult::item) {
      process(*batch);
      batch->ack.answer(true);  // temporary: until acks wait for the store
      batches_.give_back(std::move(batch));
    }
    const Nanos now = parts_.clock.monotonic();
    if (seal_due(now)) seal();
    charge();
    last_progress_.store(now, std::memory_order_relaxed);
  }
  seal();
}

void Worker::process(Batch& batch) {
  const Source& source = sources_[batch.source];
  fingerprint(batch, source);
  if (block_.empty() && !repeats_waiting_) opened_ = parts_.clock.monotonic();
  block_.begin_batch(source.name_id, batch.received);
  emit(batch, source, *parsers_[batch.source]);
  done_batches_.add(1);
  done_lines_.add(batch.frames.size());
  open_rows_.store(block_.rows(), std::memory_order_relaxed);
}

// Fills dedupe_lines_: after it a line is new when its first_id is its own id.
void Worker::fingerprint(const Batch& batch, const Source& source) {
  if (!parts_.dedupe || !source.dedupe) return;
  const uint64_t seed = process_seed();
  dedupe_lines_.clear();
  uint64_t id = batch.first_id;
  for (const FrameRef& frame : batch.frames) {
    DedupeLine& line = dedupe_lines_.emplace_back();
    line.id = id++;
    // A sender whose address is not known can't be told from others: its lines are made to differ.
    const uint64_t sender = frame.peer != kNotInterned ? frame.peer : line.id << 32;
    line.fingerprint = hash128({batch.slot.data() + frame.offset, frame.length}, seed + sender);
  }
  parts_.dedupe->check(dedupe_lines_, batch.received);
}

void Worker::emit(const Batch& batch, const Source& source, Parser& parser) {
  const bool dedupe = parts_.dedupe && source.dedupe;
  uint64_t collapsed = 0;
  uint64_t unparsed = 0;
  InternId peer = kNotInterned;
  ParseContext context{.received = batch.received};
  for (size_t i = 0; i < batch.frames.size(); ++i) {
    const FrameRef& frame = batch.frames[i];
    const uint64_t id = batch.first_id + i;
    if (dedupe && dedupe_lines_[i].first_id != id) {
      ++collapsed;
      continue;
    }
    if (frame.peer != peer) {
      peer = frame.peer;
      context.peer = parts_.interner.text(peer);
    }
    context.frame_flags = frame.flags;
    parser.parse({batch.slot.data() + frame.offset, frame.length}, context, event_);
    unparsed += (event_.flags & kUnparsed) != 0;
    block_.add(event_, id, frame.peer);
    ++rows_by_source_[batch.source];
    if (block_.full(options_.block_bytes)) {
      seal();
      block_.begin_batch(source.name_id, batch.received);
    }
  }
  LedgerCell& cell = source.ledger->cell();
  if (collapsed) {
    cell.collapsed.add(collapsed);
    repeats_waiting_ = true;
  }
  if (unparsed) cell.unparsed.add(unparsed);
}

bool Worker::seal_due(Nanos now) const {
  if (block_.empty() && !repeats_waiting_) return false;
  return now - opened_ >= options_.block_age || relieve_.load(std::memory_order_relaxed);
}

std::optional<std::chrono::nanoseconds> Worker::time_to_seal() const {
  if (block_.empty() && !repeats_waiting_) return std::nullopt;
  return std::chrono::nanoseconds(opened_ + options_.block_age - parts_.clock.monotonic());
}

void Worker::seal() {
  if (parts_.dedupe && (repeats_waiting_ || !block_.empty())) {
    repeats_.clear();
    parts_.dedupe->take_repeats(repeats_);
    for (const RepeatNote& note : repeats_) block_.add_repeat(note);
  }
  repeats_waiting_ = false;
  opened_ = parts_.clock.monotonic();
  if (!block_.empty()) {
    SealedBlock sealed = store_.take_empty();
    encoder_.encode(block_, sealed.encoded);
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (rows_by_source_[i]) sealed.lines.emplace_back(sources_[i].ledger, rows_by_source_[i]);
    }
    std::fill(rows_by_source_.begin(), rows_by_source_.end(), 0);
    block_.clear();
    if (!store_.push(sealed)) {
      for (const auto& [ledger, lines] : sealed.lines) {
        ledger->cell().dropped[static_cast<size_t>(DropReason::shutdown)].add(lines);
      }
    }
  }
  open_rows_.store(0, std::memory_order_relaxed);
  if (relieve_.exchange(false, std::memory_order_relaxed)) {
    block_.shrink();
    encoder_.shrink();
  }
}

void Worker::charge() {
  const uint64_t held = block_.bytes() + encoder_.bytes();
  if (held > charged_) account_.charge(held - charged_);
  if (held < charged_) account_.release(charged_ - held);
  charged_ = held;
}

}  // namespace sluice
