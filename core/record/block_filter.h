// Blocks with a gram filter: the filter is built when a block is merged, or passed on by a merge, and never while lines are
// received.
//
//   BlockFilterer filterer;
//   if (auto r = filterer.add_filter(bytes, merge_level); !r) ...    // the block could not be read
//
// The filter becomes the first column, so that a reader finds it in one read with the header and the tables.
//
// Threads: one. Memory: the decoded messages of a block.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/record/block.h"
#include "core/record/gram_filter.h"

namespace sluice {

class BlockFilterer {
 public:
  // Gives the block its filter, where one is wanted (none, when its messages hold no gram, or where it has one), and this
  // merge level.
  Result<void> add_filter(std::string& block, uint32_t merge_level, bool wanted = true);

 private:
  BlockReader reader_;
  GramFilterBuilder builder_;
  std::string filter_, text_;
};

}  // namespace sluice
