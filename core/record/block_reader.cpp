#include <array>
#include <cassert>
#include <numeric>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/record/block.h"
#include "core/record/block_header.h"
#include "core/record/block_tables.h"
#include "core/record/column.h"
#include "core/record/payload.h"
#include "core/record/text_column.h"

namespace sluice {
namespace {

Unexpected<Error> damaged(ColumnKind kind, std::string_view what) {
  return Unexpected(Error{"block column " + std::string(column_name(kind)) + ": " + std::string(what)});
}

constexpr std::string_view kBadContent = "its content makes no sense";

bool parse_received(std::string_view raw, uint32_t rows, std::vector<int64_t>& received) {
  ByteReader in(raw);
  received.clear();
  received.reserve(rows);
  uint64_t last = 0;
  while (in.ok() && in.left() != 0) {
    const uint64_t count = in.varint();
    last += static_cast<uint64_t>(unzigzag(in.varint()));
    if (count > rows - received.size()) return false;
    received.insert(received.end(), count, static_cast<int64_t>(last));
  }
  return in.ok() && received.size() == rows;
}

bool parse_layouts(std::string_view raw, uint32_t rows, std::vector<std::string_view>& layouts) {
  ByteReader in(raw);
  while (in.ok() && in.left() != 0) {
    if (layouts.size() == rows) return false;
    layouts.push_back(in.bytes());
  }
  return in.ok();
}

}  // namespace

class BlockReader::Impl {
 public:
  Result<void> open(std::string bytes);
  const BlockSummary& summary() const { return header_.summary; }
  Result<void> load_filters();
  Result<void> load_all();
  StoredRecord record(uint32_t row) const;
  Result<std::vector<RepeatNote>> repeats();
  Result<std::vector<CollapsedLines>> collapsed();

 private:
  static constexpr std::array kTexts{ColumnKind::proc_ids, ColumnKind::msg_ids, ColumnKind::structured_data,
                                     ColumnKind::messages, ColumnKind::values};

  // The stored bytes of a column after its checksum was found right; empty when it is not there.
  Result<std::string_view> stored(const ColumnEntry& column) const;
  Result<void> read_bytes(ColumnKind kind, std::string& raw);
  Result<void> read_numbers(ColumnKind kind, std::vector<int64_t>& values);
  Result<void> read_index(ColumnKind kind, size_t limit, std::vector<uint32_t>& values);
  Result<void> read_tables();
  Result<void> read_received();
  Result<void> read_layouts();
  void group_rows();

  uint32_t rows() const { return header_.summary.rows; }

  std::string bytes_;
  BlockHeader header_;
  Decompressor decompressor_;
  bool filters_loaded_ = false;
  bool all_loaded_ = false;

