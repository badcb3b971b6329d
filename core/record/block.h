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
//     auto record = reader.record(row);                 // after load_all(), or load() of the parts that are wanted
//   }
//
// A reader that is opened again and again keeps its room: use one for many blocks.
//
// Errors:  damaged or hostile bytes give an Error that names the column; never a crash, never unbounded memory
//          (a column's decoded size is bounded by kMaxBlockRawBytes and checked before it is allocated).
// Threads: an encoder or reader belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
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

// What a reader can decode of its records; what is not loaded is empty in them.
enum BlockPart : uint16_t {
  kIdPart = 1 << 0,
  kTimePart = 1 << 1,
  kReceivedPart = 1 << 2,
  kOriginPart = 1 << 3,  // hostname, app_name
  kClassPart = 1 << 4,   // flags, time shape
  kSenderPart = 1 << 5,  // listener, peer
  kLayoutPart = 1 << 6,
  kProcIdPart = 1 << 7,  // from here on in the order of PayloadText (payload.h)
  kMsgIdPart = 1 << 8,
  kStructuredDataPart = 1 << 9,
  kMessagePart = 1 << 10,
  kValuesPart = 1 << 11,
};
using BlockParts = uint16_t;
inline constexpr BlockParts kFilterParts =
    kIdPart | kTimePart | kReceivedPart | kOriginPart | kClassPart | kSenderPart;  // all but text
inline constexpr BlockParts kAllParts = (1 << 12) - 1;

// How many of a block's records have each name, severity and format.
struct BlockCounts {
  struct Name {
    std::string_view name;  // a view into the reader
    uint64_t rows = 0;
  };
  std::vector<Name> hostnames, app_names, listeners;  // each once
  std::array<uint64_t, 8> severities{};
  std::array<uint64_t, 8> formats{};  // by Format
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

  // Checks and decodes these parts, as far as they are not decoded yet. Afterwards record() can't fail.
  Result<void> load(BlockParts parts);
  Result<void> load_all() { return load(kAllParts); }
  Result<void> load_filters() { return load(kFilterParts); }
  // Where messages are stored as templates: decodes those whose template is wanted, and those that hold a string, which
  // no template tells of. The others read as empty, and all count as loaded: for a search, which leaves those rows out.
  // Otherwise does nothing.
  Result<void> load_messages(const std::function<bool(std::string_view template_text)>& wanted);
  StoredRecord record(uint32_t row) const;
  uint64_t id(uint32_t row) const;  // REQUIRES: load(kIdPart)
  Nanos time(uint32_t row) const;   // REQUIRES: load(kTimePart)

  // The messages of all rows in one run of bytes, for a search that looks at many blocks and finds little. What stands
  // between two messages is not said, so what is found must be looked at in its message. Valid until load() or open().
  Result<std::string_view> message_bytes();
  // Where each row's message stands among the others. REQUIRES: load(kMessagePart); place < rows()
  uint32_t place_of(uint32_t row) const;
  std::string_view message_at(uint32_t place) const;
  // Whether some row's message is kept with JSON escapes: then message_bytes() is not what append_message() gives.
  Result<bool> has_escaped_messages();

  // Decodes the dictionaries and three columns of indices in them, and nothing else.
  Result<BlockCounts> count();
  Result<std::vector<RepeatNote>> repeats() const;
  Result<std::vector<CollapsedLines>> collapsed() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
