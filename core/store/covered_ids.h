// CoveredIds: which lines a store accounts for, from some id on: those it holds, and those it counts as repeats of another.
//
//   auto covered = CoveredIds::read(fs, path, oldest_id_asked_about);
//   covered.holds(id);                  // a row of its own
//   covered.repeats(id);                // the line whose repeat it was counted as, or nothing
//
// After a crash this tells which received lines are done with (core/pipeline/replay.h).
//
// Segments are read from the newest backwards, as far as ids can reach: a segment's header says below which id everything
// lies in older ones. Of blocks without the ids asked for, only the column of collapsed lines is decoded. Lines that others
// repeat are looked for however old they are: after a power cut the repeat may be there and its first line not.
//
// Errors:  damaged blocks are told to `report` and hold nothing: their lines are stored again from the spool.
// Threads: one. Memory: 16 bytes a run of ids, 24 a run of collapsed lines.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/record/block.h"

namespace sluice {

class CoveredIds {
 public:
  using Report = std::function<void(const std::string&)>;

  static Result<CoveredIds> read(FileSystem& fs, const std::string& path, uint64_t from, const Report& report);

  // Asked about ids from the first one on, and about those that repeats() gives.
  bool holds(uint64_t id) const;
  std::optional<uint64_t> repeats(uint64_t id) const;
  uint64_t end() const { return end_; }  // above every id found

  const std::vector<CollapsedLines>& collapsed() const { return collapsed_; }

 private:
  struct Run {
    uint64_t first;
    uint64_t end;
  };

  enum class What : uint8_t { rows, rows_and_collapsed };
  Result<void> scan(FileSystem& fs, const std::string& path, Run ids, What what, const Report& report);
  Result<void> read_block(std::string bytes, Run ids, What what);
  void tidy();

  uint64_t end_ = 0;
  std::vector<Run> rows_;                  // ascending, apart
  std::vector<CollapsedLines> collapsed_;  // ascending by id
};

}  // namespace sluice
