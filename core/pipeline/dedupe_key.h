// dedupe_key(): by what a line is told from others: its bytes and its sender's address without the port.
#pragma once

#include <string_view>

#include "core/base/hash.h"
#include "core/intern/intern_id.h"

namespace sluice {

// A sender whose address is not known can't be told from others: its lines are made to differ by their `id`.
inline Hash128 dedupe_key(std::string_view frame, InternId peer, uint64_t id) {
  return hash128(frame, process_seed() + (peer != kNotInterned ? peer : id << 32));
}

}  // namespace sluice
