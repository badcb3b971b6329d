#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <numeric>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/record/block.h"
#include "core/record/block_header.h"
#include "core/record/block_tables.h"
#include "core/record/column.h"
#include "core/record/payload.h"
#include "core/record/template_column.h"
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
  Result<void> load(BlockParts parts);
  Result<void> load_messages(const std::function<bool(std::string_view)>& wanted);
  StoredRecord record(uint32_t row) const;
  Result<std::string_view> message_bytes();
  uint32_t place_of(uint32_t row) const { return position_[row]; }
  std::string_view message_at(uint32_t place) const { return texts_[kMessageText][place]; }
  Result<bool> has_escaped_messages();
  uint64_t id(uint32_t row) const { return static_cast<uint64_t>(ids_[row]); }
  Nanos time(uint32_t row) const { return times_[row]; }
  Result<BlockCounts> count();
  Result<std::vector<RepeatNote>> repeats();
  Result<std::vector<CollapsedLines>> collapsed();

 private:
  static_assert(kMessagePart == kProcIdPart << kMessageText && kValuesPart == kProcIdPart << kValuesText);

  // The stored bytes of a column after its checksum was found right; empty when it is not there.
  Result<std::string_view> stored(const ColumnEntry& column) const;
  Result<void> read_bytes(ColumnKind kind, Buffer& raw);
  Result<void> read_bytes(ColumnKind kind, std::string& raw);
  Result<void> read_numbers(ColumnKind kind, std::vector<int64_t>& values);
  Result<void> read_index(ColumnKind kind, size_t limit, std::vector<uint32_t>& values);
  Result<void> read_tables();
  Result<void> read_received();
  Result<void> read_origins();
  Result<void> read_layouts();
  Result<void> read_text(size_t text);
  Result<void> read_templates(const ColumnEntry& column, TextColumn& texts,
                              const TemplateColumnReader::Wanted& wanted = {});
  Result<void> read_part(BlockPart part);

  uint32_t rows() const { return header_.summary.rows; }
  bool has(BlockPart part) const { return (loaded_ & part) != 0; }

  std::string bytes_;
  BlockHeader header_;
  Decompressor decompressor_;
  BlockParts loaded_ = 0;
  bool tables_loaded_ = false;
  bool message_bytes_loaded_ = false;

  std::string tables_raw_;
  BlockTables tables_;
  std::vector<int64_t> ids_, times_, received_;
  std::vector<uint32_t> origins_;            // by row
  std::vector<uint32_t> position_;           // by row: its place in grouped order
  std::vector<uint32_t> starts_;             // of each origin's rows in grouped order
  std::vector<uint32_t> classes_, senders_;  // grouped
  std::string layouts_raw_;
  std::vector<std::string_view> layouts_;
  std::array<TextColumn, kTextColumns.size()> texts_;
  TemplateColumnReader template_reader_;
  Buffer scratch_;        // one column, decompressed: a string's room would be filled with zeros first
  Buffer message_bytes_;  // the message column, decompressed, while it is not among texts_
};

Result<void> BlockReader::Impl::open(std::string bytes) {
  auto header = read_block_header(bytes);
  if (!header) return Unexpected(header.error());
  if (header->total_bytes != bytes.size()) return Unexpected(Error{"block: cut short, or something follows it"});
  header_ = std::move(*header);
  bytes_ = std::move(bytes);
  loaded_ = 0;
  tables_loaded_ = message_bytes_loaded_ = false;
  tables_.clear();
  for (TextColumn& texts : texts_) texts.clear();
  return {};
}

Result<std::string_view> BlockReader::Impl::stored(const ColumnEntry& column) const {
  const std::string_view bytes = std::string_view(bytes_).substr(column.offset, column.stored_bytes);
  if (checksum64(bytes) != column.checksum) return damaged(column.kind, "bad checksum");
  return bytes;
}

Result<void> BlockReader::Impl::read_bytes(ColumnKind kind, Buffer& raw) {
  raw.clear();
  const ColumnEntry* column = header_.find(kind);
  if (column == nullptr) return {};
  const auto bytes = stored(*column);
  if (!bytes) return Unexpected(bytes.error());
  if (column->codec == ColumnCodec::plain && column->raw_bytes == bytes->size()) {
    raw.append(*bytes);
    return {};
  }
  if (column->codec != ColumnCodec::zstd) return damaged(kind, "stored in a way this program does not know");
  if (!decompressor_.decompress(*bytes, column->raw_bytes, raw.room(column->raw_bytes))) {
    return damaged(kind, "does not decompress");
  }
  raw.commit(column->raw_bytes);
  return {};
}

