#include "core/record/block_header.h"

#include <array>

#include "core/base/coding.h"
#include "core/base/hash.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 15> kNames{"none",    "tables",          "ids",     "times",   "received",
                                                  "origins", "classes",         "senders", "layouts", "proc_id",
                                                  "msg_id",  "structured data", "message", "values",  "repeats"};

Unexpected<Error> damaged(std::string what) { return Unexpected(Error{"block header: " + std::move(what)}); }

void append_summary(const BlockHeader& header, std::string& out) {
  const BlockSummary& s = header.summary;
  out.append(kBlockMagic);
  append_u8(out, kBlockVersion);
  append_u8(out, static_cast<uint8_t>(header.columns.size()));
  append_u8(out, s.severities);
  append_u8(out, 0);
  append_u32(out, s.merge_level);
  append_u32(out, s.rows);
  append_u64(out, header.total_bytes);
  append_u32(out, s.repeat_notes);
  append_u32(out, 0);
  append_u64(out, s.repeats);
  append_u64(out, s.raw_bytes);
  append_u64(out, s.first_id);
  append_u64(out, s.last_id);
  for (const Nanos time : {s.min_time, s.max_time, s.min_received, s.max_received}) {
    append_u64(out, static_cast<uint64_t>(time));
  }
}

// What follows the column count.
void read_summary(ByteReader& in, BlockHeader& header) {
  BlockSummary& s = header.summary;
  s.severities = in.u8();
  in.u8();
  s.merge_level = in.u32();
  s.rows = in.u32();
  header.total_bytes = in.u64();
  s.repeat_notes = in.u32();
  in.u32();
  s.repeats = in.u64();
  s.raw_bytes = in.u64();
  s.first_id = in.u64();
  s.last_id = in.u64();
  for (Nanos* time : {&s.min_time, &s.max_time, &s.min_received, &s.max_received}) {
    *time = static_cast<Nanos>(in.u64());
  }
}

// A reader will allocate what a header declares: it must be little enough.
Result<void> check_sizes(const BlockHeader& header) {
  uint64_t raw = 0;
  uint64_t stored = header.bytes();
  for (const ColumnEntry& column : header.columns) {
    raw += column.raw_bytes;
    stored += column.stored_bytes;
  }
  if (header.summary.rows > kMaxBlockRows) return damaged("more rows than a block can have");
  if (raw > kMaxBlockRawBytes) return damaged("columns larger than a block can be");
  if (stored != header.total_bytes) return damaged("column sizes do not add up");
  return {};
}

}  // namespace

std::string_view column_name(ColumnKind kind) {
  if (kind == ColumnKind::collapsed) return "collapsed";
  if (kind == ColumnKind::grams) return "grams";
  const auto number = static_cast<size_t>(kind);
  return number < kNames.size() ? kNames[number] : "of an unknown kind";
}

const ColumnEntry* BlockHeader::find(ColumnKind kind) const {
  for (const ColumnEntry& column : columns) {
    if (column.kind == kind) return &column;
  }
  return nullptr;
}

void append_block_header(BlockHeader& header, std::string& out) {
  size_t offset = header.bytes();
  for (ColumnEntry& column : header.columns) {
    column.offset = offset;
    offset += column.stored_bytes;
  }
  header.total_bytes = offset;

  const size_t from = out.size();
  append_summary(header, out);
  for (const ColumnEntry& column : header.columns) {
    append_u8(out, static_cast<uint8_t>(column.kind));
    append_u8(out, static_cast<uint8_t>(column.codec));
    append_u16(out, 0);
    append_u32(out, column.raw_bytes);
    append_u32(out, column.stored_bytes);
    append_u64(out, column.checksum);
  }
  append_u64(out, checksum64(std::string_view(out).substr(from)));
}

Result<BlockHeader> read_block_header(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.take(kBlockMagic.size()) != kBlockMagic) return damaged("no block begins here");
  const uint8_t version = in.u8();
  BlockHeader header;
  header.columns.resize(in.u8());
  if (bytes.size() < header.bytes()) return damaged("cut short");
  const size_t checked = header.bytes() - kHeaderChecksumBytes;
  if (load_le<uint64_t>(bytes.data() + checked) != checksum64(bytes.substr(0, checked))) return damaged("bad checksum");
  if (version != kBlockVersion) return damaged("version " + std::to_string(version) + " is newer than this program");

  read_summary(in, header);
  size_t offset = header.bytes();
  for (ColumnEntry& column : header.columns) {
    column.kind = static_cast<ColumnKind>(in.u8());
    column.codec = static_cast<ColumnCodec>(in.u8());
    in.u16();
    column.raw_bytes = in.u32();
    column.stored_bytes = in.u32();
    column.checksum = in.u64();
    column.offset = offset;
    offset += column.stored_bytes;
    if (column.kind > ColumnKind::repeats && column.kind < ColumnKind::kOptional) {
      return damaged("a column of a kind that only a newer program knows");
    }
  }
  if (auto sizes = check_sizes(header); !sizes) return Unexpected(sizes.error());
  return header;
}

}  // namespace sluice
