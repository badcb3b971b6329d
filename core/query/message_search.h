// MessageSearch: the rows of a block whose message matches a scan's pattern. What must stand in a match is first looked
// for in all messages at once; only rows where it was found are decoded and given to the expression, and none where the
// pattern is a plain text. A block in which it does not stand costs the decompression of its messages and nothing else.
//
//   MessageSearch search(scan);
//   if (auto r = search.keep_matching(block, rows); !r) ...      // rows: in any order, those that fit the fields
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/query/scan.h"
#include "core/record/block.h"

namespace sluice {

class MessageSearch {
 public:
  // REQUIRES: scan.needs_message()
  explicit MessageSearch(const Scan& scan) : scan_(scan) {}

  Result<void> keep_matching(BlockReader& block, std::vector<uint32_t>& rows);

 private:
  bool finders_tell(std::string_view messages) const;
  void mark(const BlockReader& block, std::string_view messages, const LiteralFinder& finder);

  const Scan& scan_;
  std::vector<uint8_t> found_;  // by place
  std::string scratch_;
};

}  // namespace sluice
