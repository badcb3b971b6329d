#include "core/query/block_probe.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/hash.h"
#include "core/record/block_header.h"
#include "core/record/block_tables.h"

namespace sluice {
namespace {

// Holds the header, the filter and the tables of most blocks; reading more costs little beside the call.
constexpr uint64_t kFirstLook = 20 << 10;

class BlockProbe {
 public:
  BlockProbe(const StoreReader& reader, const BlockRef& ref) : reader_(reader), ref_(ref) {}

  // False when the header can't be had.
  bool open() {
    if (!reach(kFirstLook)) return false;
    auto header = read_block_header(bytes_);
    if (!header) return false;
    header_ = std::move(*header);
    return true;
  }

  // The bytes of a column as they were before compression; empty when it is not there or not to be had.
  std::string column(ColumnKind kind) {
    const ColumnEntry* entry = header_.find(kind);
    if (entry == nullptr || !reach(entry->offset + entry->stored_bytes)) return {};
    const std::string_view stored = std::string_view(bytes_).substr(entry->offset, entry->stored_bytes);
    if (checksum64(stored) != entry->checksum) return {};
    if (entry->codec == ColumnCodec::plain) return std::string(stored);
    std::string raw(entry->raw_bytes, '\0');
    const bool whole = entry->codec == ColumnCodec::zstd && Decompressor().decompress(stored, raw.size(), raw.data());
    return whole ? raw : std::string();
  }

  uint32_t rows() const { return header_.summary.rows; }

 private:
  // Makes bytes_ the block's first `size` bytes, or more.
  bool reach(uint64_t size) {
    size = std::min(size, ref_.length);
    if (bytes_.size() >= size) return true;
    auto bytes = reader_.read_beginning(ref_, size);
    if (!bytes) return false;
    bytes_ = std::move(*bytes);
    return true;
  }

  const StoreReader& reader_;
  const BlockRef& ref_;
  std::string bytes_;
  BlockHeader header_;
};

bool names_are_there(const std::string& raw, uint32_t rows, const Scan& scan) {
  BlockTables tables;
  if (raw.empty() || !parse_tables(raw, rows, tables)) return true;
  return std::any_of(tables.origins.begin(), tables.origins.end(), [&](const BlockTables::Origin& origin) {
    return scan.wants_origin(tables.hostnames[origin.hostname], tables.app_names[origin.app_name]);
  });
}

}  // namespace

bool may_hold_answer(const StoreReader& reader, const BlockRef& ref, const Scan& scan) {
  // A block as ingested has no filter.
  const bool asks_filter = !scan.finders().empty() && ref.summary.merge_level != 0;
  if (!asks_filter && !scan.wants_names()) return true;
  BlockProbe probe(reader, ref);
  if (!probe.open()) return true;
  if (asks_filter) {
    const std::string grams = probe.column(ColumnKind::grams);
    const auto filter = GramFilter::parse(grams);
    if (filter && !scan.may_match(*filter)) return false;
  }
  return !scan.wants_names() || names_are_there(probe.column(ColumnKind::tables), probe.rows(), scan);
}

}  // namespace sluice
