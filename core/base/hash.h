// The hashes used here, all XXH3 (https://xxhash.com), so that the choice is made in one place.
//
// hash64/hash128 are fast and well mixed but not cryptographic: give them a seed that a sender cannot know
// (process_seed()) wherever an attacker could profit from collisions. checksum64 is unseeded: it is stored.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

uint64_t hash64(std::string_view bytes, uint64_t seed);
Hash128 hash128(std::string_view bytes, uint64_t seed);

// Stored in files: never change its meaning.
uint64_t checksum64(std::string_view bytes);

// Random, drawn once when the process starts.
uint64_t process_seed();

}  // namespace sluice
