#include "daemon/ctl/store_statistics.h"

#include <algorithm>
#include <thread>

#include "core/query/block_damage.h"
#include "core/query/severity.h"
#include "core/query/work_ahead.h"
#include "daemon/ctl/line_format.h"

namespace sluice {
namespace {

constexpr size_t kAheadOfThread = 2;  // blocks counted and not yet added up

void count_summary(const BlockSummary& summary, StoreStatistics& s) {
  s.repeats += summary.repeats;
  if (summary.rows == 0) return;
  const bool first = s.lines == 0;
  s.lines += summary.rows;
  s.raw_bytes += summary.raw_bytes;
  s.first_time = first ? summary.min_time : std::min(s.first_time, summary.min_time);
  s.last_time = first ? summary.max_time : std::max(s.last_time, summary.max_time);
  s.first_received = first ? summary.min_received : std::min(s.first_received, summary.min_received);
  s.last_received = first ? summary.max_received : std::max(s.last_received, summary.max_received);
}

void count_names(const std::vector<BlockCounts::Name>& names, Tally& tally) {
  for (const BlockCounts::Name& name : names) tally.add(name.name, name.rows);
}

void count_rows(const BlockCounts& counts, StoreStatistics& s) {
  count_names(counts.hostnames, s.hosts);
  count_names(counts.app_names, s.apps);
  count_names(counts.listeners, s.listeners);
  for (uint8_t i = 0; i < counts.severities.size(); ++i) s.severities.add(severity_name(i), counts.severities[i]);
  for (uint8_t i = 0; i < counts.formats.size(); ++i) {
    s.formats.add(format_name(static_cast<Format>(i)), counts.formats[i]);
  }
}

struct Counted {
  BlockReader block;  // holds the names
  Result<BlockCounts> counts = BlockCounts();
};

Counted count_block(const StoreReader& reader, const BlockRef& ref) {
  Counted counted;
  if (auto read = reader.read(ref, counted.block); !read) {
    counted.counts = Unexpected(read.error());
  } else {
    counted.counts = counted.block.count();
  }
  return counted;
}

}  // namespace

StoreStatistics count_store(const StoreReader& reader) {
  StoreStatistics s;
  s.damage = reader.damage();
  s.segments = reader.segments().size();
  for (const auto& segment : reader.segments()) s.stored_bytes += segment.bytes;
  const std::vector<BlockRef>& refs = reader.blocks();
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  WorkAhead<Counted> ahead(refs.size(), {.threads = threads - 1, .window = kAheadOfThread * threads},
                           [&](size_t i) { return count_block(reader, refs[i]); });
  for (size_t i = 0; i < refs.size(); ++i) {
    const Counted counted = ahead.take(i);
    if (!counted.counts) {
      const Error& error = counted.counts.error();
      if (!was_removed(error)) s.damage.push_back(block_damage(reader, refs[i], error));
      continue;
    }
    ++s.blocks;
    count_summary(refs[i].summary, s);
    count_rows(*counted.counts, s);
  }
  return s;
}

}  // namespace sluice
