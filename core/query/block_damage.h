// What a reader says of a block that it could not read, and where that block is.
#pragma once

#include <string>

#include "core/base/error.h"
#include "core/store/store_reader.h"

namespace sluice {

std::string segment_path_of(const StoreReader& reader, const BlockRef& ref);

// REQUIRES: the error is one of reading `ref`
Damage block_damage(const StoreReader& reader, const BlockRef& ref, const Error& error);

// Retention took the block away while it was being read: its lines are gone, and nothing is wrong.
bool was_removed(const Error& error);

}  // namespace sluice
