// What the store's tests share: blocks made of a few lines, and a store in memory that can crash.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/store/segment_directory.h"
#include "core/store/segment_reader.h"
#include "core/store/store.h"
#include "core/store/store_reader.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/manual_clock.h"

namespace sluice {

inline const std::string kDir = "/store";

// A block that only its summary tells about: for what never decodes it.
inline EncodedBlock opaque_block(uint64_t first_id, uint32_t rows, const std::string& bytes, uint64_t raw_bytes = 100,
                                 Nanos received = ManualClock::kStart) {
  EncodedBlock block;
  block.bytes = bytes;
  block.summary = {.rows = rows,
                   .raw_bytes = raw_bytes,
                   .first_id = first_id,
                   .last_id = first_id + rows - 1,
                   .min_time = received,
                   .max_time = received,
                   .min_received = received,
                   .max_received = received,
                   .severities = 1 << 5};
  block.end_id = first_id + rows;
  return block;
}

// A real block: these lines, received now, with ids from `first_id` on (or the ids given).
class BlockMaker {
 public:
  EncodedBlock make(const std::vector<std::pair<uint64_t, std::string>>& lines,
                    const std::vector<RepeatNote>& notes = {}, Nanos received = ManualClock::kStart) {
    OpenBlock block(cache_, interner_);
    block.begin_batch(interner_.intern("tcp"), received);
    for (const auto& [id, text] : lines) {
      Event event;
      event.frame = event.message = text;
      event.time = received;
      event.layout = CommonLayout::raw;
      block.add(event, id, interner_.intern("192.0.2.7"));
    }
    for (const RepeatNote& note : notes) block.add_repeat(note);
    EncodedBlock encoded;
    encoder_.encode(block, encoded);
    return encoded;
  }

 private:
  Interner interner_;
  InternCache cache_{interner_};
  BlockEncoder encoder_;
};

// What a store holds: lines by id, and how often each repeated.
struct Contents {
  std::map<uint64_t, std::string> lines;
  std::map<uint64_t, uint64_t> repeats;
  uint64_t shown_twice = 0;  // ids that came more than once
  uint64_t blocks = 0;
  friend bool operator==(const Contents& a, const Contents& b) { return a.lines == b.lines && a.repeats == b.repeats; }
};

inline void add_block(const StoreReader& reader, const BlockRef& ref, Contents& contents) {
  BlockReader block;
  auto read = reader.read(ref, block);
  ASSERT_TRUE(read) << read.error().message;
  auto loaded = block.load_all();
  ASSERT_TRUE(loaded) << loaded.error().message;
  for (uint32_t row = 0; row < block.rows(); ++row) {
    const StoredRecord record = block.record(row);
    if (ref.skip && ref.skip->has(record.id)) continue;
    std::string text;
    append_raw(record, text);
    if (!contents.lines.emplace(record.id, text).second) ++contents.shown_twice;
  }
  auto notes = block.repeats();
  ASSERT_TRUE(notes) << notes.error().message;
  for (const RepeatNote& note : *notes) contents.repeats[note.first_id] += note.count;
  ++contents.blocks;
}

inline Contents read_store(FileSystem& fs, const std::string& directory = kDir) {
  Contents contents;
  auto reader = StoreReader::open(fs, directory);
  EXPECT_TRUE(reader) << reader.error().message;
  if (reader) {
    for (const BlockRef& ref : (*reader)->blocks()) add_block(**reader, ref, contents);
  }
  return contents;
}

class StoreFixture : public testing::Test {
 protected:
  void open() {
    auto store = Store::open(options_, fs_, clock_, [this](const StoreEvent& e) { events_.push_back(e); });
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
  }
  void close() { store_.reset(); }
  // The process dies, and starts again.
  void crash() {
    fs_.die();
    store_.reset();
    fs_.restart();
  }
  void append(uint64_t first_id, const std::string& bytes, uint64_t raw_bytes = 100) {
    auto written = store_->append(opaque_block(first_id, 1, bytes, raw_bytes, clock_.now()));
    ASSERT_TRUE(written) << written.error().message;
  }
  void append_lines(const std::vector<std::pair<uint64_t, std::string>>& lines,
                    const std::vector<RepeatNote>& notes = {}) {
    auto written = store_->append(maker_.make(lines, notes, clock_.now()));
    ASSERT_TRUE(written) << written.error().message;
  }
  // Everything that is due, and what becomes due by doing it.
  void maintain() {
    int calls = 0;
    while (store_->maintain()) ASSERT_LT(++calls, 10'000);
  }
  // An idle minute: whatever can be merged is.
  void settle() {
    clock_.advance(61 * kSecond);
    maintain();
  }

  std::vector<std::string> files() {
    std::vector<std::string> names = *fs_.list(kDir);
    std::erase(names, "lock");
    return names;
  }
  std::string& file(uint64_t number) { return fs_.bytes(path(number)); }
  static std::string path(uint64_t number) { return segment_path(kDir, {number, number, 0}); }

  // The blocks of the whole store, as bytes.
  std::vector<std::string> blocks() {
    std::vector<std::string> found;
    auto reader = StoreReader::open(fs_, kDir);
    EXPECT_TRUE(reader);
    for (const auto& info : (*reader)->segments()) {
      auto segment = SegmentReader::open(fs_, info.path);
      for (const SegmentEntry& entry : (*segment)->entries()) found.push_back(*(*segment)->read(entry));
    }
    return found;
  }
  std::vector<std::string> told(StoreEvent::Kind kind) const {
    std::vector<std::string> texts;
    for (const StoreEvent& event : events_) {
      if (event.kind == kind) texts.push_back(event.text);
    }
    return texts;
  }

  FaultyFileSystem fs_;
  ManualClock clock_;
  StoreOptions options_{.path = kDir};
  BlockMaker maker_;
  std::vector<StoreEvent> events_;
  std::unique_ptr<Store> store_;
};

}  // namespace sluice
