// SpooledLife: one process of the daemon as far as core goes: a store, a spool, a pipeline with workers, started as the
// daemon starts them, and readers that fill slots as its listeners do. It dies by being left alone: what a killed process
// leaves is the snapshots that the test takes.
//
//   SpooledLife life(fs, file, clock, options);
//   ASSERT_TRUE(life.start());            // opens what the last life left, and goes on above its ids
//   life.replay();                        // stores what that one received and did not store
//   life.receive(stream, "bytes", SlotSize::small);
//   life.deliver(lines, acks, token, SlotSize::small);    // of a sender that is answered
//   life.drain();                         // or an end in good order
//
// `moment` is called between the steps at which a process may die.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/frame/framer.h"
#include "core/pipeline/dedupe_rebuild.h"
#include "core/pipeline/pipeline.h"
#include "core/pipeline/replay.h"
#include "core/spool/committer.h"
#include "core/spool/spool.h"
#include "core/store/store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/power_cut_file_system.h"
#include "tests/support/power_cut_medium.h"

namespace sluice {

inline const std::string kLifeStore = "/store";

struct LifeOptions {
  std::string boot_id;
  PipelineOptions pipeline;
  StoreOptions store{.path = kLifeStore};
  uint32_t max_operations = 16;
};

// One connection of a sender that waits for no answer, as StreamSession has it.
struct LifeStream {
  Framer framer;
  Slot tail_slot;
  uint32_t tail_offset = 0;
  uint32_t tail_length = 0;
};

class SpooledLife {
 public:
  static constexpr Nanos kWindow = 24 * 3600 * kSecond;  // longer than any test: the same line is stored once
  static constexpr uint32_t kMaxFrame = 3000;
  static constexpr std::string_view kPeer = "192.0.2.7";

  SpooledLife(PowerCutFileSystem& fs, PowerCutSpool& file, ManualClock& clock, LifeOptions options)
      : fs_(fs), file_(file), clock_(clock), options_(std::move(options)) {}
  ~SpooledLife() {
    replay_.reset();
    pipeline_.reset();
    committer_.reset();
    spool_.reset();
  }

  std::function<void()> moment = [] {};
  std::function<void(std::string_view bytes)> on_received = [](std::string_view) {};

  // What is wrong, or nothing.
  std::string start() {
    auto store = Store::open(options_.store, fs_, clock_, nullptr);
    if (!store) return "store: " + store.error().message;
    store_ = std::move(*store);
    auto spool = Spool::open(file_.open(), {.boot_id = options_.boot_id});
    if (!spool) return "spool: " + spool.error().message;
    spool_ = std::move(*spool);
    rebuild_dedupe(fs_, kLifeStore, dedupe_, kWindow, clock_.now(), interner_);
    committer_ = std::make_unique<Committer>([this] { return spool_->sync(); }, [](const std::string&) {});
    pipeline_ = std::make_unique<Pipeline>(options_.pipeline, PipelineParts{.context = context_,
                                                                            .interner = interner_,
                                                                            .ledger = ledger_,
                                                                            .memory = memory_,
                                                                            .store = *store_,
                                                                            .dedupe = &dedupe_,
                                                                            .pool = &spool_->pool(),
                                                                            .committer = committer_.get(),
                                                                            .clock = clock_,
                                                                            .report = [](const std::string&) {}});
    replay_ = std::make_unique<Replay>(Replay::Parts{.fs = fs_,
                                                     .store_path = kLifeStore,
                                                     .spool = *spool_,
                                                     .pipeline = *pipeline_,
                                                     .context = context_,
                                                     .interner = interner_,
                                                     .report = [](const std::string&) {}});
    if (auto planned = replay_->plan(store_->next_id()); !planned) return "replay: " + planned.error().message;
    stream_source_ = pipeline_->add_source({.name = "stream"});
    acked_source_ = pipeline_->add_source({.name = "acked", .acknowledged = true});
    pipeline_->start();
    return "";
  }

  void replay() {
    replay_->run(
        [this](const std::string& name) {
          return Replay::Source{name == "acked" ? acked_source_ : stream_source_, &ledger_.listener(name)};
        },
        nullptr);
  }

  // One read of a stream. False when there is no slot.
  bool receive(LifeStream& stream, std::string_view bytes, SlotSize wanted) {
    Slot slot = take_slot(wanted, stream.tail_length + bytes.size());
    if (!slot) return false;
    std::memcpy(slot.data(), stream.tail_slot ? stream.tail_slot.data() + stream.tail_offset : "", stream.tail_length);
    const bool has_tail = stream.tail_length > 0;
    describe(slot, stream.framer.state(),
             {.previous = has_tail ? header_of(stream.tail_slot).sequence : 0, .bytes = stream.tail_length});
    moment();
    bytes = bytes.substr(0, slot.size() - stream.tail_length);
    std::memcpy(slot.data() + stream.tail_length, bytes.data(), bytes.size());
    moment();
    header_of(slot).message.msg_len = static_cast<unsigned>(bytes.size());
    on_received(bytes);
    moment();
    const size_t filled = stream.tail_length + bytes.size();
    let_tail_go(stream);
    moment();
    auto batch = pipeline_->new_batch();
    batch->slot = std::move(slot);
    batch->source = stream_source_;
    batch->received = clock_.now();
    const size_t used = stream.framer.cut({batch->slot.data(), filled}, 0, batch->frames);
    for (FrameRef& frame : batch->frames) frame.peer = peer_;
    if (stream.framer.error() == FramingError::none && used < filled) {
      stream.tail_slot = batch->slot.share();
      stream.tail_offset = static_cast<uint32_t>(used);
      stream.tail_length = static_cast<uint32_t>(filled - used);
    }
    submit(std::move(batch), true);
    return true;
  }

