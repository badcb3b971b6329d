// One stream from memory through everything behind the socket, with 1, 2 and more workers: how much one busy connection
// gains from each, where no sender is the limit. The reader copies into slots as recv would, cuts and hands over.
#include <stdlib.h>

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "bench/bench_main.h"
#include "bench/corpus.h"
#include "core/frame/framer.h"
#include "core/pipeline/pipeline.h"
#include "core/store/store.h"

namespace sluice {
namespace {

constexpr size_t kLines = 400'000;

const std::string& stream() {
  static const std::string text = Corpus(CorpusFormat::rfc5424).stream(kLines);
  return text;
}

// A folder that is gone with the object.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// As the daemon puts them together, without a spool.
class Machine {
 public:
  explicit Machine(uint32_t workers) : context_(context_options(workers), system_clock()) {
    auto store =
        Store::open({.path = folder_.path() + "/store", .merge = false}, real_file_system(), system_clock(), nullptr);
    if (!store) std::abort();
    store_ = std::move(*store);
    pipeline_ = std::make_unique<Pipeline>(PipelineOptions{.workers = workers},
                                           PipelineParts{.context = context_,
                                                         .interner = interner_,
                                                         .ledger = ledger_,
                                                         .memory = memory_,
                                                         .store = *store_,
                                                         .dedupe = &dedupe_,
                                                         .clock = system_clock(),
                                                         .report = [](const std::string&) {}});
    source_ = pipeline_->add_source({.name = "bench", .can_wait = true});
    pipeline_->start();
  }

  // Until everything is stored.
  void replay(std::string_view text) {
    Framer framer;
    for (size_t at = 0; at < text.size();) {
      auto batch = pipeline_->new_batch();
      while (!(batch->slot = pool_.acquire(SlotSize::large))) std::this_thread::yield();
      batch->source = source_;
      batch->received = system_clock().now();
      // What was not a whole frame comes again, as a reader copies it to the next slot.
      const std::string_view piece = text.substr(at, batch->slot.size());
      std::memcpy(batch->slot.data(), piece.data(), piece.size());
      const size_t used = framer.cut({batch->slot.data(), piece.size()}, 0, batch->frames);
      for (FrameRef& frame : batch->frames) frame.peer = peer_;
      at += used;
      submit(batch);
    }
    context_.stop_intake();
    pipeline_->drain(std::chrono::minutes(1));
  }

 private:
  static ContextManagerOptions context_options(uint32_t workers) {
    ContextManagerOptions options;
    options.max_bytes_if_can_wait = 2 * kSlotBytes.back() * workers;
    return options;
  }

  void submit(std::unique_ptr<Batch>& batch) {
    while (pipeline_->submit(batch) == Verdict::full) {
      context_.notify_when_room(
          [this] {
            const std::scoped_lock lock(mutex_);
            room_ = true;
            changed_.notify_one();
          },
          pipeline_->cost_of(*batch));
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return room_; });
      room_ = false;
    }
  }

  Folder folder_;
  AllocationTracker memory_;
  Interner interner_;
  const InternId peer_ = interner_.intern("192.0.2.7");
  Ledger ledger_;
  DedupeWindow dedupe_{{}};
  BufferPool pool_{{}};
  ContextManager context_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Pipeline> pipeline_;
  uint16_t source_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool room_ = false;
};

void OneStream(benchmark::State& state) {
  const std::string_view text = stream();
  for (auto _ : state) {
    state.PauseTiming();
    auto machine = std::make_unique<Machine>(static_cast<uint32_t>(state.range(0)));
    state.ResumeTiming();
    machine->replay(text);
    state.PauseTiming();
    machine.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kLines));
}
BENCHMARK(OneStream)->ArgName("workers")->Arg(1)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice

SLUICE_BENCH_MAIN()
