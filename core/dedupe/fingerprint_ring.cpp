#include "core/dedupe/fingerprint_ring.h"

#include <bit>
#include <cassert>
#include <limits>

namespace sluice {
namespace {

// One to two entries a chain. More chains would save a step only for duplicates and for the bloom filter's mistakes.
size_t chains_for(size_t capacity) { return std::bit_floor(capacity); }

}  // namespace

size_t FingerprintRing::bytes_for(size_t capacity) {
  return capacity * sizeof(Entry) + chains_for(capacity) * sizeof(uint32_t);
}

FingerprintRing::FingerprintRing(size_t capacity)
    : capacity_(capacity),
      mask_(chains_for(capacity) - 1),
      entries_(capacity * sizeof(Entry), MappedRegion::HugePages::want),
      heads_(chains_for(capacity) * sizeof(uint32_t), MappedRegion::HugePages::want) {
  assert(capacity >= 1 && capacity < std::numeric_limits<uint32_t>::max() - 1);
}

}  // namespace sluice
