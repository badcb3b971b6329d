#include "core/dedupe/bloom_filter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sluice {
namespace {

// The best number of bits to set is bits_per_entry * ln 2. Past 12 another bit gains nothing that a block of 512 could
// still tell apart.
uint32_t best_k(uint32_t bits_per_entry) {
  const double best = std::round(bits_per_entry * 0.6931471805599453);
  return static_cast<uint32_t>(std::clamp(best, 1.0, 12.0));
}

}  // namespace

size_t BloomFilter::bytes_for(uint64_t entries, uint32_t bits_per_entry) {
  const uint64_t bits = entries * std::max<uint32_t>(bits_per_entry, 1);
  return std::max<uint64_t>(1, (bits + kBlockBits - 1) / kBlockBits) * (kBlockBits / 8);
}

BloomFilter::BloomFilter(uint64_t entries, uint32_t bits_per_entry)
    : blocks_(bytes_for(entries, bits_per_entry) / (kBlockBits / 8)),
      k_(best_k(bits_per_entry)),
      region_(blocks_ * (kBlockBits / 8), MappedRegion::HugePages::want) {}

void BloomFilter::clear() {
  if (inserted_ == 0) return;
  std::memset(region_.data(), 0, region_.size());
  inserted_ = 0;
}

}  // namespace sluice
