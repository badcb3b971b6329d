#include "core/base/hash.h"

#include <sys/random.h>

#define XXH_INLINE_ALL  // short keys dominate: a call would cost as much as the hash
#include <xxhash.h>

#include "core/base/clock.h"

namespace sluice {

uint64_t hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Hash128 hash128(std::string_view bytes, uint64_t seed) {
  const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {h.low64, h.high64};
}

uint64_t checksum64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

uint64_t process_seed() {
  static const uint64_t seed = [] {
    uint64_t s = 0;
    if (getrandom(&s, sizeof s, 0) != sizeof s) s = static_cast<uint64_t>(system_clock().now());
    return s;
  }();
  return seed;
}

}  // namespace sluice
