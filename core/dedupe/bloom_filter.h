// BloomFilter: answers "surely not here" or "maybe" about a 128-bit fingerprint from one cache line.
//
// Blocked: the fingerprint chooses one block of 512 bits (64 bytes, a cache line) and k bits in it by double hashing.
// That costs a little accuracy against a classic filter, and k-1 cache misses less.
//
//   BloomFilter filter(100'000, 12);          // for that many fingerprints, with 12 bits for each
//   const BloomFilter::Probe probe = filter.probe(fingerprint);
//   filter.prefetch(probe);                   // a few lines ahead
//   if (!filter.may_contain(probe)) filter.insert(probe);
//
// Limits:  no false negatives. False positives at 12 bits and full: about 0.6 % (bench/dedupe_bench draws the curve);
//          more than the given number of fingerprints only makes them more frequent.
// Threads: as plain memory: one at a time, or many that only ask.
// Memory:  reserved at construction, touched as it is used.
// REQUIRES of every probe: it came from this filter, or from one made with the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/hash.h"
#include "core/memory/mapped_region.h"

namespace sluice {

class BloomFilter {
 public:
  // The place of one fingerprint; worked out once and used for several calls.
  struct Probe {
    size_t word;      // first of the block's eight words
    uint32_t at;      // first bit, 0 to 511
    uint32_t stride;  // odd, so that bits do not repeat soon
  };

  BloomFilter(uint64_t entries, uint32_t bits_per_entry);

  Probe probe(const Hash128& fingerprint) const {
    // Multiplication instead of a modulo: the high half of low * blocks is uniform over the blocks.
    const auto block = static_cast<size_t>((static_cast<unsigned __int128>(fingerprint.low) * blocks_) >> 64);
    return {block * kWords, static_cast<uint32_t>(fingerprint.high >> 55),
            (static_cast<uint32_t>(fingerprint.high >> 46) & 511) | 1};
  }

  // always_inline, because GCC 12 finds that a function which only prefetches has no effect, and drops its calls.
  [[gnu::always_inline]] void prefetch(const Probe& probe) const { __builtin_prefetch(words() + probe.word, 1); }

  bool may_contain(const Probe& probe) const {
    const uint64_t* block = words() + probe.word;
    uint64_t all = ~uint64_t{0};
    // No early exit: the branch would be guessed wrong more often than the few loads cost.
    for_each_bit(probe, [&](uint32_t word, uint32_t bit) { all &= block[word] >> bit; });
    return all & 1;
  }

  // a.may_contain(probe) || b.may_contain(probe), working out the bits once.
  // REQUIRES: a and b were made with the same numbers
  static bool either_may_contain(const BloomFilter& a, const BloomFilter& b, const Probe& probe) {
    const uint64_t* block_a = a.words() + probe.word;
    const uint64_t* block_b = b.words() + probe.word;
    uint64_t all_a = ~uint64_t{0};
    uint64_t all_b = ~uint64_t{0};
    a.for_each_bit(probe, [&](uint32_t word, uint32_t bit) {
      all_a &= block_a[word] >> bit;
      all_b &= block_b[word] >> bit;
    });
    return (all_a | all_b) & 1;
  }

  void insert(const Probe& probe) {
    uint64_t* block = words() + probe.word;
    for_each_bit(probe, [&](uint32_t word, uint32_t bit) { block[word] |= uint64_t{1} << bit; });
    ++inserted_;
  }

  void clear();

  uint64_t inserted() const { return inserted_; }  // since clear(), repetitions included
  uint32_t bits_per_probe() const { return k_; }
  size_t bytes() const { return region_.size(); }
  static size_t bytes_for(uint64_t entries, uint32_t bits_per_entry);

 private:
  static constexpr size_t kBlockBits = 512;
  static constexpr size_t kWords = kBlockBits / 64;

  // Enhanced double hashing: the stride grows, or else two fingerprints that share two bits would share them all.
  // `at` runs on without a modulo, so that one bit's place waits for an addition only.
  template <class Visit>
  void for_each_bit(const Probe& probe, Visit visit) const {
    uint32_t at = probe.at;
    uint32_t stride = probe.stride;
    for (uint32_t i = 0; i < k_; ++i) {
      visit(at / 64 % kWords, at % 64);
      at += stride;
      stride += i + 1;
    }
  }

  uint64_t* words() const { return reinterpret_cast<uint64_t*>(region_.data()); }

  uint64_t blocks_;
  uint32_t k_;
  uint64_t inserted_ = 0;
  MappedRegion region_;
};

}  // namespace sluice
