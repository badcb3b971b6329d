#include "core/store/merge_plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

constexpr uint64_t kMax = 1'000'000;  // stored bytes of a segment

// A segment of small blocks holding this much; a tenth of it is what they take on the disk.
SegmentFacts small(uint64_t weight) {
  SegmentFacts facts;
  facts.weight = weight;
  facts.blocks = facts.small_blocks = 32;
  facts.stored_bytes = facts.small_stored_bytes = weight / 10;
  return facts;
}
SegmentFacts full() {
  SegmentFacts facts = small(kMax * 5);
  facts.small_blocks = 0;
  facts.small_stored_bytes = 0;
  return facts;
}
SegmentFacts damaged() {
  SegmentFacts facts = small(1'000);
  facts.mergeable = false;
  return facts;
}
// One block that has been merged already.
SegmentFacts merged(uint64_t weight) {
  SegmentFacts facts = small(weight);
  facts.blocks = facts.small_blocks = 1;
  return facts;
}

// "1-4": the segments from index 1 to before 4; "-": none.
std::string plan(const std::vector<SegmentFacts>& sealed, MergePace pace = MergePace::busy, Nanos span = 0) {
  const auto run = plan_merge(sealed, {.segment_bytes = kMax, .span = span, .pace = pace});
  return run ? std::to_string(run->begin) + "-" + std::to_string(run->end) : "-";
}

TEST(MergePlan, NothingIsMergedOfNothing) {
  for (const MergePace pace : {MergePace::busy, MergePace::idle, MergePace::quiet}) {
    EXPECT_EQ(plan({}, pace), "-");
    EXPECT_EQ(plan({full(), full()}, pace), "-");
    EXPECT_EQ(plan({merged(1000)}, pace), "-");
  }
}

TEST(MergePlan, WhileLinesComeFourAreWaitedFor) {
  EXPECT_EQ(plan({small(1000), small(1000), small(1000)}), "-");
  EXPECT_EQ(plan({small(1000), small(1000), small(1000), small(1000)}), "0-4");
}

TEST(MergePlan, AnIdleStoreMergesTwo) {
  EXPECT_EQ(plan({small(1000), small(1000)}, MergePace::idle), "0-2");
  EXPECT_EQ(plan({small(1000)}, MergePace::idle), "0-1") << "its own small blocks";
}

TEST(MergePlan, AnOlderSegmentThatHoldsMuchMoreIsLeftAlone) {
  EXPECT_EQ(plan({small(9000), small(1000), small(1000), small(1000), small(1000)}), "1-5");
  EXPECT_EQ(plan({small(8000), small(1000), small(1000), small(1000), small(1000)}), "0-5");
  EXPECT_EQ(plan({merged(9000), merged(1000)}, MergePace::idle), "-");
}

TEST(MergePlan, AQuietStoreMergesEvenUnequalOnes) {
  EXPECT_EQ(plan({merged(9000), merged(1000)}, MergePace::quiet), "0-2");
  EXPECT_EQ(plan({merged(160'000), merged(1000)}, MergePace::quiet), "-");
}

TEST(MergePlan, OlderRunsAreFoundBehindOnesThatWait) {
  EXPECT_EQ(plan({small(4000), small(4000), small(4000), small(4000), merged(10)}), "0-4");
}

TEST(MergePlan, WhatIsFollowedByAFullSegmentHasNothingToWaitFor) {
  EXPECT_EQ(plan({small(1000), small(1000), full()}), "0-2");
  EXPECT_EQ(plan({small(1000), full()}), "0-1");
  EXPECT_EQ(plan({merged(1000), full()}), "-");
  EXPECT_EQ(plan({small(1000), small(1000), damaged(), small(1000)}), "0-2");
}

TEST(MergePlan, DamagedAndFullSegmentsAreNoInputs) {
  EXPECT_EQ(plan({small(1000), damaged(), small(1000)}, MergePace::quiet), "2-3");
  EXPECT_EQ(plan({merged(1000), damaged(), merged(1000)}, MergePace::quiet), "-");
  EXPECT_EQ(plan({merged(1000), full(), merged(1000)}, MergePace::quiet), "-");
}

TEST(MergePlan, TheResultFitsASegment) {
  // 400,000 stored bytes each: two fit, three do not.
  const auto big = small(4'000'000);
  EXPECT_EQ(plan({big, big, big}, MergePace::idle), "1-3");
}

TEST(MergePlan, TheResultSpansNoMoreTimeThanAllowed) {
  std::vector<SegmentFacts> sealed(4, small(1000));
  for (size_t i = 0; i < 4; ++i) {
    sealed[i].oldest = static_cast<Nanos>(i) * 100;
    sealed[i].newest = sealed[i].oldest + 99;
  }
  EXPECT_EQ(plan(sealed, MergePace::idle, 299), "1-4");
  EXPECT_EQ(plan(sealed, MergePace::idle, 198), "3-4");
  EXPECT_EQ(plan(sealed, MergePace::idle, 199), "2-4");
}

// ---- packing ----

constexpr uint64_t kPack = 1000;  // weight of a packed block

SegmentFacts unpacked(uint64_t blocks, uint64_t weight, uint64_t fresh) {
  SegmentFacts facts;
  facts.blocks = facts.unpacked_blocks = blocks;
  facts.fresh_blocks = fresh;
  facts.weight = facts.unpacked_weight = weight;
  facts.stored_bytes = facts.unpacked_stored_bytes = weight / 10;
  return facts;
}
SegmentFacts packed() {
  SegmentFacts facts = unpacked(0, 0, 0);
  facts.blocks = 4;
  facts.weight = 4000;
  facts.stored_bytes = 400;
  return facts;
}
std::string pack_plan(const std::vector<SegmentFacts>& sealed, MergePace pace = MergePace::busy, Nanos span = 0) {
  const auto run = plan_packing(sealed, {.segment_bytes = kMax, .span = span, .pace = pace}, kPack);
  return run ? std::to_string(run->begin) + "-" + std::to_string(run->end) : "-";
}

TEST(PackingPlan, TheOldestNeighboursThatFillAPackedBlock) {
  EXPECT_EQ(pack_plan({}), "-");
  EXPECT_EQ(pack_plan({unpacked(3, 999, 3)}), "-");
  EXPECT_EQ(pack_plan({unpacked(3, 1000, 3)}), "0-1");
  EXPECT_EQ(pack_plan({packed(), unpacked(1, 500, 1), unpacked(1, 500, 0), packed(), unpacked(9, 9000, 9)}), "1-3");
  EXPECT_EQ(pack_plan({unpacked(1, 500, 1), packed(), unpacked(1, 600, 1)}), "-") << "they are no neighbours";
}

TEST(PackingPlan, OnceItIsQuietLessIsEnoughAndNothingIsPackedTwice) {
  EXPECT_EQ(pack_plan({packed(), unpacked(1, 10, 1)}, MergePace::quiet), "1-2");
  EXPECT_EQ(pack_plan({packed(), unpacked(2, 10, 0)}, MergePace::quiet), "1-2");
  EXPECT_EQ(pack_plan({packed(), unpacked(1, 10, 0)}, MergePace::quiet), "-") << "a rest that was packed";
  EXPECT_EQ(pack_plan({packed(), packed()}, MergePace::quiet), "-");
}

TEST(PackingPlan, ASegmentThatIsPackedButForAFewBlocksIsLeftAlone) {
  SegmentFacts facts = unpacked(4, 4000, 4);
  facts.stored_bytes = 8 * facts.unpacked_stored_bytes + 1;
  EXPECT_EQ(pack_plan({facts}, MergePace::quiet), "-");
  facts.stored_bytes -= 1;
  EXPECT_EQ(pack_plan({facts}), "0-1");
}

TEST(PackingPlan, KeepsToTheLimitsOfAMerge) {
  SegmentFacts large = unpacked(10, 6 * kMax, 10);
  EXPECT_EQ(pack_plan({large, large}), "0-1") << "both together are larger than a segment";
  SegmentFacts early = unpacked(4, 4000, 4), late = early;
  late.oldest = late.newest = 200;
  EXPECT_EQ(pack_plan({early, late}), "0-2");
  EXPECT_EQ(pack_plan({early, late}, MergePace::busy, 199), "0-1");
  SegmentFacts bad = early;
  bad.mergeable = false;
  EXPECT_EQ(pack_plan({bad, late}), "1-2");
}

TEST(MergePlan, AFewSmallBlocksInALargeSegmentAreNotWorthIt) {
  SegmentFacts facts = small(100'000);
  facts.stored_bytes = 8 * facts.small_stored_bytes + 1;
  EXPECT_EQ(plan({facts}, MergePace::quiet), "-");
  facts.stored_bytes -= 1;
  EXPECT_EQ(plan({facts}, MergePace::quiet), "0-1");
}

// Filled by a flood: large blocks that no merge has seen.
SegmentFacts flooded(Nanos newest = 0) {
  SegmentFacts facts = full();
  facts.unfiltered_stored_bytes = facts.stored_bytes;
  facts.newest = newest;
  return facts;
}
std::string filter_plan(const std::vector<SegmentFacts>& sealed, MergePace pace, Nanos filter_before = 0) {
  const auto run = plan_filtering(sealed, {.segment_bytes = kMax, .pace = pace, .filter_before = filter_before});
  return run ? std::to_string(run->begin) + "-" + std::to_string(run->end) : "-";
}

TEST(FilteringPlan, AFloodsSegmentsGetTheirFiltersOneByOneTheNewestFirst) {
  EXPECT_EQ(filter_plan({flooded(), flooded(), full()}, MergePace::idle), "1-2");
  EXPECT_EQ(filter_plan({flooded(), full()}, MergePace::quiet), "0-1");
  SegmentFacts broken = flooded();
  broken.mergeable = false;
  EXPECT_EQ(filter_plan({broken}, MergePace::quiet), "-");
  SegmentFacts little = flooded();
  little.stored_bytes = little.unfiltered_stored_bytes = kMax / kWorthFiltering - 1;
  little.weight = kMax;
  EXPECT_EQ(filter_plan({full(), little}, MergePace::quiet), "-") << "it is searched fast as it is";
}

TEST(FilteringPlan, WhileLinesComeOnlyOldSegmentsGetTheirFilters) {
  EXPECT_EQ(filter_plan({flooded(100)}, MergePace::busy, 0), "-");
  EXPECT_EQ(filter_plan({flooded(100)}, MergePace::busy, 100), "-");
  EXPECT_EQ(filter_plan({flooded(100)}, MergePace::busy, 101), "0-1");
}

// A trickle of equal segments, each merge carried out: how often is a line rewritten, and how many segments are left?
TEST(MergePlan, ATrickleIsRewrittenALogarithmicNumberOfTimes) {
  std::vector<SegmentFacts> sealed;
  double rewritten = 0, total = 0;
  constexpr int kSegments = 4096;
  for (int i = 0; i < kSegments; ++i) {
    sealed.push_back(small(1000 + static_cast<uint64_t>(i * 37 % 200)));
    total += static_cast<double>(sealed.back().weight);
    while (auto run = plan_merge(sealed, {.segment_bytes = 1 << 30})) {
      SegmentFacts result = merged(0);
      for (size_t s = run->begin; s < run->end; ++s) {
        result.weight += sealed[s].weight;
        result.stored_bytes += sealed[s].stored_bytes;
      }
      result.small_stored_bytes = result.stored_bytes;
      rewritten += static_cast<double>(result.weight);
      const auto at = sealed.begin() + static_cast<ptrdiff_t>(run->begin);
      sealed.erase(at, at + static_cast<ptrdiff_t>(run->end - run->begin));
      sealed.insert(sealed.begin() + static_cast<ptrdiff_t>(run->begin), result);
    }
  }
  EXPECT_LT(rewritten / total, 12) << "log2(4096)";
  EXPECT_LT(sealed.size(), 24u);
}

}  // namespace
}  // namespace sluice
