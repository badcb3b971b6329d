#include "core/pipeline/dedupe_rebuild.h"

#include <algorithm>
#include <vector>

#include "core/pipeline/dedupe_key.h"
#include "core/store/store_reader.h"

namespace sluice {
namespace {

// Of one block, run by run of the same time of receipt.
uint64_t learn_block(const BlockReader& block, Nanos oldest, Interner& interner, DedupeWindow& window) {
  std::vector<DedupeLine> lines;
  std::string frame;
  std::string_view peer_text;
  InternId peer = kNotInterned;
  uint64_t learned = 0;
  Nanos received = 0;
  const auto flush = [&] {
    if (!lines.empty()) window.learn(lines, received);
    learned += lines.size();
    lines.clear();
  };
  for (uint32_t row = 0; row < block.rows(); ++row) {
    const StoredRecord record = block.record(row);
    if (record.received < oldest) continue;
    if (record.received != received) flush();
    received = record.received;
    if (record.peer != peer_text || peer == kNotInterned) peer = interner.intern(peer_text = record.peer);
    frame.clear();
    append_raw(record, frame);
    lines.push_back({.fingerprint = dedupe_key(frame, peer, record.id), .id = record.id});
  }
  flush();
  return learned;
}

}  // namespace

uint64_t rebuild_dedupe(FileSystem& fs, const std::string& store_path, DedupeWindow& window, Nanos length, Nanos now,
                        Interner& interner) {
  auto reader = StoreReader::open(fs, store_path);
  if (!reader) return 0;
  std::vector<BlockRef> newest;
  uint64_t rows = 0;
  const std::vector<BlockRef>& blocks = (*reader)->blocks();
  for (auto ref = blocks.rbegin(); ref != blocks.rend() && rows < window.stats().capacity; ++ref) {
    if (ref->summary.rows == 0 || ref->summary.max_received < now - length) continue;
    rows += ref->summary.rows;
    newest.push_back(*ref);
  }
  std::sort(newest.begin(), newest.end(),
            [](const BlockRef& a, const BlockRef& b) { return a.summary.min_received < b.summary.min_received; });
  uint64_t learned = 0;
  for (const BlockRef& ref : newest) {
    BlockReader block;
    if ((*reader)->read(ref, block) && block.load_all()) {
      learned += learn_block(block, now - length, interner, window);
    }
  }
  return learned;
}

}  // namespace sluice
