// SLUICE_BENCH_MAIN(): the main() of a benchmark, which says in its output what the figures depend on.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>

#define SLUICE_BENCH_MAIN()                                           \
  int main(int argc, char** argv) {                                   \
    benchmark::Initialize(&argc, argv);                               \
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1; \
    benchmark::AddCustomContext("compiler", __VERSION__);             \
    sluice::note_build_type();                                        \
    benchmark::RunSpecifiedBenchmarks();                              \
    benchmark::Shutdown();                                            \
    return 0;                                                         \
  }

namespace sluice {

inline void note_build_type() {
#if !defined(NDEBUG) || !defined(__OPTIMIZE__)
  benchmark::AddCustomContext("WARNING", "assertions are on or optimisation is off: use the release preset");
#else
  benchmark::AddCustomContext("build", "optimised, without assertions");
#endif
}

}  // namespace sluice
