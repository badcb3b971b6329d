#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <numeric>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/record/block.h"
#include "core/record/block_header.h"
#include "core/record/block_tables.h"
#include "core/record/column.h"
#include "core/record/id_table.h"
#include "core/record/payload.h"
#include "core/record/payload_columns.h"

namespace sluice {
namespace {

// A text by reference: its InternId, or this bit and its number among the block's texts that are not interned.
constexpr uint32_t kInlineRef = 1u << 31;

class InlineTexts {
 public:
  uint32_t ref(InternId id, std::string_view text) {
    if (id != kNotInterned || text.empty()) return id;
    const uint32_t index =
        table_.find_or_add(hash64(text, process_seed()), [&](uint32_t known) { return texts_[known] == text; });
    if (index == texts_.size()) texts_.push_back(text);
    return kInlineRef | index;
  }
  std::string_view operator[](uint32_t ref) const { return texts_[ref & ~kInlineRef]; }
  void clear() {
    table_.clear();
    texts_.clear();
  }
  size_t bytes() const { return table_.bytes() + texts_.capacity() * sizeof(std::string_view); }

 private:
  IdTable table_;
  std::vector<std::string_view> texts_;
};

}  // namespace

class BlockEncoder::Impl {
 public:
  explicit Impl(BlockEncoderOptions options) : options_(options), compressor_(options.level) {}

  void encode(const OpenBlock& block, EncodedBlock& out);
  size_t bytes() const;
  BlockEncoderOptions options() const { return options_; }

 private:
  using Run = OpenBlock::Run;
  static PayloadHead head_of(const OpenBlock& block, const CompactRecord& record) {
    PayloadHead head;
    std::memcpy(&head, block.arena_.data() + record.payload, sizeof head);
    return head;
  }

  void clear();
  void index_rows(const OpenBlock& block);
  uint32_t class_of(const CompactRecord& record, const PayloadHead& head);
  void number_origins(const OpenBlock& block);
  void index_senders(const OpenBlock& block);
  void group_rows(const OpenBlock& block);

  void write_tables();
  void write_rows(const OpenBlock& block);
  void write_indices(ColumnKind kind, const std::vector<uint32_t>& by_row, size_t values, bool grouped);
  void write_received(const OpenBlock& block);
  void write_layouts(const OpenBlock& block);
  void write_texts();
  void write_repeats(const OpenBlock& block);
  uint64_t write_collapsed(const OpenBlock& block);
  void write_bytes(ColumnKind kind, std::string_view raw);
  void add_column(ColumnKind kind, ColumnCodec codec, size_t raw_bytes, size_t from);

  const BlockEncoderOptions options_;
  Compressor compressor_;
  BlockHeader header_;  // its columns grow as they are written
  BlockTables tables_;

  // From keys to indices, filled anew for each block.
  InlineTexts inline_texts_;
  IdTable origin_ids_;                                             // refs of hostname << 32 | app_name
  IdTable hostname_ids_, app_name_ids_, listener_ids_, peer_ids_;  // refs
  IdTable sender_ids_;                                             // listener index << 32 | peer index
  IdTable form_ids_;                                               // time shape << 32 | layout
  IdTable class_ids_;                                              // flags | form << 32
  uint64_t last_form_ = 0;
  uint32_t last_form_id_ = 0;

  // By row.
  std::vector<uint32_t> origin_, class_, sender_;
  std::vector<uint32_t> order_;    // row of each grouped position
  std::vector<uint32_t> payload_;  // and where its payload is
  std::vector<uint32_t> grouped_;  // an index column in grouped order
  std::vector<uint32_t> starts_;   // counting sort
  std::vector<int64_t> numbers_;
  std::vector<std::pair<uint64_t, uint32_t>> ranked_;

