// What the store adds to a block: appending it (the file system's page cache included, syncs left to the policy), and
// opening a store that holds many.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "bench/bench_main.h"
#include "bench/corpus.h"
#include "core/parse/parser.h"
#include "core/store/store.h"
#include "core/store/store_reader.h"
#include "tests/support/temp_directory.h"

namespace sluice {
namespace {

EncodedBlock block_of(size_t lines) {
  Interner interner;
  InternCache cache(interner);
  OpenBlock open(cache, interner);
  const auto parser = make_parser({});
  Event event;
  open.begin_batch(interner.intern("bench"), system_clock().now());
  uint64_t id = 1;
  for (const std::string& line : Corpus(CorpusFormat::rfc5424).lines(lines)) {
    parser->parse(line, {.received = system_clock().now(), .peer = "192.0.2.1"}, event);
    open.add(event, id++, kNotInterned);
  }
  BlockEncoder encoder;
  EncodedBlock block;
  encoder.encode(open, block);
  return block;
}

std::unique_ptr<Store> open_store(const std::string& path, Nanos sync_interval) {
  auto store = Store::open({.path = path, .sync_interval = sync_interval, .merge = false}, real_file_system(),
                           system_clock(), [](const StoreEvent&) {});
  return store ? std::move(*store) : nullptr;
}

void append(benchmark::State& state) {
  const TempDirectory directory;
  const auto lines = static_cast<size_t>(state.range(0));
  const EncodedBlock block = block_of(lines);
  const auto store = open_store(directory.path(), state.range(1) ? 0 : 3600 * kSecond);
  for (auto _ : state) {
    if (!store->append(block)) state.SkipWithError("append failed");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lines));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(block.bytes.size()));
}

void open_and_list(benchmark::State& state) {
  const TempDirectory directory;
  const EncodedBlock block = block_of(100);
  {
    const auto store = open_store(directory.path(), 3600 * kSecond);
    for (int64_t i = 0; i < state.range(0); ++i) {
      if (!store->append(block)) state.SkipWithError("append failed");
    }
  }
  for (auto _ : state) {
    auto reader = StoreReader::open(real_file_system(), directory.path());
    if (!reader || (*reader)->blocks().size() != static_cast<size_t>(state.range(0)))
      state.SkipWithError("blocks are missing");
  }
}

BENCHMARK(append)->ArgNames({"lines", "synced"})->Args({1000, 0})->Args({25000, 0})->Args({25000, 1})->Iterations(50);
BENCHMARK(open_and_list)->ArgName("blocks")->Arg(100)->Arg(5000);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
