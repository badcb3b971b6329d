#include "core/store/merge_plan.h"

namespace sluice {
namespace {

constexpr size_t kBusyRun = 4;       // segments; fewer are not worth a merge while more are coming
constexpr size_t kMaxRun = 64;       // segments; each is an open file
constexpr uint64_t kTierRatio = 2;   // an older segment may hold this many times what the newer ones do
constexpr uint64_t kTailRatio = 16;  // the same where nothing more will come: once, or once in a quiet minute
constexpr uint64_t kWorthwhile = 8;  // one segment is merged with itself when a part in 8 of it gains

bool has_room(const SegmentFacts& segment, const MergeLimits& limits) {
  return segment.mergeable && segment.stored_bytes < limits.segment_bytes / 2;
}

bool worth_merging_alone(const SegmentFacts& segment) {
  return segment.small_blocks >= 2 && segment.small_stored_bytes * kWorthwhile >= segment.stored_bytes;
}

bool worth_filtering(const SegmentFacts& segment, const MergeLimits& limits) {
  return segment.mergeable && segment.unfiltered_stored_bytes * kWorthwhile >= segment.stored_bytes &&
         segment.unfiltered_stored_bytes >= limits.segment_bytes / kWorthFiltering &&
         (limits.pace != MergePace::busy || segment.newest < limits.filter_before);
}

// The longest run that ends before `end`, begins at `begin` or later and keeps to the limits and the ratio.
MergeRun run_before(std::span<const SegmentFacts> sealed, size_t begin, size_t end, uint64_t ratio,
                    const MergeLimits& limits) {
  size_t first = end - 1;
  uint64_t weight = sealed[first].weight;
  uint64_t stored = sealed[first].stored_bytes;
  Nanos oldest = sealed[first].oldest;
  Nanos newest = sealed[first].newest;
  while (first > begin && end - first < kMaxRun) {
    const SegmentFacts& older = sealed[first - 1];
    oldest = std::min(oldest, older.oldest);
    newest = std::max(newest, older.newest);
    stored += older.stored_bytes;
    if (older.weight > ratio * weight || stored > limits.segment_bytes) break;
    if (limits.span > 0 && newest - oldest > limits.span) break;
    weight += older.weight;
    --first;
  }
  return {first, end};
}

bool has_much_unpacked(const SegmentFacts& segment) {
  return segment.mergeable && segment.unpacked_blocks > 0 &&
         segment.unpacked_stored_bytes * kWorthwhile >= segment.stored_bytes;
}

// The longest run from `begin` on that has something to pack everywhere and keeps to the limits, and its sums.
MergeRun unpacked_run(std::span<const SegmentFacts> sealed, size_t begin, const MergeLimits& limits,
                      SegmentFacts& sums) {
  sums = sealed[begin];
  size_t end = begin + 1;
  for (; end < sealed.size() && end - begin < kMaxRun && has_much_unpacked(sealed[end]); ++end) {
    const SegmentFacts& next = sealed[end];
    const Nanos oldest = std::min(sums.oldest, next.oldest);
    const Nanos newest = std::max(sums.newest, next.newest);
    if (sums.stored_bytes + next.stored_bytes > limits.segment_bytes) break;
    if (limits.span > 0 && newest - oldest > limits.span) break;
    sums.oldest = oldest;
    sums.newest = newest;
    sums.stored_bytes += next.stored_bytes;
    sums.unpacked_blocks += next.unpacked_blocks;
    sums.unpacked_weight += next.unpacked_weight;
    sums.fresh_blocks += next.fresh_blocks;
  }
  return {begin, end};
}

}  // namespace

std::optional<MergeRun> plan_merge(std::span<const SegmentFacts> sealed, const MergeLimits& limits) {
  for (size_t end = sealed.size(); end > 0;) {
    if (!has_room(sealed[end - 1], limits)) {
      --end;
      continue;
    }
    size_t begin = end - 1;
    while (begin > 0 && has_room(sealed[begin - 1], limits)) --begin;

    const bool growing = end == sealed.size() && limits.pace != MergePace::quiet;
    for (size_t last = end; last > begin; --last) {
      const MergeRun run = run_before(sealed, begin, last, growing ? kTierRatio : kTailRatio, limits);
      const size_t length = run.end - run.begin;
      const size_t wanted = growing && limits.pace == MergePace::busy ? kBusyRun : 2;
      if (length >= wanted) return run;
      if (wanted == 2 && worth_merging_alone(sealed[run.begin])) return run;
    }
    end = begin;
  }
  return std::nullopt;
}

std::optional<MergeRun> plan_filtering(std::span<const SegmentFacts> sealed, const MergeLimits& limits) {
  for (size_t i = sealed.size(); i > 0; --i) {  // the newest are searched the most
    if (worth_filtering(sealed[i - 1], limits)) return MergeRun{i - 1, i};
  }
  return std::nullopt;
}

std::optional<MergeRun> plan_packing(std::span<const SegmentFacts> sealed, const MergeLimits& limits,
                                     uint64_t pack_bytes) {
  for (size_t begin = 0; begin < sealed.size();) {
    if (!has_much_unpacked(sealed[begin])) {
      ++begin;
      continue;
    }
    SegmentFacts sums;
    const MergeRun run = unpacked_run(sealed, begin, limits, sums);
    const bool enough = sums.unpacked_weight >= pack_bytes;
    const bool rest = limits.pace == MergePace::quiet && (sums.unpacked_blocks >= 2 || sums.fresh_blocks > 0);
    if (enough || rest) return run;
    begin = run.end;
  }
  return std::nullopt;
}

}  // namespace sluice
