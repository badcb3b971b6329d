#include "core/pipeline/replay.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <unordered_set>
#include <utility>

#include "core/base/mutex.h"
#include "core/pipeline/dedupe_key.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{200};

// Wakes the replay when there is room, however late: the context manager may hold it longer than we wait.
struct Room {
  Mutex mutex;
  CondVar changed;
  bool there GUARDED_BY(mutex) = false;
};

}  // namespace

Result<void> Replay::plan(uint64_t store_next_id) {
  cut();
  facts_.end_id = store_next_id;
  if (left_.empty()) return {};
  for (const auto& [first, end] : ids_) facts_.end_id = std::max(facts_.end_id, end);
  if (!ids_.empty()) {
    auto covered = CoveredIds::read(parts_.fs, parts_.store_path, ids_.front().first, parts_.report);
    if (!covered) return Unexpected(covered.error());
    covered_ = std::move(*covered);
    facts_.end_id = std::max(facts_.end_id, covered_.end());
    for (const CollapsedLines& run : covered_.collapsed()) firsts_.push_back(run.first_id);
    std::sort(firsts_.begin(), firsts_.end());
  }
  parts_.pipeline.skip_ids_to(facts_.end_id);
  for (Left& left : left_) {
    mark(left.slot, left.lines.frames, header_of(left.slot).first_id, left.stored);
    mark(left.slot, left.lines.end, header_of(left.slot).end_id, false);
  }
  return {};
}