Result<void> BlockReader::Impl::read_bytes(ColumnKind kind, std::string& raw) {
  if (auto r = read_bytes(kind, scratch_); !r) return r;
  raw.assign(scratch_.view());
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
  if (tables_loaded_) return {};
  if (auto r = read_bytes(ColumnKind::tables, tables_raw_); !r) return r;
  if (!parse_tables(tables_raw_, rows(), tables_)) return damaged(ColumnKind::tables, kBadContent);
  tables_loaded_ = true;
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

// With them the encoder's stable sort by origin, backwards.
Result<void> BlockReader::Impl::read_origins() {
  if (auto r = read_tables(); !r) return r;
  if (auto r = read_index(ColumnKind::origins, tables_.origins.size(), origins_); !r) return r;
  starts_.assign(tables_.origins.size() + 1, 0);
  for (const uint32_t origin : origins_) ++starts_[origin + 1];
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  position_.resize(rows());
  for (uint32_t row = 0; row < rows(); ++row) position_[row] = starts_[origins_[row]]++;
  return {};
}

Result<void> BlockReader::Impl::read_text(size_t text) {
  const ColumnEntry* column = header_.find(kTextColumns[text]);
  if (column == nullptr) return {};
  if (column->codec == ColumnCodec::templates) return read_templates(*column, texts_[text]);
  std::string raw;
  if (kTextColumns[text] == ColumnKind::messages && message_bytes_loaded_) {
    raw = message_bytes_.view();
  } else if (auto r = read_bytes(kTextColumns[text], raw); !r) {
    return r;
  }
  if (!texts_[text].parse(std::move(raw), rows(), decompressor_)) return damaged(kTextColumns[text], kBadContent);
  return {};
}

Result<void> BlockReader::Impl::read_templates(const ColumnEntry& column, TextColumn& texts,
                                               const TemplateColumnReader::Wanted& wanted) {
  const auto bytes = stored(column);
  if (!bytes) return Unexpected(bytes.error());
  TextColumn::Room room = texts.give_room();
  const TemplateColumnReader::Column in{*bytes, rows(), column.raw_bytes};
  const bool read = wanted ? template_reader_.read_wanted(in, wanted, room.texts, room.begins)
                           : template_reader_.read(in, room.texts, room.begins);
  if (!read) return damaged(column.kind, kBadContent);
  texts.adopt(std::move(room));
  return {};
}

Result<void> BlockReader::Impl::load_messages(const std::function<bool(std::string_view)>& wanted) {
  const ColumnEntry* column = header_.find(ColumnKind::messages);
  if (rows() == 0 || has(kMessagePart) || column == nullptr || column->codec != ColumnCodec::templates) return {};
  if (auto r = load(kOriginPart); !r) return r;
  if (auto r = read_templates(*column, texts_[kMessageText], wanted); !r) return r;
  loaded_ |= kMessagePart;
  return {};
}

Result<void> BlockReader::Impl::read_part(BlockPart part) {
  switch (part) {
    case kIdPart:
      return read_numbers(ColumnKind::ids, ids_);
    case kTimePart:
      return read_numbers(ColumnKind::times, times_);
    case kReceivedPart:
      return read_received();
    case kOriginPart:
      return read_origins();
    case kClassPart:
      if (auto r = read_tables(); !r) return r;
      return read_index(ColumnKind::classes, tables_.classes.size(), classes_);
    case kSenderPart:
      if (auto r = read_tables(); !r) return r;
      return read_index(ColumnKind::senders, tables_.senders.size(), senders_);
    case kLayoutPart:
      return read_layouts();
    default:
      return read_text(static_cast<size_t>(std::countr_zero(static_cast<uint32_t>(part)) -
                                           std::countr_zero(static_cast<uint32_t>(kProcIdPart))));
  }
}

Result<void> BlockReader::Impl::load(BlockParts parts) {
  if (rows() == 0) return {};
  if ((parts & kLayoutPart) != 0) parts |= kClassPart;
  if ((parts & ~(kIdPart | kTimePart | kReceivedPart)) != 0) parts |= kOriginPart;  // the rest is in grouped order
  for (uint32_t bit = 1; bit < kAllParts; bit <<= 1) {
    const auto part = static_cast<BlockPart>(bit);
    if ((parts & part) == 0 || has(part)) continue;
    if (auto r = read_part(part); !r) return r;
    loaded_ |= part;
  }
  return {};
}

Result<std::string_view> BlockReader::Impl::message_bytes() {
  if (rows() == 0) return std::string_view();
  if (has(kMessagePart)) {
    const char* const begin = message_at(0).data();
    const std::string_view last = message_at(rows() - 1);
    return std::string_view(begin, static_cast<size_t>(last.data() + last.size() - begin));
  }
  const ColumnEntry* column = header_.find(ColumnKind::messages);
  if (column == nullptr) return std::string_view();
  if (column->codec == ColumnCodec::templates) {
    if (auto r = load(kMessagePart); !r) return Unexpected(r.error());
    return message_bytes();
  }
  if (!message_bytes_loaded_) {
    if (auto r = read_bytes(ColumnKind::messages, message_bytes_); !r) return Unexpected(r.error());
    message_bytes_loaded_ = true;
  }
  return message_bytes_.view();
}

Result<bool> BlockReader::Impl::has_escaped_messages() {
  if (rows() == 0) return false;
  if (auto r = read_tables(); !r) return Unexpected(r.error());
  return std::any_of(tables_.classes.begin(), tables_.classes.end(),
                     [](const BlockTables::Class& c) { return PackedFlags(c.flags).has(kMessageEscaped); });
}

Result<BlockCounts> BlockReader::Impl::count() {
  if (auto r = load(kOriginPart | kClassPart | kSenderPart); !r) return Unexpected(r.error());
  BlockCounts counts;
  const auto name_all = [](const std::vector<std::string_view>& names, std::vector<BlockCounts::Name>& to) {
    for (const std::string_view name : names) to.push_back({name});
  };
  name_all(tables_.hostnames, counts.hostnames);
  name_all(tables_.app_names, counts.app_names);
  name_all(tables_.listeners, counts.listeners);
  const auto times_used = [this](const std::vector<uint32_t>& indices, size_t values) {
    std::vector<uint64_t> rows_of(values);
    for (uint32_t row = 0; row < rows(); ++row) ++rows_of[indices[row]];
    return rows_of;
  };
  const auto origins = times_used(origins_, tables_.origins.size());
  for (size_t i = 0; i < origins.size(); ++i) {
    counts.hostnames[tables_.origins[i].hostname].rows += origins[i];
    counts.app_names[tables_.origins[i].app_name].rows += origins[i];
  }
  const auto senders = times_used(senders_, tables_.senders.size());
  for (size_t i = 0; i < senders.size(); ++i) counts.listeners[tables_.senders[i].listener].rows += senders[i];
  const auto classes = times_used(classes_, tables_.classes.size());
  for (size_t i = 0; i < classes.size(); ++i) {
    const PackedFlags flags(tables_.classes[i].flags);
    counts.severities[flags.severity()] += classes[i];
    counts.formats[static_cast<size_t>(flags.format())] += classes[i];
  }
  return counts;
}

StoredRecord BlockReader::Impl::record(uint32_t row) const {
  assert(row < rows());
  StoredRecord record;
  if (has(kIdPart)) record.id = static_cast<uint64_t>(ids_[row]);
  if (has(kTimePart)) record.time = times_[row];
  if (has(kReceivedPart)) record.received = received_[row];
  if (!has(kOriginPart)) return record;
  const uint32_t at = position_[row];
  const BlockTables::Origin& origin = tables_.origins[origins_[row]];
  record.hostname = tables_.hostnames[origin.hostname];
  record.app_name = tables_.app_names[origin.app_name];
  if (has(kClassPart)) {
    const BlockTables::Class& c = tables_.classes[classes_[at]];
    record.flags = PackedFlags(c.flags);
    record.time_shape = TimeShape::unpacked(c.time_shape);
    if (has(kLayoutPart)) {
      if (c.layout < kFirstTableLayout) {
        record.layout = static_cast<CommonLayout>(c.layout);
      } else {
        record.layout_text = layouts_[c.layout - kFirstTableLayout];
      }
    }
  }
  if (has(kSenderPart)) {
    const BlockTables::Sender& sender = tables_.senders[senders_[at]];
    record.listener = tables_.listeners[sender.listener];
    record.peer = tables_.peers[sender.peer];
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
Result<void> BlockReader::load(BlockParts parts) { return impl_->load(parts); }
Result<void> BlockReader::load_messages(const std::function<bool(std::string_view)>& wanted) {
  return impl_->load_messages(wanted);
}
StoredRecord BlockReader::record(uint32_t row) const { return impl_->record(row); }
Result<std::string_view> BlockReader::message_bytes() { return impl_->message_bytes(); }
uint32_t BlockReader::place_of(uint32_t row) const { return impl_->place_of(row); }
std::string_view BlockReader::message_at(uint32_t place) const { return impl_->message_at(place); }
uint64_t BlockReader::id(uint32_t row) const { return impl_->id(row); }
Nanos BlockReader::time(uint32_t row) const { return impl_->time(row); }
Result<bool> BlockReader::has_escaped_messages() { return impl_->has_escaped_messages(); }
Result<BlockCounts> BlockReader::count() { return impl_->count(); }
Result<std::vector<RepeatNote>> BlockReader::repeats() const { return impl_->repeats(); }
Result<std::vector<CollapsedLines>> BlockReader::collapsed() const { return impl_->collapsed(); }

}  // namespace sluice
