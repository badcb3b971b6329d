// StoreReader: reads a store directory, with or without a running daemon. It takes no lock and changes nothing.
//
//   auto reader = StoreReader::open(real_file_system(), "/var/lib/sluice");
//   for (const BlockRef& ref : (*reader)->blocks()) {          // in order of segment and offset
//     if (ref.summary.max_time < since) continue;
//     BlockReader block;
//     if (auto r = (*reader)->read(ref, block); !r) ...         // damaged: reported, skipped
//   }
//   (*reader)->refresh();                                      // what came since; see new blocks only
//
// A segment that a merge replaced is never shown beside its replacement. A torn tail of the segment that is being
// written is not damage: it is not there yet.
//
// Threads: one thread, except read(), which is safe from any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/record/block.h"

namespace sluice {

struct BlockRef {
  uint64_t segment = 0;  // its number
  uint64_t offset = 0;   // of the block in the segment
  uint64_t length = 0;   // bytes
  BlockSummary summary;
};

struct Damage {
  std::string path;
  uint64_t offset = 0;
  uint64_t length = 0;   // bytes skipped
  std::string what;
};

class StoreReader {
 public:
  static Result<std::unique_ptr<StoreReader>> open(FileSystem& fs, const std::string& path);
  ~StoreReader();

  const std::vector<BlockRef>& blocks() const;
  const std::vector<Damage>& damage() const;
  Result<void> read(const BlockRef& ref, BlockReader& block) const;
  // Looks again. Returns the blocks that are new since the last look and do not repeat what was shown before (a merge's
  // output is not new).
  Result<std::vector<BlockRef>> refresh();

  struct SegmentInfo {
    uint64_t number = 0;
    std::string path;
    uint64_t bytes = 0;
    bool indexed = false;  // has its index; otherwise it was scanned
  };
  const std::vector<SegmentInfo>& segments() const;

 private:
  class Impl;
  explicit StoreReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
