// What parsing costs a line, by format, as told and as found out by itself, and what the single-entry time cache gains.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/bench_main.h"
#include "bench/corpus.h"
#include "core/parse/parser.h"

namespace sluice {
namespace {

void parse(benchmark::State& state, CorpusFormat lines_of, FormatChoice format, bool time_cache) {
  const std::vector<std::string> lines = Corpus(lines_of).lines(10'000);
  ParserOptions options;
  options.format = format;
  options.time_cache = time_cache;
  const auto parser = make_parser(options);
  const ParseContext context{.received = system_clock().now(), .peer = "192.0.2.1"};
  Event event;
  size_t next = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    const std::string& line = lines[next];
    next = next + 1 == lines.size() ? 0 : next + 1;
    if (parser->parse(line, context, event) != ParseProblem::none) state.SkipWithError("a line was not parsed");
    benchmark::DoNotOptimize(event);
    bytes += line.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

BENCHMARK_CAPTURE(parse, rfc5424, CorpusFormat::rfc5424, FormatChoice::rfc5424, true);
BENCHMARK_CAPTURE(parse, rfc5424_without_time_cache, CorpusFormat::rfc5424, FormatChoice::rfc5424, false);
BENCHMARK_CAPTURE(parse, rfc5424_by_auto, CorpusFormat::rfc5424, FormatChoice::automatic, true);
BENCHMARK_CAPTURE(parse, rfc3164, CorpusFormat::rfc3164, FormatChoice::rfc3164, true);
BENCHMARK_CAPTURE(parse, rfc3164_without_time_cache, CorpusFormat::rfc3164, FormatChoice::rfc3164, false);
BENCHMARK_CAPTURE(parse, rfc3164_by_auto, CorpusFormat::rfc3164, FormatChoice::automatic, true);
BENCHMARK_CAPTURE(parse, json, CorpusFormat::json, FormatChoice::json, true);
BENCHMARK_CAPTURE(parse, json_without_time_cache, CorpusFormat::json, FormatChoice::json, false);
BENCHMARK_CAPTURE(parse, json_by_auto, CorpusFormat::json, FormatChoice::automatic, true);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
