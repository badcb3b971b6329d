// Block: many records with their own dictionaries; the unit of compression, checksum and reading. Decodes alone.
// The bytes are described in block_format.md.
//
//   BlockEncoder encoder({.level = 1});                 // one per worker: owns the zstd context and scratch columns
//   EncodedBlock encoded;
//   encoder.encode(open_block, encoded);                // columns, compressed, checksummed
//
//   BlockReader reader;
//   if (auto r = reader.open(bytes); !r) ...            // header and its checksum only
//   for (uint32_t row = 0; row < reader.rows(); ++row) {
//     auto record = reader.record(row);                 // decodes the columns it needs on first use
//   }
//
// Errors:  damaged or hostile bytes give an Error that names the column; never a crash, never unbounded memory
//          (a column's decoded size is bounded by kMaxBlockRawBytes and checked before it is allocated).
// Threads: an encoder or reader belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/record/open_block.h"
#include "core/record/stored_record.h"

namespace sluice {

// What is known of a block without decoding it. Written in its header and in the segment's index.
struct BlockSummary {
  uint32_t rows = 0;
  uint32_t repeat_notes = 0;
  uint64_t repeats = 0;    // sum of the notes' counts
  uint64_t raw_bytes = 0;  // of the received frames
  uint64_t first_id = 0, last_id = 0;
  Nanos min_time = 0, max_time = 0;
  Nanos min_received = 0, max_received = 0;
  uint8_t severities = 0;    // bit i: some record has severity i
  uint32_t merge_level = 0;  // 0: as ingested; grows with each merge
  friend bool operator==(const BlockSummary&, const BlockSummary&) = default;
};

struct EncodedBlock {
  std::string bytes;
  BlockSummary summary;
  uint64_t end_id = 0;  // above the id of every line that the block stores or accounts for as collapsed
  void clear() {
    bytes.clear();
    summary = {};
    end_id = 0;
  }
};

struct BlockEncoderOptions {
  int level = 1;  // zstd level; bench/README.md shows the curve
  uint32_t merge_level = 0;
};

inline constexpr uint64_t kMaxBlockRawBytes = 64 << 20;

class BlockEncoder {
 public:
  explicit BlockEncoder(BlockEncoderOptions options = {});
  ~BlockEncoder();
  // REQUIRES: !block.empty(); the block was sealed when full() (open_block.h). `out` is overwritten.
  void encode(const OpenBlock& block, EncodedBlock& out);
  size_t bytes() const;  // scratch memory held
  void shrink();         // gives scratch back, under memory pressure

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class BlockReader {
 public:
  BlockReader();
  ~BlockReader();
  BlockReader(BlockReader&&) noexcept;
  BlockReader& operator=(BlockReader&&) noexcept;

  // Takes the bytes of one whole block. Checks the header; columns are checked when they are first read.
  Result<void> open(std::string bytes);
  const BlockSummary& summary() const;
  uint32_t rows() const;

  // Checks and decodes every column now. Afterwards record() can't fail.
  Result<void> load_all();
  // Checks and decodes what filters need: id, time, flags, hostname, app_name (but no text).
  Result<void> load_filters();
  // REQUIRES: load_all(), or load_filters() for id, time, flags, hostname, app_name, listener, peer, received only
  StoredRecord record(uint32_t row) const;
  Result<std::vector<RepeatNote>> repeats() const;
  Result<std::vector<CollapsedLines>> collapsed() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
