#include "core/pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/store/store_reader.h"
#include "tests/support/temp_directory.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// A whole pipeline on a real store, fed by hand.
class PipelineTest : public testing::Test {
 protected:
  void SetUp() override { open({}); }

  void open(PipelineOptions options, bool dedupe = true) {
    pipeline_.reset();
    store_.reset();
    auto store = Store::open({.path = directory_.path() + "/store", .merge = false}, real_file_system(), system_clock(),
                             [](const StoreEvent&) {});
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    dedupe_ = dedupe ? std::make_unique<DedupeWindow>(DedupeOptions{.max_bytes = 1 << 20}) : nullptr;
    context_ = std::make_unique<ContextManager>(ContextManagerOptions{}, system_clock());
    pipeline_ = std::make_unique<Pipeline>(options, PipelineParts{.context = *context_,
                                                                  .interner = interner_,
                                                                  .ledger = ledger_,
                                                                  .memory = memory_,
                                                                  .store = *store_,
                                                                  .dedupe = dedupe_.get(),
                                                                  .clock = system_clock(),
                                                                  .report = [](const std::string&) {}});
    source_ = pipeline_->add_source({.name = "test"});
  }

  std::unique_ptr<Batch> batch_of(const std::vector<std::string>& lines, const std::string& peer = "192.0.2.1") {
    auto batch = pipeline_->new_batch();
    batch->slot = slots_.acquire(SlotSize::medium);
    batch->source = source_;
    batch->received = system_clock().now();
    uint32_t at = 0;
    for (const std::string& line : lines) {
      std::memcpy(batch->slot.data() + at, line.data(), line.size());
      batch->frames.push_back(
          {.offset = at, .length = static_cast<uint32_t>(line.size()), .peer = interner_.intern(peer)});
      at += static_cast<uint32_t>(line.size());
    }
    ledger_.listener("test").cell().received.add(lines.size());
    return batch;
  }

  void send(const std::vector<std::string>& lines, const std::string& peer = "192.0.2.1") {
    auto batch = batch_of(lines, peer);
    ASSERT_EQ(pipeline_->submit(batch), Verdict::admitted);
    EXPECT_EQ(batch, nullptr);
  }

  ContextManager::Left drain() {
    context_->stop_intake();
    return pipeline_->drain(10s);
  }

  // Frame to how often it came, from the files.
  std::map<std::string, uint64_t> read_all() {
    std::map<std::string, uint64_t> lines;
    std::map<uint64_t, std::string> by_id;
    auto reader = StoreReader::open(real_file_system(), directory_.path() + "/store");
    EXPECT_TRUE(reader);
    std::vector<RepeatNote> notes;
    for (const BlockRef& ref : (*reader)->blocks()) {
      BlockReader block;
      EXPECT_TRUE((*reader)->read(ref, block));
      EXPECT_TRUE(block.load_all());
      for (uint32_t row = 0; row < block.rows(); ++row) {
        std::string frame;
        append_raw(block.record(row), frame);
        ++lines[frame];
        EXPECT_TRUE(by_id.emplace(block.record(row).id, frame).second) << "two records share an id";
      }
      auto more = block.repeats();
      EXPECT_TRUE(more);
      notes.insert(notes.end(), more->begin(), more->end());
    }
    for (const RepeatNote& note : notes) lines[by_id.at(note.first_id)] += note.count;
    return lines;
  }

  LedgerTotals ledger() { return ledger_.listener("test").totals(); }

  TempDirectory directory_;
  AllocationTracker memory_;
  Interner interner_;
  Ledger ledger_;
  BufferPool slots_{{.max_bytes = 16 << 20}};
  std::unique_ptr<ContextManager> context_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<DedupeWindow> dedupe_;
  std::unique_ptr<Pipeline> pipeline_;
  uint16_t source_ = 0;
};

