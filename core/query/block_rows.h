// BlockRows: the records of one block that answer a scan, in order of time and id. The part of a Timeline that knows
// blocks.
//
//   BlockRows rows(std::move(block));            // a reader that was used before has its room already
//   if (auto r = rows.open(reader, ref, scan, {.order = RowOrder::oldest_first}); !r) ...   // damaged
//   rows.count_repeats(ref, counts);             // or every times() is 1
//   for (; !rows.at_end(); rows.advance()) use(rows.record(), rows.key(), rows.times());
//
// Where memory is short, keep_portion() copies the next rows out and lets the decoded block go. When they are used up
// and the block has more (portion_ended()), the caller opens it again and goes to position(). A block that gave few rows
// is let go as soon as it was opened: holds_block() is false, and its reader can be taken back.
//
// Threads: one at a time.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/query/repeat_sums.h"
#include "core/query/scan.h"
#include "core/store/store_reader.h"

namespace sluice {

struct RowKey {
  Nanos time = 0;
  uint64_t id = 0;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

enum class RowOrder : uint8_t { oldest_first, newest_first };

struct RowOptions {
  RowOrder order = RowOrder::oldest_first;
  BlockParts parts = kAllParts;  // what record() is asked for: the rest is decoded only where the scan needs it
};

class BlockRows {
 public:
  BlockRows() = default;
  explicit BlockRows(BlockReader block) : block_(std::move(block)) {}
  Result<void> open(const StoreReader& reader, const BlockRef& ref, const Scan& scan, const RowOptions& options);

  // Positions count the rows found in the whole block, in the order asked for.
  size_t position() const { return position_; }
  bool at_end() const { return position_ == first_ + keys_.size(); }
  bool portion_ended() const { return at_end() && position_ != total_; }
  void advance() { ++position_; }
  // REQUIRES for these three: open() came last, not keep_portion()
  void count_repeats(const BlockRef& ref, RepeatSums& counts);
  void go_to(size_t position) { position_ = position; }
  void go_to(RowKey first_wanted, RowOrder order);
  // REQUIRES for these three: !at_end()
  RowKey key() const { return keys_[position_ - first_]; }
  uint64_t times() const { return repeats_.empty() ? 1 : 1 + repeats_[position_ - first_]; }
  StoredRecord record() const;

  // Copies rows from the current one on until they fill `bytes` (at least one row), and lets the block go.
  // REQUIRES: holds_block()
  void keep_portion(size_t bytes);
  bool holds_block() const { return holds_block_; }
  // The reader with its room, for another block. REQUIRES: !holds_block(), or no record() is asked for any more
  BlockReader take_reader() { return std::move(block_); }

 private:
  Result<void> find_rows(const BlockRef& ref, const Scan& scan);
  void sort(RowOrder order);
  void keep_few();

  BlockReader block_;
  bool holds_block_ = false;
  std::vector<uint32_t> rows_;     // row numbers of the block; empty once a portion was kept
  std::vector<RowKey> keys_;       // of the rows held; keys_[0] is at position first_
  std::vector<uint64_t> repeats_;  // likewise; empty: none
  size_t first_ = 0;
  size_t position_ = 0;
  size_t total_ = 0;
  std::unique_ptr<char[]> text_;  // of a portion
  std::vector<StoredRecord> portion_;
};

}  // namespace sluice
