// What interning one text costs: found in the worker's cache, found in the shared table, new, refused.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/bench_main.h"
#include "core/intern/interner.h"

namespace sluice {
namespace {

std::vector<std::string> texts(size_t count) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) texts.push_back("host-" + std::to_string(i * 7919) + ".example.net");
  return texts;
}

// So many different texts through a cache of 4096 entries: all hits while they are few, mostly misses when they are
// more than fit.
void Cached(benchmark::State& state) {
  static Interner interner;
  InternCache cache(interner);
  const auto all = texts(static_cast<size_t>(state.range(0)));
  for (const std::string& text : all) cache.intern(text);
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.intern(all[i]));
    if (++i == all.size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
  const auto asked = static_cast<double>(cache.hits() + cache.misses());
  const double hits = 100.0 * static_cast<double>(cache.hits()) / asked;
  state.counters["hit_%"] = benchmark::Counter(hits, benchmark::Counter::kAvgThreads);
}
BENCHMARK(Cached)->ArgName("texts")->Arg(10)->Arg(100)->Arg(1000)->Arg(4000)->Arg(16000)->Threads(1)->Threads(2);

// The shared table, without a cache.
void Shared(benchmark::State& state) {
  static Interner interner;
  const auto all = texts(static_cast<size_t>(state.range(0)));
  size_t i = static_cast<size_t>(state.thread_index()) * 31;
  for (auto _ : state) benchmark::DoNotOptimize(interner.intern(all[i++ % all.size()]));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Shared)->ArgName("texts")->Arg(100)->Arg(10000)->Threads(1)->Threads(2);

void New(benchmark::State& state) {
  const auto all = texts(100'000);
  auto interner = std::make_unique<Interner>();
  size_t i = 0;
  for (auto _ : state) {
    if (i == all.size()) {
      state.PauseTiming();
      interner = std::make_unique<Interner>();
      i = 0;
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(interner->intern(all[i++]));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(New);

// A full table, as when a sender makes up a hostname for every line.
void Refused(benchmark::State& state) {
  static Interner interner({.max_strings = 1});
  const auto all = texts(10'000);
  InternCache cache(interner);
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(cache.intern(all[i++ % all.size()]));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Refused)->Threads(1)->Threads(2);

void TextOfId(benchmark::State& state) {
  Interner interner;
  for (const std::string& text : texts(10'000)) interner.intern(text);
  InternId id = 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(interner.text(id));
    if (++id > 10'000) id = 1;
  }
}
BENCHMARK(TextOfId);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