TEST_F(PipelineTest, StoresEveryLineAndTheLedgerBalances) {
  pipeline_->start();
  std::map<std::string, uint64_t> sent;
  for (int b = 0; b < 50; ++b) {
    std::vector<std::string> lines;
    for (int i = 0; i < 100; ++i) {
      lines.push_back("<34>1 2026-01-02T03:04:05.006Z web-1 app " + std::to_string(b) + " - - line " +
                      std::to_string(i));
      ++sent[lines.back()];
    }
    send(lines);
  }
  EXPECT_EQ(drain().lines, 0u);
  EXPECT_EQ(read_all(), sent);
  EXPECT_EQ(ledger().stored, 5000u);
  EXPECT_EQ(ledger().in_flight(), 0u);
}

TEST_F(PipelineTest, CollapsesDuplicatesOfOneSenderAndCountsThem) {
  pipeline_->start();
  send({"same", "other", "same", "same"});
  send({"same"});
  drain();
  EXPECT_EQ(read_all(), (std::map<std::string, uint64_t>{{"same", 4}, {"other", 1}}));
  EXPECT_EQ(ledger().stored, 2u);
  EXPECT_EQ(ledger().collapsed, 3u);
  EXPECT_EQ(ledger().in_flight(), 0u);
}

TEST_F(PipelineTest, KeepsTheSameLineOfTwoSendersTwice) {
  pipeline_->start();
  send({"same"}, "192.0.2.1");
  send({"same"}, "192.0.2.2");
  drain();
  EXPECT_EQ(ledger().stored, 2u);
  EXPECT_EQ(ledger().collapsed, 0u);
}

TEST_F(PipelineTest, KeepsEveryCopyWithoutADedupeWindow) {
  open({}, /*dedupe=*/false);
  pipeline_->start();
  send({"same", "same"});
  drain();
  EXPECT_EQ(ledger().stored, 2u);
}

TEST_F(PipelineTest, SealsFullBlocksInTheMiddleOfABatch) {
  open({.workers = 1, .block_bytes = 100});
  pipeline_->start();
  std::vector<std::string> lines;
  for (int i = 0; i < 20; ++i) lines.push_back("<13>this line is some thirty bytes long: " + std::to_string(i));
  send(lines);
  drain();
  EXPECT_GE(pipeline_->stats().blocks, 5u);
  EXPECT_EQ(read_all().size(), 20u);
}

TEST_F(PipelineTest, StoresAnOpenBlockOnceItIsOldEnoughWithoutFurtherLines) {
  open({.block_age = kMillisecond});
  pipeline_->start();
  send({"lonely"});
  // The store thread's progress is the event; the queue of the test is the ledger itself.
  while (ledger().stored == 0) std::this_thread::yield();
  EXPECT_EQ(ledger().in_flight(), 0u);
  drain();
}

TEST_F(PipelineTest, RefusesABatchWhenNoOperationMayEnterAndLeavesItWithTheCaller) {
  context_->set_critical(true);
  pipeline_->start();
  auto batch = batch_of({"a line"});
  EXPECT_EQ(pipeline_->submit(batch), Verdict::full);
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->frames.size(), 1u);
  context_->set_critical(false);
  EXPECT_EQ(pipeline_->submit(batch), Verdict::admitted);
  drain();
  EXPECT_EQ(ledger().stored, 1u);
}

TEST_F(PipelineTest, CountsWhatNoWorkerTookInTimeAsDropped) {
  // Not started: nobody takes the batch.
  send({"one", "two"});
  context_->stop_intake();
  const auto left = pipeline_->drain(0s);
  EXPECT_EQ(left.lines, 2u);
  EXPECT_EQ(ledger().dropped[static_cast<size_t>(DropReason::shutdown)], 2u);
  EXPECT_EQ(ledger().in_flight(), 0u);
}

TEST_F(PipelineTest, GivesIdsThatGoOnAfterAReopen) {
  pipeline_->start();
  send({"first", "second"});
  drain();
  open({});
  pipeline_->start();
  send({"third"});
  drain();
  EXPECT_EQ(read_all().size(), 3u);  // read_all() fails on a repeated id
}

}  // namespace
}  // namespace sluice