  PayloadColumns texts_;
  IntegerScratch integers_;
  Buffer raw_;   // one column before compression
  Buffer body_;  // the columns as stored
};

void BlockEncoder::Impl::encode(const OpenBlock& block, EncodedBlock& out) {
  assert(!block.empty() && block.rows() <= kMaxBlockRows);
  clear();
  BlockSummary& summary = header_.summary;
  summary.merge_level = options_.merge_level;
  summary.rows = static_cast<uint32_t>(block.rows());
  summary.raw_bytes = block.raw_bytes();
  if (block.rows() != 0) {
    index_rows(block);
    number_origins(block);
    index_senders(block);
    group_rows(block);
    texts_.gather(block.arena_.data(), payload_);
    write_tables();
    write_rows(block);
    write_received(block);
    write_indices(ColumnKind::origins, origin_, tables_.origins.size(), false);
    write_indices(ColumnKind::classes, class_, tables_.classes.size(), true);
    write_indices(ColumnKind::senders, sender_, tables_.senders.size(), true);
    write_layouts(block);
    write_texts();
  }
  write_repeats(block);
  const uint64_t collapsed_end = write_collapsed(block);

  out.clear();
  append_block_header(header_, out.bytes);
  out.bytes.append(body_.view());
  out.summary = summary;
  out.end_id = std::max(summary.rows != 0 ? summary.last_id + 1 : 0, collapsed_end);
}

void BlockEncoder::Impl::clear() {
  header_ = {.columns = std::move(header_.columns)};
  header_.columns.clear();
  tables_.clear();
  inline_texts_.clear();
  for (IdTable* table : {&origin_ids_, &hostname_ids_, &app_name_ids_, &listener_ids_, &peer_ids_, &sender_ids_,
                         &form_ids_, &class_ids_}) {
    table->clear();
  }
  last_form_ = UINT64_MAX;
  texts_.clear();
  body_.clear();
}

// ---- rows to indices ----

// The one pass over the rows in order: origins (not yet in their final numbering), classes, sums and extremes.
void BlockEncoder::Impl::index_rows(const OpenBlock& block) {
  const std::vector<CompactRecord>& records = block.records_;
  BlockSummary& summary = header_.summary;
  summary.first_id = summary.last_id = records[0].id;
  summary.min_time = summary.max_time = records[0].time;
  origin_.resize(records.size());
  class_.resize(records.size());
  for (size_t row = 0; row < records.size(); ++row) {
    const CompactRecord& record = records[row];
    const PayloadHead head = head_of(block, record);
    uint32_t hostname = record.hostname;
    uint32_t app_name = record.app_name;
    if (head.lengths[kHostnameText] + head.lengths[kAppNameText] != 0) {
      const char* text = block.arena_.data() + record.payload + sizeof head;
      for (size_t i = 0; i < kHostnameText; ++i) text += head.lengths[i];
      hostname = inline_texts_.ref(hostname, {text, head.lengths[kHostnameText]});
      app_name = inline_texts_.ref(app_name, {text + head.lengths[kHostnameText], head.lengths[kAppNameText]});
    }
    origin_[row] = origin_ids_.find_or_add(static_cast<uint64_t>(hostname) << 32 | app_name);
    class_[row] = class_of(record, head);
    texts_.count(head);
    summary.severities |= static_cast<uint8_t>(1u << record.flags.severity());
    summary.first_id = std::min(summary.first_id, record.id);
    summary.last_id = std::max(summary.last_id, record.id);
    summary.min_time = std::min(summary.min_time, record.time);
    summary.max_time = std::max(summary.max_time, record.time);
  }
}

uint32_t BlockEncoder::Impl::class_of(const CompactRecord& record, const PayloadHead& head) {
  const uint64_t form = static_cast<uint64_t>(head.time_shape) << 32 | head.layout;
  if (form != last_form_) {
    last_form_ = form;
    last_form_id_ = form_ids_.find_or_add(form);
  }
  const uint32_t index = class_ids_.find_or_add(static_cast<uint64_t>(last_form_id_) << 32 | record.flags.bits());
  if (index == tables_.classes.size()) {
    tables_.classes.push_back({record.flags.bits(), head.time_shape, head.layout});
  }
  return index;
}

// Numbers the origins by app_name, then hostname, and the rows' origins with them.
void BlockEncoder::Impl::number_origins(const OpenBlock& block) {
  const auto text = [&](uint32_t ref) { return ref & kInlineRef ? inline_texts_[ref] : block.interner_.text(ref); };
  for (uint32_t i = 0; i < origin_ids_.size(); ++i) {
    const uint64_t key = origin_ids_.key(i);
    hostname_ids_.find_or_add(key >> 32);
    app_name_ids_.find_or_add(key & UINT32_MAX);
  }
  for (uint32_t i = 0; i < hostname_ids_.size(); ++i) {
    tables_.hostnames.push_back(text(static_cast<uint32_t>(hostname_ids_.key(i))));
  }
  std::vector<uint32_t>& by_text = order_;
  by_text.resize(app_name_ids_.size());
  std::iota(by_text.begin(), by_text.end(), 0);
  const auto app_text = [&](uint32_t i) { return text(static_cast<uint32_t>(app_name_ids_.key(i))); };
  std::sort(by_text.begin(), by_text.end(), [&](uint32_t a, uint32_t b) { return app_text(a) < app_text(b); });
  std::vector<uint32_t>& rank = starts_;
  rank.resize(by_text.size());
  for (uint32_t i = 0; i < by_text.size(); ++i) {
    rank[by_text[i]] = i;
    tables_.app_names.push_back(app_text(by_text[i]));
  }

  ranked_.clear();
  for (uint32_t i = 0; i < origin_ids_.size(); ++i) {
    const uint64_t key = origin_ids_.key(i);
    const uint64_t app_name = rank[app_name_ids_.find_or_add(key & UINT32_MAX)];
    ranked_.emplace_back(app_name << 32 | hostname_ids_.find_or_add(key >> 32), i);
  }
  std::sort(ranked_.begin(), ranked_.end());
  std::vector<uint32_t>& number = grouped_;
  number.resize(ranked_.size());
  for (uint32_t i = 0; i < ranked_.size(); ++i) {
    const auto [names, first_use] = ranked_[i];
    number[first_use] = i;
    tables_.origins.push_back({static_cast<uint32_t>(names), static_cast<uint32_t>(names >> 32)});
  }
  for (uint32_t& origin : origin_) origin = number[origin];
}

void BlockEncoder::Impl::index_senders(const OpenBlock& block) {
  sender_.resize(block.rows());
  for (size_t i = 0; i < block.runs_.size(); ++i) {
    const Run& run = block.runs_[i];
    const uint32_t listener = listener_ids_.find_or_add(run.listener);
    if (listener == tables_.listeners.size()) tables_.listeners.push_back(block.kept(run.listener));
    const uint32_t peer = peer_ids_.find_or_add(run.peer);
    if (peer == tables_.peers.size()) tables_.peers.push_back(block.kept(run.peer));
    const uint32_t sender = sender_ids_.find_or_add(static_cast<uint64_t>(listener) << 32 | peer);
    if (sender == tables_.senders.size()) tables_.senders.push_back({listener, peer});
    const size_t end = i + 1 < block.runs_.size() ? block.runs_[i + 1].first_row : block.rows();
    std::fill(sender_.begin() + run.first_row, sender_.begin() + static_cast<ptrdiff_t>(end), sender);
  }
}

// Counting sort by origin; rows of one origin keep their order.
void BlockEncoder::Impl::group_rows(const OpenBlock& block) {
  starts_.assign(tables_.origins.size() + 1, 0);
  for (const uint32_t origin : origin_) ++starts_[origin + 1];
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  order_.resize(origin_.size());
  payload_.resize(origin_.size());
  for (uint32_t row = 0; row < origin_.size(); ++row) {
    const uint32_t at = starts_[origin_[row]]++;
    order_[at] = row;
    payload_[at] = block.records_[row].payload;
  }
}

// ---- columns ----

void BlockEncoder::Impl::write_tables() {
  raw_.clear();
  append_tables(tables_, raw_);
  write_bytes(ColumnKind::tables, raw_.view());
}

void BlockEncoder::Impl::write_rows(const OpenBlock& block) {
  numbers_.resize(block.rows());
  for (size_t row = 0; row < numbers_.size(); ++row) numbers_[row] = static_cast<int64_t>(block.records_[row].id);
  size_t from = body_.size();
  append_integers(numbers_, {.delta = true, .step = 1}, compressor_, integers_, body_);
  add_column(ColumnKind::ids, ColumnCodec::integers, body_.size() - from, from);

  for (size_t row = 0; row < numbers_.size(); ++row) numbers_[row] = block.records_[row].time;
  from = body_.size();
  append_integers(numbers_, {.delta = true, .scale = true}, compressor_, integers_, body_);
  add_column(ColumnKind::times, ColumnCodec::integers, body_.size() - from, from);
}

void BlockEncoder::Impl::write_indices(ColumnKind kind, const std::vector<uint32_t>& by_row, size_t values,
                                       bool grouped) {
  if (values <= 1) return;
  const size_t from = body_.size();
  if (grouped) {
    grouped_.resize(by_row.size());
    for (size_t at = 0; at < order_.size(); ++at) grouped_[at] = by_row[order_[at]];
  }
  append_indices(grouped ? grouped_ : by_row, compressor_, integers_, body_);
  add_column(kind, ColumnCodec::integers, body_.size() - from, from);
}

// Runs of rows that were received at the same time: how many, and the difference to the run before.
void BlockEncoder::Impl::write_received(const OpenBlock& block) {
  BlockSummary& summary = header_.summary;
  summary.min_received = summary.max_received = block.runs_[0].received;
  raw_.clear();
  uint64_t last = 0;
  for (size_t i = 0; i < block.runs_.size();) {
    const Run& run = block.runs_[i];
    while (i < block.runs_.size() && block.runs_[i].received == run.received) ++i;
    const size_t end = i < block.runs_.size() ? block.runs_[i].first_row : block.rows();
    char* const from = raw_.room(2 * kMaxVarintBytes);
    char* to = put_varint(from, end - run.first_row);
    to = put_varint(to, zigzag(static_cast<int64_t>(static_cast<uint64_t>(run.received) - last)));
    raw_.commit(static_cast<size_t>(to - from));
    last = static_cast<uint64_t>(run.received);
    summary.min_received = std::min(summary.min_received, run.received);
    summary.max_received = std::max(summary.max_received, run.received);
  }
  write_bytes(ColumnKind::received, raw_.view());
}

void BlockEncoder::Impl::write_layouts(const OpenBlock& block) {
  if (block.layouts_.size() == 0) return;
  raw_.clear();
  for (uint32_t i = 0; i < block.layouts_.size(); ++i) {
    const std::string_view text = block.layouts_.text(i);
    append_varint(raw_, text.size());
    raw_.append(text);
  }
  write_bytes(ColumnKind::layouts, raw_.view());
}

void BlockEncoder::Impl::write_texts() {
  texts_.write(compressor_, integers_, body_, [this](const PayloadColumns::Written& column) {
    add_column(column.kind, column.codec, column.raw_bytes, column.from);
  });
}

void BlockEncoder::Impl::write_repeats(const OpenBlock& block) {
  if (block.repeats_.empty()) return;
  BlockSummary& summary = header_.summary;
  summary.repeat_notes = static_cast<uint32_t>(block.repeats_.size());
  if (block.rows() == 0) {
    summary.min_time = summary.min_received = block.repeats_[0].first_time;
    summary.max_time = summary.max_received = block.repeats_[0].last_time;
    summary.first_id = summary.last_id = block.repeats_[0].first_id;
  }
  raw_.clear();
  RepeatNote last;
  for (const RepeatNote& note : block.repeats_) {
    summary.repeats += note.count;
    const auto difference = [](auto a, auto b) {
      return zigzag(static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)));
    };
    char* const from = raw_.room(4 * kMaxVarintBytes);
    char* to = put_varint(from, difference(note.first_id, last.first_id));
    to = put_varint(to, note.count);
    to = put_varint(to, difference(note.first_time, last.first_time));
    to = put_varint(to, difference(note.last_time, note.first_time));
    raw_.commit(static_cast<size_t>(to - from));
    last = note;
    if (block.rows() == 0) {
      summary.first_id = std::min(summary.first_id, note.first_id);
      summary.last_id = std::max(summary.last_id, note.first_id);
      summary.min_time = summary.min_received = std::min(summary.min_time, note.first_time);
      summary.max_time = summary.max_received = std::max(summary.max_time, note.last_time);
    }
  }
  write_bytes(ColumnKind::repeats, raw_.view());
}

