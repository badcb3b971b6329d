#include "core/record/block_filter.h"

#include <utility>

#include "core/base/hash.h"
#include "core/record/block_header.h"

namespace sluice {
namespace {

// Sluice's own blocks always have.
bool has_room(const BlockHeader& header, size_t bytes) {
  uint64_t raw_bytes = bytes;
  for (const ColumnEntry& column : header.columns) raw_bytes += column.raw_bytes;
  return raw_bytes <= kMaxBlockRawBytes && header.columns.size() < UINT8_MAX;
}

}  // namespace

Result<void> BlockFilterer::add_filter(std::string& block, uint32_t merge_level, bool wanted) {
  auto header = read_block_header(block);
  if (!header) return Unexpected(header.error());
  if (auto r = reader_.open(block); !r) return r;
  filter_.clear();
  if (wanted && header->find(ColumnKind::grams) == nullptr) {
    if (auto r = reader_.load(kClassPart | kMessagePart); !r) return r;
    for (uint32_t row = 0; row < reader_.rows(); ++row) {
      const StoredRecord record = reader_.record(row);
      if (record.flags.has(kMessageEscaped)) {
        text_.clear();
        append_message(record, text_);
        builder_.add(text_);
      } else {
        builder_.add(record.message);
      }
    }
    builder_.finish(header->summary.raw_bytes, filter_);
  }
  const size_t body = header->bytes();
  header->summary.merge_level = merge_level;
  if (!filter_.empty() && has_room(*header, filter_.size())) {
    const auto size = static_cast<uint32_t>(filter_.size());
    header->columns.insert(header->columns.begin(),
                           {ColumnKind::grams, ColumnCodec::plain, size, size, checksum64(filter_)});
  } else {
    filter_.clear();
  }
  std::string rewritten;
  rewritten.reserve(block.size() + filter_.size() + kColumnEntryBytes);
  append_block_header(*header, rewritten);
  rewritten += filter_;
  rewritten.append(block, body);
  block = std::move(rewritten);
  return {};
}

}  // namespace sluice
