// What cutting a stream into frames costs, by framing and by the size of a read, beside bare memchr over the same bytes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "bench/bench_main.h"
#include "bench/corpus.h"
#include "core/frame/framer.h"
#include "core/frame/relp_conversation.h"

namespace sluice {
namespace {

constexpr size_t kLines = 20'000;

std::string stream_of(FramingMode mode) {
  std::string stream;
  for (const std::string& line : Corpus(CorpusFormat::rfc5424).lines(kLines)) {
    if (mode == FramingMode::octet_counting) stream += std::to_string(line.size()) + " ";
    stream += line;
    if (mode != FramingMode::octet_counting) stream += '\n';
  }
  return stream;
}

void cut(benchmark::State& state, FramingMode mode) {
  const std::string stream = stream_of(mode);
  const auto read = static_cast<size_t>(state.range(0));
  std::vector<FrameRef> frames;
  size_t lines = 0;
  for (auto _ : state) {
    Framer framer({.mode = mode});
    size_t begin = 0;
    for (size_t end = 0; end < stream.size();) {
      end = std::min(begin + read, stream.size());
      frames.clear();
      begin += framer.cut({stream.data() + begin, end - begin}, 0, frames);
      benchmark::DoNotOptimize(frames.data());
      lines += frames.size();
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(lines));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(stream.size()));
}

// Cut, taken into the conversation, acknowledged by the batch and answered.
void relp(benchmark::State& state) {
  std::string stream = "1 open 30 relp_version=0\ncommands=syslog\n";
  uint32_t number = 1;
  for (const std::string& line : Corpus(CorpusFormat::rfc5424).lines(kLines)) {
    stream += std::to_string(++number) + " syslog " + std::to_string(line.size()) + " " + line + "\n";
  }
  const auto read = static_cast<size_t>(state.range(0));
  std::vector<FrameRef> frames;
  std::vector<RelpTransaction> transactions;
  std::string answers;
  for (auto _ : state) {
    RelpCodec codec;
    RelpConversation conversation;
    size_t begin = 0;
    uint64_t token = 0;
    for (size_t end = 0; end < stream.size();) {
      end = std::min(begin + read, stream.size());
      frames.clear();
      transactions.clear();
      const std::string_view data(stream.data() + begin, end - begin);
      begin += codec.cut(data, 0, frames, transactions);
      conversation.received(transactions, data, ++token);
      conversation.on_ack(token, true);
      answers.clear();
      while (conversation.take_output(answers)) {
      }
      benchmark::DoNotOptimize(answers.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kLines));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(stream.size()));
}

void bare_memchr(benchmark::State& state) {
  const std::string stream = stream_of(FramingMode::newline);
  for (auto _ : state) {
    const char* at = stream.data();
    const char* const end = at + stream.size();
    size_t lines = 0;
    while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at))))) {
      ++at;
      ++lines;
    }
    benchmark::DoNotOptimize(lines);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kLines));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(stream.size()));
}

BENCHMARK_CAPTURE(cut, newline, FramingMode::newline)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK_CAPTURE(cut, octet, FramingMode::octet_counting)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(relp)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(bare_memchr);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
