// RepeatSums: how often each line was repeated, added up over all notes of the store (dedupe_window.h).
//
// The notes about a line need not lie in its own block: most come in later ones, and with several workers a few come in
// earlier ones. Here they are found by the time of receipt and joined by the line's id.
//
//   RepeatSums counts(reader, refs, newest_received, report);
//   counts.counts_of(ref, ids, out);               // out[i] = repeats of the line ids[i] of the block `ref`
//
// Notes are gathered backwards, only as far as the blocks asked for need them, so that the newest lines cost the
// newest notes.
//
// Memory:  at most `max_lines` sums are kept. When more lines than that were repeated, the notes are read again for
//          each block instead: slower, never wrong.
// Errors:  damaged notes are told to `report` once and left out.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/store/store_reader.h"
#include "tsl/robin_map.h"

namespace sluice {

class RepeatSums {
 public:
  using Report = std::function<void(const BlockRef&, const Error&)>;
  static constexpr size_t kMaxLines = 1 << 21;  // about 100 MiB of sums

  // `refs`: where notes may lie. `newest_received`: no line asked for was received later.
  RepeatSums(const StoreReader& reader, std::span<const BlockRef> refs, Nanos newest_received, Report report,
             size_t max_lines = kMaxLines);

  // REQUIRES: ids are those of records of the block `ref`
  void counts_of(const BlockRef& ref, std::span<const uint64_t> ids, std::vector<uint64_t>& out);
  bool empty() const { return sources_.empty(); }  // the store holds no note at all

 private:
  // A block that carries notes.
  struct Source {
    BlockRef ref;
    bool read = false;
    bool damaged = false;
    uint64_t low_id = 0, high_id = 0;  // of the lines it speaks of, once read
  };
  using Sums = tsl::robin_map<uint64_t, uint64_t>;

  void read(Source& source, uint64_t low_id, uint64_t high_id, Sums& sums);
  void gather(const BlockRef& ref);
  static void look_up(const Sums& sums, std::span<const uint64_t> ids, std::vector<uint64_t>& out);

  const StoreReader& reader_;
  const Report report_;
  const size_t max_lines_;
  std::vector<Source> sources_;  // the latest received first
  size_t gathered_ = 0;          // sources_[0, gathered_) are in sums_
  bool too_many_ = false;
  Sums sums_;
};

}  // namespace sluice