// Returns the id behind the highest one named.
uint64_t BlockEncoder::Impl::write_collapsed(const OpenBlock& block) {
  if (block.collapsed_.empty()) return 0;
  uint64_t end = 0;
  raw_.clear();
  CollapsedLines last;
  for (const CollapsedLines& lines : block.collapsed_) {
    char* const from = raw_.room(3 * kMaxVarintBytes);
    char* to = put_varint(from, zigzag(static_cast<int64_t>(lines.id - (last.id + last.count))));
    to = put_varint(to, lines.count);
    to = put_varint(to, zigzag(static_cast<int64_t>(lines.first_id - last.first_id)));
    raw_.commit(static_cast<size_t>(to - from));
    end = std::max(end, lines.end());
    last = lines;
  }
  write_bytes(ColumnKind::collapsed, raw_.view());
  return end;
}

void BlockEncoder::Impl::write_bytes(ColumnKind kind, std::string_view raw) {
  const size_t from = body_.size();
  const ColumnCodec codec = compressor_.append(raw, Compressor::Kind::text, body_);
  add_column(kind, codec, raw.size(), from);
}

void BlockEncoder::Impl::add_column(ColumnKind kind, ColumnCodec codec, size_t raw_bytes, size_t from) {
  const std::string_view stored = body_.view().substr(from);
  header_.columns.push_back({.kind = kind,
                             .codec = codec,
                             .raw_bytes = static_cast<uint32_t>(raw_bytes),
                             .stored_bytes = static_cast<uint32_t>(stored.size()),
                             .checksum = checksum64(stored)});
}

