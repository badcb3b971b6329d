// BlockHeader: what stands before a block's columns: its summary and the directory of its columns. The bytes are
// described in block_format.md.
//
//   auto header = read_block_header(bytes);      // a prefix of the block is enough, if it holds the header
//   for (const ColumnEntry& column : header->columns) ... bytes.substr(column.offset, column.stored_bytes)
//
// Errors: an Error that says what is wrong. A checksum covers all of the header.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/record/block.h"
#include "core/record/column.h"

namespace sluice {

inline constexpr std::string_view kBlockMagic = "SLBK";
inline constexpr uint8_t kBlockVersion = 1;
inline constexpr size_t kBlockSummaryBytes = 96;  // the fixed part of the header
inline constexpr size_t kColumnEntryBytes = 20;
inline constexpr size_t kHeaderChecksumBytes = 8;

// Stored: never renumber. A column that is not there means what is said behind it. From kOptional on, a reader that
// does not know a kind skips it; below, it must refuse the block.
enum class ColumnKind : uint8_t {
  none = 0,      // never stored, so that zeros are not a directory
  tables = 1,    // hostnames, app_names, listeners, peers, origins, senders, classes
  ids = 2,       // by row
  times = 3,     // by row
  received = 4,  // runs of rows
  origins = 5,   // by row: index in tables; absent: all 0
  classes = 6,   // grouped: index in tables; absent: all 0
  senders = 7,   // grouped: index in tables; absent: all 0
  layouts = 8,   // texts; absent: none
  proc_ids = 9,  // grouped texts, as all that follow; absent: all empty
  msg_ids = 10,
  structured_data = 11,
  messages = 12,
  values = 13,
  repeats = 14,  // notes; absent: none
  kOptional = 128,
  collapsed = 128,  // lines that notes count, by id; absent: none
  grams = 129,      // which pieces of text the messages hold (gram_filter.h); absent: not known
};
std::string_view column_name(ColumnKind kind);

// The columns of a payload's texts, in the order of PayloadText (payload.h).
inline constexpr std::array kTextColumns{ColumnKind::proc_ids, ColumnKind::msg_ids, ColumnKind::structured_data,
                                         ColumnKind::messages, ColumnKind::values};

struct ColumnEntry {
  ColumnKind kind = ColumnKind::none;
  ColumnCodec codec = ColumnCodec::plain;
  uint32_t raw_bytes = 0;
  uint32_t stored_bytes = 0;
  uint64_t checksum = 0;  // of the stored bytes
  size_t offset = 0;      // from the block's first byte; not stored
};

struct BlockHeader {
  BlockSummary summary;
  uint64_t total_bytes = 0;  // of the whole block
  std::vector<ColumnEntry> columns;

  size_t bytes() const { return kBlockSummaryBytes + columns.size() * kColumnEntryBytes + kHeaderChecksumBytes; }
  const ColumnEntry* find(ColumnKind kind) const;
};

// Sets total_bytes and the offsets from the columns' sizes and appends the header.
void append_block_header(BlockHeader& header, std::string& out);
Result<BlockHeader> read_block_header(std::string_view bytes);

}  // namespace sluice
