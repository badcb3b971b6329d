#include "core/store/covered_ids.h"

#include <algorithm>

#include "core/store/segment_directory.h"
#include "core/store/segment_reader.h"

namespace sluice {

Result<CoveredIds> CoveredIds::read(FileSystem& fs, const std::string& path, uint64_t from, const Report& report) {
  CoveredIds covered;
  if (auto read = covered.scan(fs, path, {from, UINT64_MAX}, What::rows_and_collapsed, report); !read) {
    return Unexpected(read.error());
  }
  uint64_t oldest_first = from;
  for (const CollapsedLines& run : covered.collapsed_) oldest_first = std::min(oldest_first, run.first_id);
  if (oldest_first < from) {
    auto read = covered.scan(fs, path, {oldest_first, from}, What::rows, report);
    if (!read) return Unexpected(read.error());
  }
  covered.tidy();
  return covered;
}

Result<void> CoveredIds::scan(FileSystem& fs, const std::string& path, Run ids, What what, const Report& report) {
  auto names = fs.list(path);
  if (!names) return Unexpected(names.error());
  const SegmentListing listing = sort_out_segments(fs, path, *names);
  for (auto name = listing.live.rbegin(); name != listing.live.rend(); ++name) {
    auto segment = SegmentReader::open(fs, segment_path(path, *name));
    if (!segment) {
      report(segment.error().message);
      continue;
    }
    for (const SegmentEntry& entry : (*segment)->entries()) {
      const bool has_rows =
          entry.summary.rows > 0 && entry.summary.last_id >= ids.first && entry.summary.first_id < ids.end;
      if (!has_rows && (what == What::rows || entry.summary.repeat_notes == 0)) continue;
      auto bytes = (*segment)->read(entry);
      Result<void> read = bytes ? read_block(std::move(*bytes), ids, what) : Result<void>(Unexpected(bytes.error()));
      if (!read)
        report((*segment)->path() + ": block at " + std::to_string(entry.offset) + ": " + read.error().message);
    }
    if ((*segment)->header() && (*segment)->header()->next_id <= ids.first) break;
  }
  return {};
}

Result<void> CoveredIds::read_block(std::string bytes, Run ids, What what) {
  BlockReader block;
  if (auto opened = block.open(std::move(bytes)); !opened) return opened;
  std::vector<CollapsedLines> lines;
  if (what == What::rows_and_collapsed) {
    auto decoded = block.collapsed();
    if (!decoded) return Unexpected(decoded.error());
    lines = std::move(*decoded);
  }
  if (block.rows() > 0 && block.summary().last_id >= ids.first) {
    if (auto loaded = block.load_filters(); !loaded) return loaded;
    for (uint32_t row = 0; row < block.rows(); ++row) {
      const uint64_t id = block.record(row).id;
      if (id < ids.first || id >= ids.end) continue;
      if (!rows_.empty() && rows_.back().end == id) {
        ++rows_.back().end;
      } else {
        rows_.push_back({id, id + 1});
      }
    }
  }
  for (const CollapsedLines& run : lines) {
    if (run.end() > ids.first) collapsed_.push_back(run);
  }
  return {};
}

void CoveredIds::tidy() {
  std::sort(rows_.begin(), rows_.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
  std::sort(collapsed_.begin(), collapsed_.end(),
            [](const CollapsedLines& a, const CollapsedLines& b) { return a.id < b.id; });
  for (const Run& run : rows_) end_ = std::max(end_, run.end);
  for (const CollapsedLines& run : collapsed_) end_ = std::max(end_, run.id + run.count);
}

bool CoveredIds::holds(uint64_t id) const {
  const auto after =
      std::upper_bound(rows_.begin(), rows_.end(), id, [](uint64_t i, const Run& r) { return i < r.first; });
  return after != rows_.begin() && id < (after - 1)->end;
}

std::optional<uint64_t> CoveredIds::repeats(uint64_t id) const {
  const auto after = std::upper_bound(collapsed_.begin(), collapsed_.end(), id,
                                      [](uint64_t i, const CollapsedLines& r) { return i < r.id; });
  if (after == collapsed_.begin() || id >= (after - 1)->id + (after - 1)->count) return std::nullopt;
  return (after - 1)->first_id;
}

}  // namespace sluice
