// StoreStatistics: what a store holds, counted.
//
//   const StoreStatistics s = count_store(reader);
//
// No text is decompressed: names are counted by their places in each block's dictionaries, blocks by several threads.
//
// Lines are stored records; what was collapsed into them is `repeats`. A damaged block is left out and named in `damage`.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/base/clock.h"
#include "core/store/store_reader.h"
#include "daemon/ctl/tally.h"

namespace sluice {

struct StoreStatistics {
  uint64_t lines = 0;
  uint64_t repeats = 0;
  uint64_t raw_bytes = 0;     // of the stored lines as received
  uint64_t stored_bytes = 0;  // of the segment files
  uint64_t segments = 0;
  uint64_t blocks = 0;
  Nanos first_time = 0, last_time = 0;  // REQUIRES for these four: lines != 0
  Nanos first_received = 0, last_received = 0;
  Tally hosts, apps, listeners, formats, severities;
  std::vector<Damage> damage;
};

StoreStatistics count_store(const StoreReader& reader);

}  // namespace sluice