  // The stream ends: its rest is a line.
  void finish(LifeStream& stream) {
    if (stream.tail_length > 0) {
      auto batch = pipeline_->new_batch();
      batch->slot = std::move(stream.tail_slot);
      batch->source = stream_source_;
      batch->received = clock_.now();
      batch->stream_end = true;
      const std::string_view rest(batch->slot.data() + stream.tail_offset, std::exchange(stream.tail_length, 0));
      stream.framer.finish(rest, stream.tail_offset, batch->frames);
      for (FrameRef& frame : batch->frames) frame.peer = peer_;
      submit(std::move(batch), true);
    }
    stream = LifeStream();
  }

  // The partial frame of a quiet stream goes to a slot of its own.
  void move_tail(LifeStream& stream) {
    if (stream.tail_length == 0) return;
    Slot slot = take_slot(SlotSize::small, stream.tail_length);
    if (!slot) return;
    std::memcpy(slot.data(), stream.tail_slot.data() + stream.tail_offset, stream.tail_length);
    describe(slot, stream.framer.state(), {.previous = header_of(stream.tail_slot).sequence});
    moment();
    header_of(slot).message.msg_len = stream.tail_length;
    moment();
    header_of(stream.tail_slot).tail_taken = 1;
    moment();
    stream.tail_slot = std::move(slot);
    stream.tail_offset = 0;
  }

  // Lines of a sender that waits for an answer. False when there is no slot.
  bool deliver(const std::vector<std::string>& lines, const std::shared_ptr<AckReceiver>& acks, uint64_t token,
               SlotSize wanted) {
    std::string bytes;
    for (const std::string& line : lines) bytes += line + "\n";
    Slot slot = take_slot(wanted, bytes.size());
    if (!slot) return false;
    auto batch = pipeline_->new_batch();
    uint32_t longest = 0, at = 0;
    for (const std::string& line : lines) {
      const auto length = static_cast<uint32_t>(line.size());
      batch->frames.push_back({.offset = at, .length = length, .peer = peer_});
      longest = std::max(longest, length);
      at += length + 1;
    }
    std::memcpy(slot.data(), bytes.data(), bytes.size());
    const FramingState state{.mode = static_cast<uint8_t>(FramingMode::newline)};
    describe(slot, state, {}, longest, "acked", true);
    moment();
    header_of(slot).message.msg_len = static_cast<unsigned>(bytes.size());
    on_received(bytes);
    moment();
    batch->slot = std::move(slot);
    batch->source = acked_source_;
    batch->received = clock_.now();
    batch->ack = {acks, token};
    submit(std::move(batch), false);
    return true;
  }

  // Lets the others work for a moment: until no batch waits, or it takes too long.
  void let_work() const {
    for (int i = 0; i < 2000 && pipeline_->stats().queued > 0; ++i) std::this_thread::yield();
  }

  void drain() {
    context_.stop_intake();
    pipeline_->drain(std::chrono::seconds(30));
  }
  // As the daemon does at its end: with nothing left, the next start has nothing to look for.
  bool close_clean() {
    if (spool_->pool().free_bytes() != spool_->pool().max_bytes()) return false;
    spool_->close_clean();
    return true;
  }

  const Spool::Found& found() const { return spool_->found(); }
  const Replay::Facts& replayed() const { return replay_->facts(); }
  StoreStats store_stats() const { return store_->stats(); }

 private:
  Slot take_slot(SlotSize wanted, size_t bytes) {
    for (auto size = static_cast<size_t>(wanted); size < kSlotSizes; ++size) {
      if (bytes <= kSlotRoom[size]) return spool_->pool().acquire(static_cast<SlotSize>(size));
    }
    return {};
  }

  void describe(Slot& slot, const FramingState& state, SlotTail tail, uint32_t max_frame = kMaxFrame,
                std::string_view source = "stream", bool acknowledged = false) {
    const SlotOrigin origin{.file_id = spool_->file_id(),
                            .source = source,
                            .peer = kPeer,
                            .max_frame_bytes = max_frame,
                            .acknowledged = acknowledged};
    describe_slot(slot, origin, spool_->next_sequence(), clock_.now(),
                  {reinterpret_cast<const char*>(&state), sizeof state}, tail);
  }

  static void let_tail_go(LifeStream& stream) {
    if (stream.tail_length == 0) return;
    header_of(stream.tail_slot).tail_taken = 1;
    stream.tail_slot.reset();
    stream.tail_length = 0;
  }

  void submit(std::unique_ptr<Batch> batch, bool may_be_empty) {
    if (may_be_empty && batch->frames.empty()) return pipeline_->recycle(std::move(batch));
    while (pipeline_->submit(batch) == Verdict::full) std::this_thread::yield();
    moment();
  }

  PowerCutFileSystem& fs_;
  PowerCutSpool& file_;
  ManualClock& clock_;
  const LifeOptions options_;
  AllocationTracker memory_;
  Interner interner_;
  const InternId peer_ = interner_.intern(kPeer);
  Ledger ledger_;
  DedupeWindow dedupe_{{.window = kWindow, .max_bytes = 256 << 10}};
  ContextManager context_{{.max_operations = options_.max_operations}, clock_};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Replay> replay_;
  uint16_t stream_source_ = 0, acked_source_ = 0;
};

}  // namespace sluice
