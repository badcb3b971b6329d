// What a batch costs besides its lines: a slot, an admission, its ledger entries, its memory accounts. Each is paid once
// for some hundred lines.
#include <benchmark/benchmark.h>

#include "bench/bench_main.h"
#include "core/memory/allocation_tracker.h"
#include "core/memory/buffer_pool.h"
#include "core/memory/memory_monitor.h"
#include "core/runtime/context_manager.h"
#include "core/runtime/ledger.h"
#include "core/runtime/resource_pool.h"

namespace sluice {
namespace {

void SlotAcquireAndReturn(benchmark::State& state) {
  static BufferPool pool({.max_bytes = 64 << 20});
  for (auto _ : state) {
    Slot slot = pool.acquire(SlotSize::medium);
    benchmark::DoNotOptimize(slot.data());
  }
}
BENCHMARK(SlotAcquireAndReturn)->Threads(1)->Threads(2);

// What reuse saves: a slot whose pages the kernel has to make anew.
void SlotAfterTrim(benchmark::State& state) {
  BufferPool pool({.max_bytes = 64 << 20});
  for (auto _ : state) {
    Slot slot = pool.acquire(SlotSize::medium);
    for (size_t i = 0; i < slot.size(); i += 4096) slot.data()[i] = 1;
    slot.reset();
    pool.trim();
  }
}
BENCHMARK(SlotAfterTrim);

void AdmitAndComplete(benchmark::State& state) {
  static ContextManager context({}, system_clock());
  for (auto _ : state) {
    Admission admission = context.try_admit({.lines = 400, .bytes = 65536});
    benchmark::DoNotOptimize(admission.verdict);
  }
}
BENCHMARK(AdmitAndComplete)->Threads(1)->Threads(2);

void LedgerBatch(benchmark::State& state) {
  static Ledger ledger;
  ListenerLedger& listener = ledger.listener("bench");
  for (auto _ : state) {
    LedgerCell& cell = listener.cell();
    cell.received.add(400);
    cell.received_bytes.add(65536);
    cell.stored.add(400);
  }
}
BENCHMARK(LedgerBatch)->Threads(1)->Threads(2);

void ChargeAndRelease(benchmark::State& state) {
  static AllocationTracker tracker;
  MemoryAccount& account = tracker.account("bench");
  for (auto _ : state) {
    account.charge(65536);
    account.release(65536);
  }
}
BENCHMARK(ChargeAndRelease)->Threads(1)->Threads(2);

void ResourceAcquireAndReturn(benchmark::State& state) {
  ResourcePool<int> pool({.max = 4}, [] { return std::make_unique<int>(1); });
  for (auto _ : state) benchmark::DoNotOptimize(*pool.try_acquire());
}
BENCHMARK(ResourceAcquireAndReturn);

// Paid four to ten times a second; with the slow files (argument 1) once a second.
void MonitorSample(benchmark::State& state) {
  AllocationTracker tracker;
  for (int i = 0; i < 10; ++i) tracker.account("account-" + std::to_string(i)).charge(1000);
  const MemoryFiles files;
  MemoryMonitorOptions options;
  options.limit = uint64_t{1} << 40;
  options.slow_interval = state.range(0) == 1 ? 1 : 3600 * kSecond;
  MemoryMonitor monitor(options, tracker, files);
  Nanos now = 0;
  for (auto _ : state) benchmark::DoNotOptimize(monitor.sample(now += 100 * kMillisecond));
}
BENCHMARK(MonitorSample)->ArgName("slow_files")->Arg(0)->Arg(1);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
