#include "core/query/repeat_sums.h"

#include <algorithm>
#include <limits>

namespace sluice {
namespace {

// A note is written at most about two seconds after its line was received, or later; the rest of this is for a wall
// clock that was set back in between.
constexpr Nanos kNoteLead = 600 * kSecond;

// A note is written at most this long after its line was received: the longest window that the config allows, a day,
// and the same again for a clock that jumped.
constexpr Nanos kNoteDelay = 2 * 86400 * kSecond;

// No overflow at the ends of time.
Nanos add_capped(Nanos time, Nanos span) {
  Nanos sum;
  if (!__builtin_add_overflow(time, span, &sum)) return sum;
  return span < 0 ? std::numeric_limits<Nanos>::min() : std::numeric_limits<Nanos>::max();
}

}  // namespace

RepeatSums::RepeatSums(const StoreReader& reader, std::span<const BlockRef> refs, Nanos newest_received, Report report,
                       size_t max_lines)
    : reader_(reader), report_(std::move(report)), max_lines_(max_lines) {
  const Nanos latest = add_capped(newest_received, kNoteDelay);
  for (const BlockRef& ref : refs) {
    if (ref.summary.repeat_notes == 0) continue;
    // A block of notes alone may have no time of receipt.
    if (ref.summary.rows != 0 && ref.summary.min_received > latest) continue;
    sources_.push_back({ref});
  }
  std::sort(sources_.begin(), sources_.end(),
            [](const Source& a, const Source& b) { return a.ref.summary.max_received > b.ref.summary.max_received; });
}

void RepeatSums::read(Source& source, uint64_t low_id, uint64_t high_id, Sums& sums) {
  if (source.damaged) return;
  if (source.read && (source.high_id < low_id || source.low_id > high_id)) return;
  BlockReader block;
  auto opened = reader_.read(source.ref, block);
  auto notes = opened ? block.repeats() : Result<std::vector<RepeatNote>>(Unexpected(opened.error()));
  if (!notes) {
    source.damaged = true;
    report_(source.ref, notes.error());
    return;
  }
  source.read = true;
  source.low_id = std::numeric_limits<uint64_t>::max();
  source.high_id = 0;
  for (const RepeatNote& note : *notes) {
    source.low_id = std::min(source.low_id, note.first_id);
    source.high_id = std::max(source.high_id, note.first_id);
    if (note.first_id >= low_id && note.first_id <= high_id) sums[note.first_id] += note.count;
  }
}

void RepeatSums::gather(const BlockRef& ref) {
  const Nanos oldest = add_capped(ref.summary.min_received, -kNoteLead);
  while (gathered_ < sources_.size() && !too_many_) {
    const BlockSummary& summary = sources_[gathered_].ref.summary;
    if (summary.rows != 0 && summary.max_received < oldest) return;
    read(sources_[gathered_++], 0, std::numeric_limits<uint64_t>::max(), sums_);
    if (sums_.size() > max_lines_) {
      too_many_ = true;
      sums_ = Sums();
    }
  }
}

void RepeatSums::look_up(const Sums& sums, std::span<const uint64_t> ids, std::vector<uint64_t>& out) {
  out.assign(ids.size(), 0);
  if (sums.empty()) return;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto found = sums.find(ids[i]);
    if (found != sums.end()) out[i] = found->second;
  }
}

void RepeatSums::counts_of(const BlockRef& ref, std::span<const uint64_t> ids, std::vector<uint64_t>& out) {
  gather(ref);
  if (!too_many_) return look_up(sums_, ids, out);
  Sums sums;
  for (Source& source : sources_) read(source, ref.summary.first_id, ref.summary.last_id, sums);
  look_up(sums, ids, out);
}

}  // namespace sluice
