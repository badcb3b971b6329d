// Threads that really do not come out of their work, and threads that wait honestly.
#include "daemon/thread_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "core/pipeline/pipeline.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/manual_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kLimit = 10 * kSecond;

TEST(ThreadWatchLimit, IsHalfOfWhatTheManagerAllowsAndAtLeastASecond) {
  EXPECT_EQ(ThreadWatch::limit_for(15s), 15 * kSecond);  // an interval is half already
  EXPECT_EQ(ThreadWatch::limit_for(100ms), kSecond);
  EXPECT_EQ(ThreadWatch::limit_for(0s), 20 * kSecond);
}

TEST(ThreadWatch, NamesAThreadThatIsInOnePieceOfWorkForLongerThanTheLimit) {
  ManualClock clock;
  Pulse pulse;
  ThreadWatch watch(clock, kLimit);
  watch.add("store", pulse);
  pulse.busy();
  watch.look();
  clock.advance(kLimit);
  watch.look();
  EXPECT_EQ(watch.stuck(), "");
  clock.advance(1 * kSecond);
  watch.look();
  EXPECT_EQ(watch.stuck(), "thread store has been at one piece of work for 11 s");
  pulse.busy();  // the next piece
  watch.look();
  EXPECT_EQ(watch.stuck(), "");
}

TEST(ThreadWatch, AThreadThatWaitsIsFineForEver) {
  ManualClock clock;
  Pulse pulse;
  ThreadWatch watch(clock, kLimit);
  watch.add("store", pulse);
  pulse.busy();
  pulse.idle();
  for (int i = 0; i < 10; ++i) {
    watch.look();
    EXPECT_EQ(watch.stuck(), "");
    clock.advance(3600 * kSecond);
  }
}

// An I/O thread whose handler does not return.
TEST(ThreadWatch, NamesAnIoThreadThatDoesNotAnswer) {
  ManualClock clock;
  boost::asio::io_context io{1};
  auto work = boost::asio::make_work_guard(io);
  std::thread thread([&] { io.run(); });
  ThreadWatch watch(clock, kLimit);
  watch.add("io", io);

  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false, release = false;
  boost::asio::post(io, [&] {
    std::unique_lock lock(mutex);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [&] { return release; });
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside; });
  }
  watch.look();  // asks
  clock.advance(kLimit + kSecond);
  watch.look();
  EXPECT_EQ(watch.stuck(), "thread io has been at one piece of work for 11 s");
  {
    const std::scoped_lock lock(mutex);
    release = true;
  }
  changed.notify_all();
  work.reset();
  thread.join();  // the ping is answered before run() returns
  watch.look();
  EXPECT_EQ(watch.stuck(), "");
}

// The real pipeline on a disk that does not answer, or has no room.
class PipelineWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = Store::open({.path = "/store", .merge = false}, fs_, system_clock(), [](const StoreEvent&) {});
    ASSERT_TRUE(store);
    store_ = std::move(*store);
    pipeline_ = std::make_unique<Pipeline>(PipelineOptions{.workers = 1, .block_age = kMillisecond},
                                           PipelineParts{.context = context_,
                                                         .interner = interner_,
                                                         .ledger = ledger_,
                                                         .memory = memory_,
                                                         .store = *store_,
                                                         .clock = system_clock(),
                                                         .report = [](const std::string&) {}});
    source_ = pipeline_->add_source({.name = "test"});
    pipeline_->start();
    for (const Pipeline::Thread& thread : pipeline_->threads()) {
      watch_.add(thread.name, *thread.pulse);
      pulses_[thread.name] = thread.pulse;
    }
  }
  void TearDown() override {
    fs_.release();
    fs_.set_capacity(std::nullopt);
    context_.stop_intake();
    EXPECT_EQ(pipeline_->drain(60s).lines, 0u);
    EXPECT_EQ(ledger_.listener("test").totals().stored, sent_);
  }

  void send(const std::string& line) {
    auto batch = pipeline_->new_batch();
    batch->slot = slots_.acquire(SlotSize::small);
    batch->source = source_;
    batch->received = system_clock().now();
    std::memcpy(batch->slot.data(), line.data(), line.size());
    batch->frames.push_back({.offset = 0, .length = static_cast<uint32_t>(line.size()), .peer = 0});
    ledger_.listener("test").cell().received.add(1);
    ASSERT_EQ(pipeline_->submit(batch), Verdict::admitted);
    ++sent_;
  }
  template <class Condition>
  static void await(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      std::this_thread::yield();
    }
  }

  ManualClock clock_;  // the watch's: the pipeline lives by the real one
  ThreadWatch watch_{clock_, kLimit};
  FaultyFileSystem fs_;
  AllocationTracker memory_;
  Interner interner_;
  Ledger ledger_;
  BufferPool slots_{{.max_bytes = 16 << 20}};
  ContextManager context_{ContextManagerOptions{}, system_clock()};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Pipeline> pipeline_;
  std::map<std::string, const Pulse*> pulses_;
  uint16_t source_ = 0;
  uint64_t sent_ = 0;
};

TEST_F(PipelineWatchTest, AStoreThreadThatDoesNotComeBackFromAWriteIsStuckAndTheOthersAreNot) {
  fs_.hold(Call::append);
  send("one");
  fs_.await_held();
  watch_.look();
  clock_.advance(kLimit + kSecond);
  watch_.look();
  EXPECT_EQ(watch_.stuck(), "thread store has been at one piece of work for 11 s");
  // Workers that wait for it wait.
  for (int i = 0; i < 20; ++i) send("more");
  await([&] { return !Pulse::is_busy(pulses_.at("worker 1")->beat()); });
  fs_.release();
  await([&] { return ledger_.listener("test").totals().stored == sent_; });
  watch_.look();
  EXPECT_EQ(watch_.stuck(), "");
}

TEST_F(PipelineWatchTest, AThreadStuckInASyncIsSeenToo) {
  fs_.hold(Call::sync);
  send("one");
  fs_.await_held();
  watch_.look();
  clock_.advance(kLimit + kSecond);
  watch_.look();
  EXPECT_TRUE(watch_.stuck().starts_with("thread store has been")) << watch_.stuck();
}

TEST_F(PipelineWatchTest, AFullDiskIsWaitingAndNotBeingStuckHoweverLongItLasts) {
  fs_.set_capacity(0);
  send("one");
  await([&] { return pipeline_->stats().store_failing; });
  for (int i = 0; i < 5; ++i) {
    watch_.look();
    const uint64_t beat = pulses_.at("store")->beat();
    clock_.advance(3600 * kSecond);
    await([&] { return pulses_.at("store")->beat() != beat; });  // it tries again
    watch_.look();
    EXPECT_EQ(watch_.stuck(), "");
  }
}

}  // namespace
}  // namespace sluice
