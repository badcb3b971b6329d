// StoreBuilder: a store on disk, made of lines and blocks by the real parser, encoder and store.
//
//   StoreBuilder store;
//   const uint64_t id = store.line("<13>1 2026-11-23T10:15:30Z web-1 app - - - hello");
//   store.repeat(id, 2);            // it came twice more
//   store.seal();                   // what came since the last seal is one block
//   auto reader = store.reader();
//
// Lines get ascending ids, and times of receipt a millisecond apart from kReceived on, unless told otherwise.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/file.h"
#include "core/intern/interner.h"
#include "core/parse/parser.h"
#include "core/parse/time_zone.h"
#include "core/record/block.h"
#include "core/record/open_block.h"
#include "core/store/store.h"
#include "core/store/store_reader.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_directory.h"

namespace sluice {

class StoreBuilder {
 public:
  static constexpr Nanos kReceived = 1'795'428'930 * kSecond;  // 2026-11-23T10:15:30Z

  struct LineOptions {
    uint64_t id = 0;     // 0: the next one
    Nanos received = 0;  // 0: by id
    std::string_view listener = "in";
    std::string_view peer = "192.0.2.7";
    FormatChoice format = FormatChoice::automatic;
  };

  explicit StoreBuilder(StoreOptions options = {}) : options_(std::move(options)) {
    if (options_.path.empty()) options_.path = directory_.path() + "/store";
    open();
  }

  const std::string& path() const { return options_.path; }
  ManualClock& clock() { return clock_; }
  Store& store() { return *store_; }

  uint64_t line(std::string_view frame) { return line(frame, LineOptions{}); }
  uint64_t line(std::string_view frame, const LineOptions& options) {
    const uint64_t id = options.id != 0 ? options.id : next_id_++;
    const Nanos received = options.received != 0 ? options.received : kReceived + static_cast<Nanos>(id) * kMillisecond;
    static const TimeZone utc = TimeZone::utc();
    ParserOptions parsing;
    parsing.format = options.format;
    parsing.zone = &utc;
    Event event;
    const auto parser = make_parser(parsing);
    parser->parse(frame, {.received = received, .peer = options.peer}, event);
    block_.begin_batch(cache_.intern(options.listener), received);
    block_.add(event, id, cache_.intern(options.peer));
    return id;
  }
  void repeat(uint64_t first_id, uint64_t count) { block_.add_repeat({first_id, count, kReceived, kReceived}); }

  void seal() {
    EncodedBlock encoded;
    encoder_.encode(block_, encoded);
    block_.clear();
    const auto appended = store_->append(encoded);
    EXPECT_TRUE(appended) << (appended ? "" : appended.error().message);
  }

  // As a daemon that stops and starts again: finishes the open segment.
  void reopen() {
    close();
    open();
  }
  void close() { store_.reset(); }

  std::unique_ptr<StoreReader> reader() const {
    auto reader = StoreReader::open(real_file_system(), path());
    EXPECT_TRUE(reader) << (reader ? "" : reader.error().message);
    return reader ? std::move(*reader) : nullptr;
  }

 private:
  void open() {
    auto store = Store::open(options_, real_file_system(), clock_, [](const StoreEvent&) {});
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    store_ = std::move(*store);
  }

  TempDirectory directory_;
  StoreOptions options_;
  ManualClock clock_{kReceived};
  Interner interner_;
  InternCache cache_{interner_};
  OpenBlock block_{cache_, interner_};
  BlockEncoder encoder_;
  std::unique_ptr<Store> store_;
  uint64_t next_id_ = 1;
};

}  // namespace sluice
