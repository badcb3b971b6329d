#include "core/query/block_rows.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <string>
#include <tuple>

#include "core/query/message_search.h"

namespace sluice {
namespace {

constexpr std::array kTexts{
    &StoredRecord::listener,        &StoredRecord::peer,   &StoredRecord::hostname, &StoredRecord::app_name,
    &StoredRecord::proc_id,         &StoredRecord::msg_id, &StoredRecord::message,  &StoredRecord::layout_text,
    &StoredRecord::structured_data, &StoredRecord::values,
};

// What is copied out at once and need not hold the decoded block.
constexpr size_t kFewRows = 64;
constexpr size_t kFewBytes = 16 << 10;

bool same_place(std::string_view a, std::string_view b) { return a.data() == b.data() && a.size() == b.size(); }

// Copies the texts of records one after another. A text that is the very one of the record before (they are
// dictionary entries: the same hostname, the same layout) is not copied again.
class TextCopier {
 public:
  TextCopier(char* to, size_t room) : to_(to), room_(room) {}

  size_t needed(const StoredRecord& record) const {
    size_t bytes = 0;
    for (const auto text : kTexts) {
      if (!same_place(record.*text, before_.*text)) bytes += (record.*text).size();
    }
    return bytes;
  }
  bool fits(const StoredRecord& record) const { return needed(record) <= room_; }

  StoredRecord copy(const StoredRecord& record) {  // REQUIRES: fits(record)
    StoredRecord copied = record;
    for (const auto text : kTexts) {
      if (same_place(record.*text, before_.*text)) {
        copied.*text = copied_.*text;
      } else {
        copied.*text = put(record.*text);
      }
    }
    before_ = record;
    copied_ = copied;
    return copied;
  }

 private:
  std::string_view put(std::string_view text) {
    if (text.empty()) return {};
    std::memcpy(to_, text.data(), text.size());
    const std::string_view placed(to_, text.size());
    to_ += text.size();
    room_ -= text.size();
    return placed;
  }

  char* to_;
  size_t room_;
  StoredRecord before_;
  StoredRecord copied_;
};

}  // namespace

Result<void> BlockRows::open(const StoreReader& reader, const BlockRef& ref, const Scan& scan,
                             const RowOptions& options) {
  portion_.clear();
  text_.reset();
  repeats_.clear();
  rows_.clear();
  keys_.clear();
  first_ = position_ = total_ = 0;
  holds_block_ = true;
  if (auto r = reader.read(ref, block_); !r) return r;
  if (auto r = find_rows(ref, scan); !r) return r;
  if (rows_.empty()) {
    holds_block_ = false;
    return {};
  }
  if (auto r = block_.load(kIdPart | kTimePart); !r) return r;
  sort(options.order);
  total_ = rows_.size();
  if (auto r = block_.load(options.parts); !r) return r;
  if (rows_.size() <= kFewRows && rows_.size() < block_.rows()) keep_few();
  return {};
}

// The fields first: where they leave nothing, no text is decoded.
Result<void> BlockRows::find_rows(const BlockRef& ref, const Scan& scan) {
  rows_.resize(block_.rows());
  std::iota(rows_.begin(), rows_.end(), 0u);
  if (ref.skip != nullptr) {
    if (auto r = block_.load(kIdPart); !r) return r;
    std::erase_if(rows_, [&](uint32_t row) { return ref.skip->has(block_.id(row)); });
  }
  if (const BlockParts parts = scan.field_parts(ref.summary); parts != 0) {
    if (auto r = block_.load(parts); !r) return r;
    std::erase_if(rows_, [&](uint32_t row) { return !scan.matches_fields(block_.record(row)); });
  }
  if (rows_.empty() || !scan.needs_message()) return {};
  return MessageSearch(scan).keep_matching(block_, rows_);
}

void BlockRows::sort(RowOrder order) {
  struct Placed {
    RowKey key;
    uint32_t row;
  };
  std::vector<Placed> placed;
  placed.reserve(rows_.size());
  for (const uint32_t row : rows_) {
    placed.push_back({{block_.time(row), block_.id(row)}, row});
  }
  // Rows are in order of receipt, which is mostly the order of time.
  const auto earlier = [](const Placed& a, const Placed& b) {
    return std::tie(a.key, a.row) < std::tie(b.key, b.row);  // the same each time the block is opened
  };
  if (!std::is_sorted(placed.begin(), placed.end(), earlier)) {
    std::sort(placed.begin(), placed.end(), earlier);
  }
  if (order == RowOrder::newest_first) std::reverse(placed.begin(), placed.end());
  keys_.resize(placed.size());
  for (size_t i = 0; i < placed.size(); ++i) {
    rows_[i] = placed[i].row;
    keys_[i] = placed[i].key;
  }
}

void BlockRows::count_repeats(const BlockRef& ref, RepeatSums& counts) {
  repeats_.clear();
  if (counts.empty() || keys_.empty()) return;
  std::vector<uint64_t> ids;
  ids.reserve(keys_.size());
  for (const RowKey& key : keys_) ids.push_back(key.id);
  counts.counts_of(ref, ids, repeats_);
}

void BlockRows::go_to(RowKey first_wanted, RowOrder order) {
  const auto found = order == RowOrder::oldest_first
                         ? std::lower_bound(keys_.begin(), keys_.end(), first_wanted)
                         : std::lower_bound(keys_.begin(), keys_.end(), first_wanted, std::greater<>());
  position_ = static_cast<size_t>(found - keys_.begin());
}

StoredRecord BlockRows::record() const {
  return portion_.empty() ? block_.record(rows_[position_]) : portion_[position_ - first_];
}

// Copies them all and lets the block go: it may be long until they are asked for, and its reader is of use meanwhile.
void BlockRows::keep_few() {
  size_t bytes = 0;
  for (const uint32_t row : rows_) bytes += TextCopier(nullptr, 0).needed(block_.record(row));
  if (bytes <= kFewBytes) keep_portion(std::max(bytes, rows_.size() * sizeof(StoredRecord)));
}

void BlockRows::keep_portion(size_t bytes) {
  size_t room = bytes;
  if (!at_end()) room = std::max(room, TextCopier(nullptr, 0).needed(record()));
  text_ = std::make_unique<char[]>(room);
  TextCopier copier(text_.get(), room);
  const size_t held = rows_.size();
  const size_t from = position_;
  // A record's own fields count too: short lines would otherwise fill memory with them.
  for (size_t spent = 0; position_ < held; ++position_, spent += sizeof(StoredRecord)) {
    const StoredRecord record = block_.record(rows_[position_]);
    if (!portion_.empty() && (spent >= bytes || !copier.fits(record))) break;
    portion_.push_back(copier.copy(record));
  }
  const auto cut = [&](auto& list) {
    list = std::decay_t<decltype(list)>(list.begin() + static_cast<ptrdiff_t>(from),
                                        list.begin() + static_cast<ptrdiff_t>(position_));
  };
  cut(keys_);
  if (!repeats_.empty()) cut(repeats_);
  rows_ = {};
  first_ = position_ = from;
  holds_block_ = false;
}

}  // namespace sluice