  std::string tables_raw_;
  BlockTables tables_;
  std::vector<int64_t> ids_, times_, received_;
  std::vector<uint32_t> origins_;            // by row
  std::vector<uint32_t> position_;           // by row: its place in grouped order
  std::vector<uint32_t> classes_, senders_;  // grouped
  std::string layouts_raw_;
  std::vector<std::string_view> layouts_;
  std::array<TextColumn, kTexts.size()> texts_;
};

Result<void> BlockReader::Impl::open(std::string bytes) {
  auto header = read_block_header(bytes);
  if (!header) return Unexpected(header.error());
  if (header->total_bytes != bytes.size()) return Unexpected(Error{"block: cut short, or something follows it"});
  header_ = std::move(*header);
  bytes_ = std::move(bytes);
  filters_loaded_ = all_loaded_ = false;
  return {};
}

Result<std::string_view> BlockReader::Impl::stored(const ColumnEntry& column) const {
  const std::string_view bytes = std::string_view(bytes_).substr(column.offset, column.stored_bytes);
  if (checksum64(bytes) != column.checksum) return damaged(column.kind, "bad checksum");
  return bytes;
}

Result<void> BlockReader::Impl::read_bytes(ColumnKind kind, std::string& raw) {
  raw.clear();
  const ColumnEntry* column = header_.find(kind);
  if (column == nullptr) return {};
  const auto bytes = stored(*column);
  if (!bytes) return Unexpected(bytes.error());
  if (column->codec == ColumnCodec::plain && column->raw_bytes == bytes->size()) {
    raw.assign(*bytes);
    return {};
  }
  if (column->codec != ColumnCodec::zstd) return damaged(kind, "stored in a way this program does not know");
  raw.resize(column->raw_bytes);
  if (!decompressor_.decompress(*bytes, raw.size(), raw.data())) return damaged(kind, "does not decompress");
  return {};
}

Result<void> BlockReader::Impl::read_numbers(ColumnKind kind, std::vector<int64_t>& values) {
  const ColumnEntry* column = header_.find(kind);
  if (column == nullptr) return damaged(kind, "is missing");
  const auto bytes = stored(*column);
  if (!bytes) return Unexpected(bytes.error());
  if (column->codec != ColumnCodec::integers || !read_integers(*bytes, rows(), decompressor_, values)) {
    return damaged(kind, kBadContent);
  }
  return {};
}

Result<void> BlockReader::Impl::read_index(ColumnKind kind, size_t limit, std::vector<uint32_t>& values) {
  const ColumnEntry* column = header_.find(kind);
  if (column == nullptr) {
    if (limit == 0) return damaged(kind, kBadContent);
    values.assign(rows(), 0);
    return {};
  }
  const auto bytes = stored(*column);
  if (!bytes) return Unexpected(bytes.error());
  if (column->codec != ColumnCodec::integers ||
      !read_indices(*bytes, rows(), static_cast<uint32_t>(limit), decompressor_, values)) {
    return damaged(kind, kBadContent);
  }
  return {};
}

Result<void> BlockReader::Impl::read_tables() {
  if (auto r = read_bytes(ColumnKind::tables, tables_raw_); !r) return r;
  if (!parse_tables(tables_raw_, rows(), tables_)) return damaged(ColumnKind::tables, kBadContent);
  return {};
}

Result<void> BlockReader::Impl::read_received() {
  std::string raw;
  if (auto r = read_bytes(ColumnKind::received, raw); !r) return r;
  if (!parse_received(raw, rows(), received_)) return damaged(ColumnKind::received, kBadContent);
  return {};
}

Result<void> BlockReader::Impl::read_layouts() {
  layouts_.clear();
  if (auto r = read_bytes(ColumnKind::layouts, layouts_raw_); !r) return r;
  if (!parse_layouts(layouts_raw_, rows(), layouts_)) return damaged(ColumnKind::layouts, kBadContent);
  for (const BlockTables::Class& c : tables_.classes) {
    if (c.layout >= kFirstTableLayout && c.layout - kFirstTableLayout >= layouts_.size()) {
      return damaged(ColumnKind::layouts, kBadContent);
    }
  }
  return {};
}

// The encoder's stable sort by origin, backwards.
void BlockReader::Impl::group_rows() {
  std::vector<uint32_t> starts(tables_.origins.size() + 1);
  for (const uint32_t origin : origins_) ++starts[origin + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  position_.resize(rows());
  for (uint32_t row = 0; row < rows(); ++row) position_[row] = starts[origins_[row]]++;
}

Result<void> BlockReader::Impl::load_filters() {
  if (filters_loaded_ || rows() == 0) return {};
  if (auto r = read_tables(); !r) return r;
  if (auto r = read_numbers(ColumnKind::ids, ids_); !r) return r;
  if (auto r = read_numbers(ColumnKind::times, times_); !r) return r;
  if (auto r = read_received(); !r) return r;
  if (auto r = read_index(ColumnKind::origins, tables_.origins.size(), origins_); !r) return r;
  if (auto r = read_index(ColumnKind::classes, tables_.classes.size(), classes_); !r) return r;
  if (auto r = read_index(ColumnKind::senders, tables_.senders.size(), senders_); !r) return r;
  group_rows();
  for (TextColumn& texts : texts_) texts.clear();
  layouts_.clear();
  filters_loaded_ = true;
  return {};
}

Result<void> BlockReader::Impl::load_all() {
  if (all_loaded_ || rows() == 0) return {};
  if (auto r = load_filters(); !r) return r;
  if (auto r = read_layouts(); !r) return r;
  for (size_t i = 0; i < kTexts.size(); ++i) {
    if (header_.find(kTexts[i]) == nullptr) continue;
    std::string raw;
    if (auto r = read_bytes(kTexts[i], raw); !r) return r;
    if (!texts_[i].parse(std::move(raw), rows(), decompressor_)) return damaged(kTexts[i], kBadContent);
  }
  all_loaded_ = true;
  return {};
}

StoredRecord BlockReader::Impl::record(uint32_t row) const {
  assert(filters_loaded_ && row < rows());
  const uint32_t at = position_[row];
  const BlockTables::Origin& origin = tables_.origins[origins_[row]];
  const BlockTables::Class& c = tables_.classes[classes_[at]];
  const BlockTables::Sender& sender = tables_.senders[senders_[at]];
  StoredRecord record;
  record.id = static_cast<uint64_t>(ids_[row]);
  record.time = times_[row];
  record.received = received_[row];
  record.flags = PackedFlags(c.flags);
  record.time_shape = TimeShape::unpacked(c.time_shape);
  record.listener = tables_.listeners[sender.listener];
  record.peer = tables_.peers[sender.peer];
  record.hostname = tables_.hostnames[origin.hostname];
  record.app_name = tables_.app_names[origin.app_name];
  if (!all_loaded_) return record;
  if (c.layout < kFirstTableLayout) {
    record.layout = static_cast<CommonLayout>(c.layout);
  } else {
    record.layout_text = layouts_[c.layout - kFirstTableLayout];
  }
  record.proc_id = texts_[kProcIdText][at];
  record.msg_id = texts_[kMsgIdText][at];
  record.structured_data = texts_[kStructuredDataText][at];
  record.message = texts_[kMessageText][at];
  record.values = texts_[kValuesText][at];
  return record;
}

Result<std::vector<RepeatNote>> BlockReader::Impl::repeats() {
  std::string raw;
  if (auto r = read_bytes(ColumnKind::repeats, raw); !r) return Unexpected(r.error());
  std::vector<RepeatNote> notes;
  ByteReader in(raw);
  uint64_t id = 0, first_time = 0;
  while (in.ok() && in.left() != 0) {
    RepeatNote note;
    note.first_id = id += static_cast<uint64_t>(unzigzag(in.varint()));
    note.count = in.varint();
    first_time += static_cast<uint64_t>(unzigzag(in.varint()));
    note.first_time = static_cast<Nanos>(first_time);
    note.last_time = static_cast<Nanos>(first_time + static_cast<uint64_t>(unzigzag(in.varint())));
    notes.push_back(note);
  }
  if (!in.ok() || notes.size() != header_.summary.repeat_notes) return damaged(ColumnKind::repeats, kBadContent);
  return notes;
}

Result<std::vector<CollapsedLines>> BlockReader::Impl::collapsed() {
  std::string raw;
  if (auto r = read_bytes(ColumnKind::collapsed, raw); !r) return Unexpected(r.error());
  std::vector<CollapsedLines> all;
  ByteReader in(raw);
  CollapsedLines last;
  while (in.ok() && in.left() != 0) {
    CollapsedLines lines;
    lines.id = last.id + last.count + static_cast<uint64_t>(unzigzag(in.varint()));
    lines.count = in.varint();
    lines.first_id = last.first_id + static_cast<uint64_t>(unzigzag(in.varint()));
    all.push_back(last = lines);
  }
  if (!in.ok()) return damaged(ColumnKind::collapsed, kBadContent);
  return all;
}

// ---- BlockReader ----

BlockReader::BlockReader() : impl_(std::make_unique<Impl>()) {}
BlockReader::~BlockReader() = default;
BlockReader::BlockReader(BlockReader&&) noexcept = default;
BlockReader& BlockReader::operator=(BlockReader&&) noexcept = default;

Result<void> BlockReader::open(std::string bytes) { return impl_->open(std::move(bytes)); }
const BlockSummary& BlockReader::summary() const { return impl_->summary(); }
uint32_t BlockReader::rows() const { return impl_->summary().rows; }
Result<void> BlockReader::load_all() { return impl_->load_all(); }
Result<void> BlockReader::load_filters() { return impl_->load_filters(); }
StoredRecord BlockReader::record(uint32_t row) const { return impl_->record(row); }
Result<std::vector<RepeatNote>> BlockReader::repeats() const { return impl_->repeats(); }
Result<std::vector<CollapsedLines>> BlockReader::collapsed() const { return impl_->collapsed(); }

}  // namespace sluice
