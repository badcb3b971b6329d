// What the dedupe window costs per line, and the curve of bloom bits per entry against false positives and time from
// which DedupeOptions::bloom_bits_per_entry takes its default.
//
// Every line is one item: "items_per_second" is lines per second on one core. Hashing the line is counted apart.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/bench_main.h"
#include "bench/corpus.h"
#include "core/base/hash.h"
#include "core/dedupe/bloom_filter.h"
#include "core/dedupe/dedupe_window.h"

namespace sluice {
namespace {

constexpr size_t kBatch = 400;  // lines; what one recv of 64 KiB brings
constexpr Nanos kStart = 1'767'323'045 * kSecond;
constexpr Nanos kBatchTime = 2 * kMillisecond;  // 200 000 lines/s

// Fingerprints as good as any: no line has to be hashed for them.
Hash128 numbered(uint64_t n) {
  const auto mix = [](uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  };
  return {mix(n * 0x9E3779B97F4A7C15u), mix(n * 0x9E3779B97F4A7C15u + 0x632BE59BD9B4E019u)};
}

struct Feed {
  explicit Feed(DedupeOptions options) : window(options), lines(kBatch) {}
  // Fills the batch: each line repeats one of the last `reach` with a chance of `percent`.
  void make(unsigned percent, uint64_t reach) {
    for (DedupeLine& line : lines) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const bool again = (random >> 33) % 100 < percent && next > reach;
      const uint64_t n = again ? next - 1 - (random >> 20) % reach : next;
      line = {.fingerprint = numbered(n), .id = ++id};
      next += !again;
    }
    now += kBatchTime;
  }
  void check() { window.check(lines, now); }

  DedupeWindow window;
  std::vector<DedupeLine> lines;
  uint64_t next = 1, id = 0, random = 1;
  Nanos now = kStart;
};

void run(benchmark::State& state, DedupeOptions options, unsigned percent, uint64_t reach) {
  Feed feed(options);
  const uint64_t capacity = feed.window.stats().capacity;
  while (feed.next < 2 * capacity) {  // a steady state: the ring is full and turns
    feed.make(percent, reach);
    feed.check();
  }
  const auto before = feed.window.stats();
  for (auto _ : state) {
    state.PauseTiming();
    feed.make(percent, reach);
    state.ResumeTiming();
    feed.check();
  }
  const auto after = feed.window.stats();
  const auto checked = static_cast<double>(after.checked - before.checked);
  state.SetItemsProcessed(static_cast<int64_t>(checked));
  state.counters["line_time"] = benchmark::Counter(checked, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  const auto fresh = checked - static_cast<double>(after.duplicates - before.duplicates);
  state.counters["false_positive_%"] =
      100.0 * static_cast<double>(after.false_positives - before.false_positives) / std::max(1.0, fresh);
  state.counters["entries"] = static_cast<double>(capacity);
  state.counters["bytes_per_entry"] = static_cast<double>(after.bytes) / static_cast<double>(capacity);
}

void NewLines(benchmark::State& state) { run(state, {.max_bytes = 32 << 20}, 0, 1); }
BENCHMARK(NewLines);

// Lines of which `percent` repeat one of the last 100 000.
void Duplicates(benchmark::State& state) {
  run(state, {.max_bytes = 32 << 20}, static_cast<unsigned>(state.range(0)), 100'000);
}
BENCHMARK(Duplicates)->ArgName("percent")->Arg(10)->Arg(50)->Arg(90);

// The curve. With few bits nearly every line walks the table; with many the filters take the memory of entries and
// another cache line's worth of time.
void BitsPerEntry(benchmark::State& state) {
  run(state, {.max_bytes = 32 << 20, .bloom_bits_per_entry = static_cast<uint32_t>(state.range(0))}, 0, 1);
}
BENCHMARK(BitsPerEntry)->ArgName("bits")->Arg(1)->Arg(2)->Arg(4)->Arg(6)->Arg(8)->Arg(10)->Arg(12)->Arg(16)->Arg(24);

// Smaller windows stay in the processor's caches.
void WindowBytes(benchmark::State& state) {
  run(state, {.max_bytes = static_cast<uint64_t>(state.range(0)) << 20}, 0, 1);
}
BENCHMARK(WindowBytes)->ArgName("MiB")->Arg(1)->Arg(4)->Arg(16)->Arg(64)->Arg(256);

// The fingerprint itself, which the caller works out.
void Fingerprint(benchmark::State& state) {
  const std::vector<std::string> lines = Corpus(CorpusFormat::rfc5424).lines(4096);
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(hash128(lines[i++ % lines.size()], 42));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Fingerprint);

void BloomAlone(benchmark::State& state) {
  BloomFilter filter(500'000, static_cast<uint32_t>(state.range(0)));
  for (uint64_t n = 0; n < 500'000; ++n) filter.insert(filter.probe(numbered(n)));
  uint64_t n = 500'000;
  uint64_t maybe = 0;
  for (auto _ : state) maybe += filter.may_contain(filter.probe(numbered(n++)));
  state.SetItemsProcessed(state.iterations());
  state.counters["false_positive_%"] = 100.0 * static_cast<double>(maybe) / static_cast<double>(n - 500'000);
}
BENCHMARK(BloomAlone)->ArgName("bits")->Arg(1)->Arg(4)->Arg(8)->Arg(12)->Arg(16);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