// ---- memory ----

size_t BlockEncoder::Impl::bytes() const {
  size_t sum = compressor_.bytes() + tables_.bytes() + inline_texts_.bytes() + integers_.bytes() + raw_.capacity() +
               body_.capacity() + numbers_.capacity() * sizeof(int64_t) + ranked_.capacity() * sizeof(ranked_[0]);
  for (const auto* by_row : {&origin_, &class_, &sender_, &order_, &payload_, &grouped_, &starts_}) {
    sum += by_row->capacity() * sizeof(uint32_t);
  }
  for (const IdTable* table : {&origin_ids_, &hostname_ids_, &app_name_ids_, &listener_ids_, &peer_ids_, &sender_ids_,
                               &form_ids_, &class_ids_}) {
    sum += table->bytes();
  }
  return sum + texts_.bytes();
}

// ---- BlockEncoder ----

BlockEncoder::BlockEncoder(BlockEncoderOptions options) : impl_(std::make_unique<Impl>(options)) {}
BlockEncoder::~BlockEncoder() = default;
void BlockEncoder::encode(const OpenBlock& block, EncodedBlock& out) { impl_->encode(block, out); }
size_t BlockEncoder::bytes() const { return impl_->bytes(); }
void BlockEncoder::shrink() { impl_ = std::make_unique<Impl>(impl_->options()); }

}  // namespace sluice
