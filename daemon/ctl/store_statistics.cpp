#include "daemon/ctl/store_statistics.h"

#include <algorithm>

#include "core/query/block_damage.h"
#include "core/query/severity.h"
#include "daemon/ctl/line_format.h"

namespace sluice {
namespace {

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

void count_rows(const BlockReader& block, StoreStatistics& s) {
  for (uint32_t row = 0; row < block.rows(); ++row) {
    const StoredRecord record = block.record(row);
    s.hosts.add(record.hostname);
    s.apps.add(record.app_name);
    s.listeners.add(record.listener);
    s.formats.add(format_name(record.flags.format()));
    s.severities.add(severity_name(record.flags.severity()));
  }
  for (Tally* tally : {&s.hosts, &s.apps, &s.listeners}) tally->forget_last();
}

}  // namespace

StoreStatistics count_store(const StoreReader& reader) {
  StoreStatistics s;
  s.damage = reader.damage();
  s.segments = reader.segments().size();
  for (const auto& segment : reader.segments()) s.stored_bytes += segment.bytes;
  for (const BlockRef& ref : reader.blocks()) {
    BlockReader block;
    auto read = reader.read(ref, block);
    if (read) read = block.load_filters();
    if (!read) {
      if (!was_removed(read.error())) s.damage.push_back(block_damage(reader, ref, read.error()));
      continue;
    }
    ++s.blocks;
    count_summary(ref.summary, s);
    count_rows(block, s);
  }
  return s;
}

}  // namespace sluice