std::vector<std::string> Replay::sources() const {
  std::vector<std::string> names;
  for (const Left& left : left_) names.emplace_back(header_of(left.slot).source_name());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void Replay::cut() {
  std::vector<Slot> slots = parts_.spool.take_found();
  facts_.slots = slots.size();
  // A partial frame that was copied to another slot goes on there, if anything was received behind it.
  std::unordered_set<uint64_t> went_on;
  for (const Slot& slot : slots) {
    const SlotHeader& header = header_of(slot);
    if (header.previous != 0 && header.message.msg_len > 0) went_on.insert(header.previous);
  }
  for (Slot& slot : slots) {
    const SlotHeader& header = header_of(slot);
    const bool stream = header.kind != SlotKind::datagrams;
    if (stream && header.message.msg_len == 0) continue;  // its tail is still where it was copied from
    // Written down, because the slot where it went on may be free before this one is, and the next process not see it.
    if (went_on.contains(header.sequence)) header_of(slot).tail_taken = 1;
    SlotLines lines = cut_slot(slot, header.tail_taken != 0, parts_.interner);
    facts_.damaged += lines.damaged;
    if (header.given_up != 0) lines.frames.clear();
    if (header.first_id != 0) {
      // A RELP sender's lines behind the end of its conversation were not.
      const bool right = header.kind == SlotKind::relp ? lines.frames.size() >= header.lines
                                                       : lines.frames.size() == header.lines || header.given_up != 0;
      facts_.damaged += !right;
      lines.frames.resize(std::min<size_t>(lines.frames.size(), header.lines));
      ids_.emplace_back(header.first_id, header.first_id + header.lines);
    }
    if (header.end_id != 0) ids_.emplace_back(header.end_id, header.end_id + lines.end.size());
    const bool stored = (header.stored & SlotHeader::kLinesStored) != 0;
    if (stored && header.acknowledged == 0) facts_.covered += std::exchange(lines.frames, {}).size();
    if ((header.stored & SlotHeader::kEndStored) != 0) facts_.covered += std::exchange(lines.end, {}).size();
    left_.push_back({std::move(slot), std::move(lines), stored});
  }
  std::sort(ids_.begin(), ids_.end());
}

bool Replay::spool_has(uint64_t id) const {
  const auto after =
      std::upper_bound(ids_.begin(), ids_.end(), id, [](uint64_t i, const auto& ids) { return i < ids.first; });
  return after != ids_.begin() && id < (after - 1)->second;
}

bool Replay::is_covered(uint64_t id) const {
  if (covered_.holds(id)) return true;
  const auto first = covered_.repeats(id);
  return first && (covered_.holds(*first) || spool_has(*first));
}

// Before any line is handed over: the first may be a copy of the last.
void Replay::mark(const Slot& slot, std::vector<FrameRef>& frames, uint64_t first_id, bool stored) {
  if (first_id == 0 || frames.empty()) return;
  parts_.pipeline.expect(first_id);
  std::vector<DedupeLine> kept;
  for (size_t i = 0; i < frames.size(); ++i) {
    FrameRef& frame = frames[i];
    const uint64_t id = first_id + i;
    if (stored || is_covered(id)) {
      frame.replay = FrameReplay::skip;
    } else if (std::binary_search(firsts_.begin(), firsts_.end(), id)) {
      frame.replay = FrameReplay::keep;
      kept.push_back({.fingerprint = dedupe_key({slot.data() + frame.offset, frame.length}, frame.peer, id), .id = id});
    }
  }
  if (!kept.empty()) parts_.pipeline.learn(kept, header_of(slot).received);
}

// The highest id that a line which is not stored again repeats, and which is itself still to be stored.
uint64_t Replay::needs(const std::vector<FrameRef>& frames, uint64_t first_id) const {
  uint64_t highest = 0;
  for (size_t i = 0; first_id != 0 && i < frames.size(); ++i) {
    if (frames[i].replay != FrameReplay::skip || covered_.holds(first_id + i)) continue;
    const auto first = covered_.repeats(first_id + i);
    if (first && !covered_.holds(*first)) highest = std::max(highest, *first);
  }
  return highest;
}

void Replay::run(const SourceOf& source_of, const std::function<void()>& progress) {
  for (Left& left : left_) {
    SlotHeader& header = header_of(left.slot);
    const Source source = source_of(std::string(header.source_name()));
    SlotLines& lines = left.lines;
    if (!lines.end.empty() && (lines.end.front().flags & kFrameCutShort) != 0) {
      facts_.cut_short += lines.end.size();
      header.cut_short = 1;
    }
    const uint64_t end_id = header.end_id;
    if (!lines.pending.empty()) {
      pending_.push_back({std::string(header.source_name()), left.slot.share(), std::move(lines.pending)});
    }
    // Of lines that were answered and stored it is not known any more which others they were counted as repeats of, and
    // these may be nowhere but in the spool: any of them.
    const uint64_t waits_for = left.stored ? facts_.end_id - 1 : needs(lines.frames, header.first_id);
    hand_over({left.slot.share(), lines.frames, header.first_id, waits_for, false}, source, progress);
    hand_over({std::move(left.slot), lines.end, end_id, needs(lines.end, end_id), true}, source, progress);
  }
  left_.clear();
}

void Replay::hand_over(Lines lines, const Source& source, const std::function<void()>& progress) {
  const std::vector<FrameRef>& frames = lines.frames;
  if (frames.empty()) return;
  const auto left = static_cast<uint64_t>(
      std::count_if(frames.begin(), frames.end(), [](const FrameRef& f) { return f.replay != FrameReplay::skip; }));
  facts_.covered += frames.size() - left;
  facts_.lines += left;
  // Lines that somebody was promised stay in the spool until what they repeat is stored.
  SlotHeader& header = header_of(lines.slot);
  if (left == 0 && (lines.waits_for == 0 || header.acknowledged == 0)) {
    // The slot may stay for what else is in it, and a merge forget that these were counted as repeats.
    header.stored |= lines.stream_end ? SlotHeader::kEndStored : SlotHeader::kLinesStored;
    return parts_.pipeline.pass(lines.first_id);
  }
  auto batch = parts_.pipeline.new_batch();
  batch->source = source.number;
  batch->received = header.received;
  batch->slot = std::move(lines.slot);
  batch->frames.assign(frames.begin(), frames.end());
  batch->first_id = lines.first_id;
  batch->needs = lines.waits_for;
  batch->stream_end = lines.stream_end;
  uint64_t bytes = 0;
  for (const FrameRef& frame : frames) bytes += frame.replay == FrameReplay::skip ? 0 : frame.length;
  LedgerCell& cell = source.ledger->cell();
  cell.received.add(left);
  cell.received_bytes.add(bytes);
  cell.replayed.add(left);
  submit(std::move(batch), progress);
}

void Replay::submit(std::unique_ptr<Batch> batch, const std::function<void()>& progress) {
  while (parts_.pipeline.submit(batch) == Verdict::full) {
    auto room = std::make_shared<Room>();
    parts_.context.notify_when_room(
        [room] {
          MutexLock lock(room->mutex);
          room->there = true;
          room->changed.notify_one();
        },
        parts_.pipeline.cost_of(*batch));
    MutexLock lock(room->mutex);
    if (!room->there) room->changed.wait_for(room->mutex, kProgressInterval);
    if (progress) progress();
  }
}

}  // namespace sluice
