#include "core/store/segment_reader.h"

#include <algorithm>

#include "core/base/coding.h"
#include "core/base/hash.h"

namespace sluice {
namespace {

constexpr uint64_t kSearchBytes = 256 << 10;  // bytes; the stretch that a search for the next entry reads at once
constexpr uint64_t kZeroTailBytes = 16;       // bytes; compressed data does not end in that many zeros by chance

Damage make_damage(const std::string& path, uint64_t offset, uint64_t end, std::string what) {
  return {path, offset, end - offset, std::move(what)};
}

}  // namespace

std::string to_text(const Damage& damage) {
  return damage.path + ": " + std::to_string(damage.length) + " bytes at " + std::to_string(damage.offset) + ": " +
         damage.what;
}

Result<std::unique_ptr<SegmentReader>> SegmentReader::open(FileSystem& fs, const std::string& path) {
  auto file = fs.open_read(path);
  if (!file) return Unexpected(file.error());
  std::unique_ptr<SegmentReader> reader(new SegmentReader(fs, std::move(*file), path));
  if (auto loaded = reader->load(); !loaded) return Unexpected(loaded.error());
  return reader;
}

Result<void> SegmentReader::load() {
  auto size = file_->size();
  if (!size) return Unexpected(size.error());
  size_ = *size;
  if (size_ < SegmentHeader::kBytes) {
    tail_ = size_ == 0 ? TailKind::none : TailKind::torn;
    tail_text_ = "the segment's header is not whole";
    return {};
  }
  auto bytes = bytes_at(0, SegmentHeader::kBytes);
  if (!bytes) return Unexpected(bytes.error());
  header_ = decode_segment_header(*bytes);
  data_end_ = SegmentHeader::kBytes;
  if (header_) {
    file_id_ = header_->file_id;
  } else {
    add_damage(0, SegmentHeader::kBytes, "the segment's header is damaged");
  }
  auto indexed = load_index();
  if (!indexed) return Unexpected(indexed.error());
  return *indexed ? Result<void>() : scan();
}

Result<size_t> SegmentReader::extend() {
  if (indexed_) return entries_.size();
  auto size = file_->size();
  if (!size) return Unexpected(size.error());
  if (*size == size_) return entries_.size();
  if (data_end_ == 0) {  // not even the header was whole
    auto loaded = load();
    return loaded ? Result<size_t>(0) : Unexpected(loaded.error());
  }
  size_ = *size;
  while (!entries_.empty() && entries_.back().end() > size_) entries_.pop_back();  // taken back by the writer
  if (data_end_ > size_) data_end_ = entries_.empty() ? SegmentHeader::kBytes : entries_.back().end();
  const size_t known = entries_.size();
  auto scanned = scan();
  return scanned ? Result<size_t>(known) : Unexpected(scanned.error());
}

Result<bool> SegmentReader::load_index() {
  if (size_ < SegmentHeader::kBytes + kIndexHeadBytes + SegmentFooter::kBytes) return false;
  auto bytes = bytes_at(size_ - SegmentFooter::kBytes, SegmentFooter::kBytes);
  if (!bytes) return Unexpected(bytes.error());
  const auto footer = decode_footer(*bytes);
  if (!footer || footer->index_offset < SegmentHeader::kBytes || footer->index_offset > size_ ||
      footer->index_length != size_ - SegmentFooter::kBytes - footer->index_offset ||
      footer->index_length < kIndexHeadBytes) {
    return false;
  }
  auto index = bytes_at(footer->index_offset, footer->index_length);
  if (!index) return Unexpected(index.error());
  if (checksum64(*index) != footer->index_checksum) return false;
  if (!header_) file_id_ = load_le<uint64_t>(index->data() + 8);
  auto entries = decode_index(*index, file_id_);
  return entries && take_index(std::move(*entries), footer->index_offset);
}

// An index with the right checksum is one we wrote. Still nothing that it says is believed unchecked.
bool SegmentReader::take_index(std::vector<SegmentEntry> entries, uint64_t index_offset) {
  uint64_t end = SegmentHeader::kBytes;
  for (const SegmentEntry& entry : entries) {
    if (entry.offset < end || entry.offset > index_offset || entry.end() > index_offset) return false;
    end = entry.end();
  }
  end = SegmentHeader::kBytes;
  for (const SegmentEntry& entry : entries) {
    if (entry.offset > end) add_damage(end, entry.offset, "holds no readable block");
    end = entry.end();
  }
  if (index_offset > end) add_damage(end, index_offset, "holds no readable block");
  entries_ = std::move(entries);
  data_end_ = index_offset;
  indexed_ = true;
  tail_ = TailKind::none;
  return true;
}

// Goes on from data_end_ to the end of the file.
Result<void> SegmentReader::scan() {
  tail_ = TailKind::none;
  while (data_end_ < size_) {
    auto envelope = envelope_at(data_end_);
    if (!envelope) return Unexpected(envelope.error());
    Result<bool> more = *envelope ? scan_block(**envelope) : scan_index();
    if (!more) return Unexpected(more.error());
    if (!*more) return {};
  }
  // A last block that is damaged may never have reached the disk.
  return ends_in_damage() ? settle_tail() : Result<void>();
}

bool SegmentReader::ends_in_damage() const {
  return !damage_.empty() && damage_.back().offset >= SegmentHeader::kBytes &&
         damage_.back().offset + damage_.back().length >= data_end_;
}

// Takes the block at data_end_, or notes that it is damaged. False: the file ends inside it.
Result<bool> SegmentReader::scan_block(const BlockEnvelope& envelope) {
  const SegmentEntry entry{data_end_, envelope.length, envelope.checksum, envelope.summary};
  if (entry.end() > size_) {
    tail_ = TailKind::torn;
    tail_text_ = "a block that was not written to its end";
    return false;
  }
  if (file_id_ == 0) file_id_ = envelope.file_id;
  auto block = bytes_at(entry.offset + BlockEnvelope::kBytes, entry.length);
  if (!block) return Unexpected(block.error());
  if (checksum64(*block) == entry.checksum) {
    entries_.push_back(entry);
  } else {
    add_damage(entry.offset, entry.end(), "a block's checksum is wrong");
  }
  data_end_ = entry.end();
  return true;
}

// No block at data_end_: the index, the end, or damage with something readable behind it. False: the scan is over.
Result<bool> SegmentReader::scan_index() {
  const uint64_t left = size_ - data_end_;
  auto head = bytes_at(data_end_, std::min<uint64_t>(left, kIndexHeadBytes));
  if (!head) return Unexpected(head.error());
  ByteReader in(*head);
  const bool is_index = in.u8() == static_cast<uint8_t>(EntryType::index) && in.take(3) == kEntryMagic;
  const uint64_t index_length = kIndexHeadBytes + uint64_t{in.u32()} * SegmentEntry::kBytes;
  if (is_index && in.u64() == file_id_ && in.ok()) {
    // Finished since we looked last, or interrupted while it was finished, or damaged. What was found by scanning
    // stands: its callers know it by position.
    std::vector<SegmentEntry> scanned = entries_;
    std::vector<Damage> damage = damage_;
    auto indexed = load_index();
    if (!indexed) return Unexpected(indexed.error());
    entries_ = std::move(scanned);
    damage_ = std::move(damage);
    if (!*indexed) {
      tail_ = left < index_length + SegmentFooter::kBytes ? TailKind::torn : TailKind::index;
      tail_text_ = tail_ == TailKind::torn ? "an index that was not written to its end" : "the index is damaged";
    }
    return false;
  }
  auto next = find_entry(data_end_ + 1);
  if (!next) return Unexpected(next.error());
  if (*next < size_) {
    add_damage(data_end_, *next, "holds no readable block");
    data_end_ = *next;
    return true;
  }
  auto settled = settle_tail();
  if (!settled) return Unexpected(settled.error());
  return false;
}

// Nothing readable stands between data_end_ and the end of the file: was it ever written?
Result<void> SegmentReader::settle_tail() {
  auto zeros = ends_in_zeros(ends_in_damage() ? damage_.back().offset : data_end_);
  if (!zeros) return Unexpected(zeros.error());
  if (*zeros) {
    // Pages that never reached the disk read as zeros. What is damaged right before them is the same accident.
    while (ends_in_damage()) {
      data_end_ = damage_.back().offset;
      damage_.pop_back();
    }
  }
  if (data_end_ == size_) return {};
  const bool torn = *zeros || size_ - data_end_ < BlockEnvelope::kBytes;
  tail_ = torn ? TailKind::torn : TailKind::damaged;
  tail_text_ = torn ? "a block that was not written to its end" : "holds no readable block";
  return {};
}

Result<bool> SegmentReader::ends_in_zeros(uint64_t from) const {
  const uint64_t length = std::min(size_ - from, kZeroTailBytes);
  auto bytes = bytes_at(size_ - length, length);
  if (!bytes) return Unexpected(bytes.error());
  return bytes->find_first_not_of('\0') == std::string::npos;
}

// The first offset from `from` on where a block's envelope or the index of this file begins; size_ when there is none.
Result<uint64_t> SegmentReader::find_entry(uint64_t from) const {
  while (from < size_) {
    auto window = bytes_at(from, std::min(size_ - from, kSearchBytes));
    if (!window) return Unexpected(window.error());
    // The magic stands one byte behind the type.
    for (size_t at = window->find(kEntryMagic, 1); at != std::string::npos; at = window->find(kEntryMagic, at + 1)) {
      auto found = entry_at(from + at - 1);
      if (!found) return Unexpected(found.error());
      if (*found) return from + at - 1;
    }
    if (window->size() < kSearchBytes) break;
    from += kSearchBytes - kEntryMagic.size();  // a magic may lie across the border
  }
  return size_;
}

Result<bool> SegmentReader::entry_at(uint64_t offset) const {
  auto envelope = envelope_at(offset);
  if (!envelope) return Unexpected(envelope.error());
  if (*envelope) return true;
  if (file_id_ == 0 || size_ - offset < kIndexHeadBytes) return false;
  auto head = bytes_at(offset, kIndexHeadBytes);
  if (!head) return Unexpected(head.error());
  return static_cast<uint8_t>((*head)[0]) == static_cast<uint8_t>(EntryType::index) &&
         load_le<uint64_t>(head->data() + 8) == file_id_;
}

// The envelope at `offset`, when a whole one of this file stands there. Without a header the first found is trusted.
Result<std::optional<BlockEnvelope>> SegmentReader::envelope_at(uint64_t offset) const {
  if (size_ - offset < BlockEnvelope::kBytes) return std::optional<BlockEnvelope>();
  auto bytes = bytes_at(offset, BlockEnvelope::kBytes);
  if (!bytes) return Unexpected(bytes.error());
  auto envelope = decode_envelope(*bytes);
  if (envelope && file_id_ != 0 && envelope->file_id != file_id_) envelope.reset();
  return envelope;
}

Damage SegmentReader::tail_damage() const { return make_damage(path_, data_end_, size_, tail_text_); }

Result<std::string> SegmentReader::read(const SegmentEntry& entry) const {
  auto block = bytes_at(entry.offset + BlockEnvelope::kBytes, entry.length);
  if (!block) return Unexpected(block.error());
  if (checksum64(*block) != entry.checksum) {
    return Unexpected(Error{to_text(make_damage(path_, entry.offset, entry.end(), "a block's checksum is wrong"))});
  }
  return block;
}

std::optional<Damage> SegmentReader::inspect(const SegmentEntry& entry) const {
  const uint64_t block = entry.offset + BlockEnvelope::kBytes;
  auto bytes = bytes_at(entry.offset, BlockEnvelope::kBytes + entry.length);
  if (!bytes) return make_damage(path_, entry.offset, entry.end(), bytes.error().message);
  std::string envelope;
  append_envelope({entry.length, file_id_, entry.checksum, entry.summary}, envelope);
  if (!bytes->starts_with(envelope)) return make_damage(path_, entry.offset, block, "a block's envelope is damaged");
  if (checksum64(std::string_view(*bytes).substr(envelope.size())) != entry.checksum) {
    return make_damage(path_, block, entry.end(), "a block's checksum is wrong");
  }
  return std::nullopt;
}

void SegmentReader::add_damage(uint64_t offset, uint64_t end, std::string what) {
  damage_.push_back(make_damage(path_, offset, end, std::move(what)));
}

Result<std::string> SegmentReader::bytes_at(uint64_t offset, uint64_t size) const {
  std::unique_ptr<File> reopened;
  if (!file_) {
    auto file = fs_.open_read(path_);
    if (!file) return Unexpected(file.error());
    reopened = std::move(*file);
  }
  std::string bytes(size, '\0');
  auto read = (file_ ? file_ : reopened)->read_at(offset, bytes.data(), size);
  if (!read) return Unexpected(read.error());
  if (*read != size) return Unexpected(Error{"read " + path_ + ": ends at " + std::to_string(offset + *read)});
  return bytes;
}

}  // namespace sluice
