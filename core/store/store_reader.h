// StoreReader: reads a store directory, with or without a running daemon. It takes no lock and changes nothing.
//
//   auto reader = StoreReader::open(real_file_system(), "/var/lib/sluice");
//   for (const BlockRef& ref : (*reader)->blocks()) {          // in order of segment and offset
//     if (ref.summary.max_time < since) continue;
//     BlockReader block;
//     if (auto r = (*reader)->read(ref, block); !r) ...         // damaged: reported, skipped
//   }
//   auto fresh = (*reader)->refresh();                         // the blocks that came since
//
// A segment that a merge replaced is never shown beside its replacement. Ids ascend within a block; blocks of several
// workers overlap, so that ids do not ascend from block to block.
//
// Following: refresh() gives every line that came since the last look, once, also to a reader that slept while the
// daemon merged. The segments seen stay open, so what was appended to them before they were replaced can still be
// read. A merged segment whose lines were all seen gives nothing. One that holds lines both seen and new (the reader
// slept through the whole life of one of its inputs) gives refs with `skip` set: rows for which skip->has(id) were
// shown before.
//
// The end of a segment: what is not whole there is not there yet, or was being written when the daemon died. It is
// never in damage(); torn_tails() lists it for those who know that no daemon is running (its next start cuts it off).
//
// Errors:  a segment that can't be opened is listed in damage() and the rest is read. read() fails for damage, and when
//          retention removed the segment of a ref (Error::sys is ENOENT).
// Threads: one thread, except read() and read_beginning(), which are safe from any between two calls of refresh().
// Memory:  about 130 bytes per block, and an open file for each of the newest kOpenSegments segments.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/record/block.h"
#include "core/store/damage.h"

namespace sluice {

// Ids of lines, as ascending ranges.
class ShownIds {
 public:
  explicit ShownIds(std::vector<uint64_t> ids);  // in any order
  bool has(uint64_t id) const;

 private:
  struct Range {
    uint64_t first, last;
  };
  std::vector<Range> ranges_;
};

struct BlockRef {
  uint64_t segment = 0;  // its (first) number
  uint64_t offset = 0;   // of the block in the segment
  uint64_t length = 0;   // bytes
  BlockSummary summary;
  uint32_t level = 0;                              // of the segment: together with its number this names it
  uint64_t checksum = 0;                           // of the block's bytes
  std::shared_ptr<const ShownIds> skip = nullptr;  // rows shown before; mostly null: none
};

class StoreReader {
 public:
  static Result<std::unique_ptr<StoreReader>> open(FileSystem& fs, const std::string& path);
  ~StoreReader();

  const std::vector<BlockRef>& blocks() const;
  const std::vector<Damage>& damage() const;
  const std::vector<Damage>& torn_tails() const;
  // REQUIRES: ref came from blocks() or refresh(), and refresh() was not called since
  Result<void> read(const BlockRef& ref, BlockReader& block) const;
  // The block's first `size` bytes, or all of them: its header (block_header.h) and as many columns as lie in them. Nothing
  // is checked. REQUIRES: as read()
  Result<std::string> read_beginning(const BlockRef& ref, uint64_t size) const;
  // Looks again, and returns the blocks with lines that are new since the last look.
  Result<std::vector<BlockRef>> refresh();
  // Reads everything: each envelope, each block's checksum, each column. What it returns includes damage(), and files
  // that were put aside because they are damaged.
  std::vector<Damage> verify() const;
  // What a merge has not finished, or was interrupted at: no damage, its inputs are whole. The next start removes it.
  const std::vector<std::string>& unfinished() const;

  struct SegmentInfo {
    uint64_t number = 0;  // the first, of a merged one
    std::string path;
    uint64_t bytes = 0;
    bool indexed = false;  // has its index; otherwise it was scanned
    uint64_t last_number = 0;
    uint32_t level = 0;  // 0: as ingested
  };
  const std::vector<SegmentInfo>& segments() const;

  static constexpr size_t kOpenSegments = 512;  // half of the usual limit of open files

 private:
  class Impl;
  explicit StoreReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
