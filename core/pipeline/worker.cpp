#include "core/pipeline/worker.h"

#include <sys/prctl.h>

#include <algorithm>

#include "core/pipeline/dedupe_key.h"

namespace sluice {
namespace {

// Lines that repeated between two seals; beyond that the block is sealed. 3 MiB when all are used.
constexpr size_t kRepeatedLines = 64 << 10;
constexpr uint64_t kWorthSealing = 16;          // of the pool
constexpr std::chrono::milliseconds kLook{20};  // how often an idle worker with an open block looks after the slots

}  // namespace

Worker::Worker(const PipelineOptions& options, const PipelineParts& parts, const std::vector<Source>& sources,
               BoundedQueue<std::unique_ptr<Batch>>& queue, BatchPool& batches, StoreThread& store,
               const InFlightIds& ids)
    : options_(options),
      parts_(parts),
      sources_(sources),
      queue_(queue),
      batches_(batches),
      store_(store),
      ids_(ids),
      account_(parts.memory.account("blocks")),
      cache_(parts.interner),
      block_(cache_, parts.interner),
      encoder_({.level = options.compression_level}),
      repeat_counts_(kRepeatedLines),
      rows_by_source_(sources.size(), 0) {
  for (const Source& source : sources_) parsers_.push_back(make_parser(source.parser));
}

Worker::~Worker() { account_.release(charged_); }

void Worker::run() {
  prctl(PR_SET_NAME, "worker");
  using PopResult = BoundedQueue<std::unique_ptr<Batch>>::PopResult;
  std::unique_ptr<Batch> batch;
  for (;;) {
    pulse_.idle();
    const PopResult popped = queue_.pop(batch, time_to_seal());
    pulse_.busy();
    if (popped == PopResult::closed) break;
    if (popped == PopResult::item) {
      process(*batch);
      batches_.give_back(std::move(batch));
    }
    const Nanos now = parts_.clock.monotonic();
    if (seal_due(now)) seal();
    charge();
  }
  seal();
  pulse_.idle();
}

void Worker::process(Batch& batch) {
  const Source& source = sources_[batch.source];
  fingerprint(batch, source);
  if (nothing_waits()) opened_ = parts_.clock.monotonic();
  block_.begin_batch(source.name_id, batch.received);
  const uint64_t needs = emit(batch, source, *parsers_[batch.source]);
  keep_ticket(batch, source, needs);
  done_batches_.add(1);
  done_lines_.add(batch.frames.size());
  open_rows_.store(block_.rows(), std::memory_order_relaxed);
}

// Fills dedupe_lines_, one for each frame that is not skipped: after it a line is new when its first_id is its own id.
void Worker::fingerprint(const Batch& batch, const Source& source) {
  if (!parts_.dedupe || !source.dedupe) return;
  dedupe_lines_.clear();
  uint64_t id = batch.first_id;
  for (const FrameRef& frame : batch.frames) {
    if (frame.replay != FrameReplay::skip) {
      dedupe_lines_.push_back(
          {.fingerprint = dedupe_key({batch.slot.data() + frame.offset, frame.length}, frame.peer, id),
           .id = id,
           .keep = frame.replay == FrameReplay::keep});
    }
    ++id;
  }
  parts_.dedupe->check(dedupe_lines_, batch.received);
}

// Returns the highest id of another batch's line that one of its lines repeats.
uint64_t Worker::emit(const Batch& batch, const Source& source, Parser& parser) {
  const bool dedupe = parts_.dedupe && source.dedupe;
  uint64_t collapsed = 0;
  uint64_t unparsed = 0;
  uint64_t needs = batch.needs;
  InternId peer = kNotInterned;
  ParseContext context{.received = batch.received};
  const DedupeLine* checked = dedupe_lines_.data();
  for (size_t i = 0; i < batch.frames.size(); ++i) {
    const FrameRef& frame = batch.frames[i];
    if (frame.replay == FrameReplay::skip) continue;
    const uint64_t id = batch.first_id + i;
    if (dedupe && (checked++)->first_id != id) {
      ++collapsed;
      needs = std::max(needs, collapse(batch, source, id, checked[-1].first_id));
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
    if (block_.full(options_.block_bytes)) seal_within(batch, source);
  }
  LedgerCell& cell = source.ledger->cell();
  if (collapsed) cell.collapsed.add(collapsed);
  if (unparsed) cell.unparsed.add(unparsed);
  return needs;
}

// Notes that line `id` repeats `first_id`; returns that if it is another batch's: an earlier one's, or that of a later one
// which another worker was quicker with.
uint64_t Worker::collapse(const Batch& batch, const Source& source, uint64_t id, uint64_t first_id) {
  if (block_.full(options_.block_bytes) || !repeat_counts_.add(first_id, batch.received)) {
    seal_within(batch, source);
    repeat_counts_.add(first_id, batch.received);
  }
  if (parts_.committer) block_.add_collapsed(id, first_id);
  return first_id - batch.first_id < batch.frames.size() ? 0 : first_id;
}

void Worker::seal_within(const Batch& batch, const Source& source) {
  seal();
  block_.begin_batch(source.name_id, batch.received);
}

void Worker::keep_ticket(Batch& batch, const Source& source, uint64_t needs) {
  const bool spooled = parts_.committer != nullptr;
  if (!spooled && !batch.ack && !source.acknowledged) {
    if (ids_.tracks()) tickets_.push_back({.first_id = batch.first_id});
    return;
  }
  Ticket& ticket = tickets_.emplace_back();
  ticket.first_id = batch.first_id;
  ticket.needs = source.acknowledged ? needs : 0;
  ticket.acknowledged = source.acknowledged;
  ticket.answer_stored = source.answer_stored;
  ticket.stream_end = batch.stream_end;
  ticket.ack = std::move(batch.ack);
  answer_waits_ |= static_cast<bool>(ticket.ack);
  if (spooled) {
    held_bytes_ += batch.slot.bytes();
    ticket.slot = std::move(batch.slot);
  }
}

bool Worker::nothing_waits() const { return block_.empty() && repeat_counts_.size() == 0 && tickets_.empty(); }

bool Worker::seal_due(Nanos now) const {
  if (nothing_waits()) return false;
  if (now - opened_ >= options_.block_age || relieve_.load(std::memory_order_relaxed)) return true;
  // Who waits for an answer waits for the block; the others' batches that are there already come along.
  if (answer_waits_ && queue_.size() == 0) return true;
  // Readers wait for slots. A worker that holds few of them would gain them little, and spoil its block.
  return parts_.pool && parts_.pool->scarce() && held_bytes_ >= parts_.pool->max_bytes() / kWorthSealing;
}

std::optional<std::chrono::nanoseconds> Worker::time_to_seal() const {
  if (nothing_waits()) return std::nullopt;
  const std::chrono::nanoseconds left(opened_ + options_.block_age - parts_.clock.monotonic());
  // Slots may get short while no batch comes, because none do.
  return parts_.pool ? std::min<std::chrono::nanoseconds>(left, kLook) : left;
}

void Worker::seal() {
  opened_ = parts_.clock.monotonic();
  if (!nothing_waits()) {
    repeats_.clear();
    repeat_counts_.take(repeats_);
    for (const RepeatNote& note : repeats_) block_.add_repeat(note);
    SealedBlock sealed = store_.take_empty();
    if (!block_.empty()) encoder_.encode(block_, sealed.encoded);
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (rows_by_source_[i]) sealed.lines.emplace_back(sources_[i].ledger, rows_by_source_[i]);
    }
    std::fill(rows_by_source_.begin(), rows_by_source_.end(), 0);
    std::swap(sealed.tickets, tickets_);
    held_bytes_ = 0;
    answer_waits_ = false;
    block_.clear();
    pulse_.idle();  // the store may have no room for long
    store_.push(sealed);
    pulse_.busy();
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
