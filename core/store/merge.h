// Merge: makes one segment of several neighbours, small blocks made into large ones, a bounded step at a time.
//
//   Merge merge(fs, directory, inputs, {.block_bytes = 8 << 20});
//   while (merge.step() == Merge::State::working) ... other work ...
//   if (merge.state() == Merge::State::done) ... merge.result() stands in the directory; remove the inputs ...
//
// Small blocks are decoded, sorted by id and compressed anew, together; blocks that are large already are copied as they
// are. With `pack` that goes for all blocks that are not yet packed (segment_facts.h). Notes of repeats are summed up by
// the line they are about. Each block gets its filter (block_filter.h), a copied one too, unless an earlier merge gave it
// one: so one segment alone is merged to give its large blocks theirs.
//
// The result is written under another name, synced and counted before it gets its own: a crash at any point leaves the
// inputs or the whole result.
//
// Errors:  failed: something could not be written; nothing changed. damaged: an input holds what can't be read; it is
//          named, and must stay as it is. In either case nothing is left behind.
// Threads: one thread. A step takes about as long as compressing one block.
// Memory:  one output block's lines three times over (decoded, as rows, as columns), charged to the account.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/intern/interner.h"
#include "core/record/block.h"
#include "core/record/block_filter.h"
#include "core/store/segment_facts.h"
#include "core/store/segment_reader.h"
#include "core/store/segment_writer.h"

namespace sluice {

struct MergeOptions {
  BlockSizes sizes{8 << 20, 0};               // weights that merged blocks aim for
  bool pack = false;                          // aim for the second of them, with unpacked blocks instead of small ones
  int level = 1;                              // zstd
  uint64_t filter_from = 0;                   // raw bytes of a block that gets a filter; smaller ones get none
  uint64_t keep_collapsed_from = UINT64_MAX;  // collapsed lines are left out when they and their first ones are below
  MemoryAccount* account = nullptr;           // may be null
};

class Merge {
 public:
  enum class State : uint8_t { working, done, failed, damaged };

  // REQUIRES: inputs are finished, neighbours, ascending, not empty
  Merge(FileSystem& fs, std::string directory, std::vector<SegmentName> inputs, const MergeOptions& options);
  ~Merge();

  State step();
  State state() const { return state_; }
  const std::vector<SegmentName>& inputs() const { return inputs_; }
  const SegmentName& result() const { return result_; }

  // REQUIRES: done
  const SegmentFacts& facts() const { return facts_; }
  uint64_t blocks_merged() const { return blocks_merged_; }
  // Syncs of the result that failed, since this was asked last.
  uint64_t take_failed_syncs() { return writer_ ? writer_->take_sync_trouble().failed_syncs : 0; }
  // REQUIRES: failed or damaged
  const Error& error() const { return error_; }
  const SegmentName& damaged_input() const { return damaged_input_; }

 private:
  enum class Phase : uint8_t { open, gather, fill, encode, finish, publish };
  struct Position {
    uint64_t id;
    uint32_t block;
    uint32_t row;
  };

  uint64_t aim() const { return options_.pack ? options_.sizes.packed : options_.sizes.merged; }
  bool is_taken(const BlockSummary& block) const {
    return options_.pack ? is_unpacked_block(block, aim()) : is_small_block(block, aim());
  }
  void open_inputs();
  void gather();
  void copy_block(const SegmentEntry& entry);
  void load_block(const SegmentEntry& entry);
  void fill();
  void sort_rows();
  void encode();
  void finish();
  void publish();
  Result<void> add_filter(std::string& block, BlockSummary& summary);
  void append(std::string_view block, const BlockSummary& summary);
  void fail(Error error);
  void fail_damaged(Error error);
  void fail_unreadable(const SegmentEntry& entry, const Error& error);
  void charge();

  FileSystem& fs_;
  const std::string directory_;
  const std::vector<SegmentName> inputs_;
  const MergeOptions options_;
  SegmentName result_;
  State state_ = State::working;
  Phase phase_ = Phase::open;
  Error error_;
  SegmentName damaged_input_;

  std::vector<std::unique_ptr<SegmentReader>> segments_;
  std::unique_ptr<SegmentWriter> writer_;
  bool published_ = false;
  size_t segment_ = 0, entry_ = 0;  // the next block to read

  // The blocks that go into the next output block.
  std::vector<BlockReader> group_;
  std::vector<CollapsedLines> collapsed_;
  uint64_t group_weight_ = 0;
  std::vector<Position> rows_;
  size_t filled_ = 0;
  std::vector<RepeatNote> notes_;

  Interner interner_;
  InternCache cache_;
  OpenBlock open_block_;
  BlockEncoder encoder_;
  EncodedBlock encoded_;
  BlockFilterer filterer_;

  uint64_t charged_ = 0;
  uint64_t rows_in_ = 0, repeats_in_ = 0;
  uint64_t rows_out_ = 0, repeats_out_ = 0;
  uint64_t blocks_merged_ = 0;
  SegmentFacts facts_;
};

}  // namespace sluice
