// What records and blocks cost, and what a larger block or a higher level gains.
//
// Add: parsed events into an open block. Encode: a block to bytes; counters give the stored bytes a line and the ratio
// to the text. Read: bytes to frames. FILE in the environment variable SLUICE_BENCH_FILE takes the lines of that file
// instead of made-up ones (one format: what the file holds).
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bench/bench_main.h"
#include "bench/corpus.h"
#include "core/intern/interner.h"
#include "core/parse/parser.h"
#include "core/parse/time_zone.h"
#include "core/record/block.h"

namespace sluice {
namespace {

constexpr size_t kLines = 300'000;
constexpr size_t kBatchLines = 256;  // parsed together, then added: as a worker does, without timing the parser

const std::vector<std::string>& lines_of(CorpusFormat format) {
  static std::vector<std::string> lines[3];
  std::vector<std::string>& wanted = lines[static_cast<size_t>(format)];
  if (!wanted.empty()) return wanted;
  if (const char* path = std::getenv("SLUICE_BENCH_FILE")) {
    std::ifstream file(path);
    for (std::string line; wanted.size() < kLines && std::getline(file, line);) wanted.push_back(line);
  }
  if (wanted.empty()) wanted = Corpus(format).lines(kLines);
  return wanted;
}

// Parses lines one batch at a time and starts again at the end.
class Source {
 public:
  explicit Source(CorpusFormat format)
      : lines_(lines_of(format)), parser_(make_parser({.zone = &zone_})), events_(kBatchLines) {}

  const std::vector<Event>& next() {
    for (Event& event : events_) {
      if (at_ == lines_.size()) at_ = 0;
      parser_->parse(lines_[at_++], {.received = kSecond, .peer = "192.0.2.7"}, event);
    }
    return events_;
  }

 private:
  const std::vector<std::string>& lines_;
  TimeZone zone_ = TimeZone::utc();
  std::unique_ptr<Parser> parser_;
  std::vector<Event> events_;
  size_t at_ = 0;
};

struct Filler {
  explicit Filler(CorpusFormat format) : source(format) {}

  void add(const std::vector<Event>& events) {
    received += kMillisecond;
    block.begin_batch(listener, received);
    for (const Event& event : events) block.add(event, ++id, peer);
  }
  void fill(uint64_t target) {
    block.clear();
    while (!block.full(target)) add(source.next());
  }

  Interner interner;
  InternCache cache{interner};
  OpenBlock block{cache, interner};
  Source source;
  InternId listener = interner.intern("tcp"), peer = interner.intern("192.0.2.7");
  uint64_t id = 0;
  Nanos received = 0;
};

CorpusFormat format_of(const benchmark::State& state) { return static_cast<CorpusFormat>(state.range(0)); }

void note(benchmark::State& state, size_t lines_each) {
  const auto lines = static_cast<double>(state.iterations()) * static_cast<double>(lines_each);
  state.SetItemsProcessed(static_cast<int64_t>(lines));
  state.counters["s/line"] = benchmark::Counter(lines, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Add(benchmark::State& state) {
  Filler filler(format_of(state));
  const std::vector<Event>& events = filler.source.next();
  for (auto _ : state) {
    if (filler.block.full(2 << 20)) filler.block.clear();
    filler.add(events);
  }
  note(state, kBatchLines);
}
BENCHMARK(Add)->ArgName("format")->Arg(0)->Arg(1)->Arg(2);

void Encode(benchmark::State& state) {
  Filler filler(format_of(state));
  filler.fill(static_cast<uint64_t>(state.range(2)) << 20);
  BlockEncoder encoder({.level = static_cast<int>(state.range(1))});
  EncodedBlock encoded;
  for (auto _ : state) encoder.encode(filler.block, encoded);
  note(state, filler.block.rows());
  const auto stored = static_cast<double>(encoded.bytes.size());
  state.counters["B/line"] = stored / static_cast<double>(filler.block.rows());
  state.counters["ratio"] = static_cast<double>(filler.block.raw_bytes()) / stored;
  state.counters["memory_MiB"] = static_cast<double>(filler.block.bytes() + encoder.bytes()) / (1 << 20);
}
BENCHMARK(Encode)
    ->ArgNames({"format", "level", "MiB"})
    ->ArgsProduct({{0, 1, 2}, {1}, {4}})
    ->ArgsProduct({{0}, {1}, {1, 2, 8, 16}})
    ->ArgsProduct({{0}, {-1, 3, 6, 9, 12}, {4}});

void Read(benchmark::State& state) {
  Filler filler(format_of(state));
  filler.fill(2 << 20);
  BlockEncoder encoder;
  EncodedBlock encoded;
  encoder.encode(filler.block, encoded);
  std::string frame;
  for (auto _ : state) {
    BlockReader reader;
    if (!reader.open(encoded.bytes) || !reader.load_all()) state.SkipWithError("does not load");
    for (uint32_t row = 0; row < reader.rows(); ++row) {
      frame.clear();
      append_raw(reader.record(row), frame);
      benchmark::DoNotOptimize(frame.data());
    }
  }
  note(state, filler.block.rows());
}
BENCHMARK(Read)->ArgName("format")->Arg(0)->Arg(1)->Arg(2);

// What a query that skips the texts pays.
void ReadFilters(benchmark::State& state) {
  Filler filler(CorpusFormat::rfc5424);
  filler.fill(2 << 20);
  BlockEncoder encoder;
  EncodedBlock encoded;
  encoder.encode(filler.block, encoded);
  for (auto _ : state) {
    BlockReader reader;
    if (!reader.open(encoded.bytes) || !reader.load_filters()) state.SkipWithError("does not load");
    benchmark::DoNotOptimize(reader.record(0).time);
  }
  note(state, filler.block.rows());
}
BENCHMARK(ReadFilters);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
