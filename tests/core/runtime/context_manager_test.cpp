#include "core/runtime/context_manager.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/manual_clock.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

class Context : public testing::Test {
 protected:
  // Admits an operation and keeps it; false when there is no room.
  bool admit(uint64_t bytes = 1, uint32_t lines = 1) {
    Admission admission = context_.try_admit({.lines = lines, .bytes = bytes});
    if (admission.verdict != Verdict::admitted) return false;
    held_.push_back(std::move(admission.operation));
    return true;
  }
  void finish_oldest() { held_.erase(held_.begin()); }
  // A waiter that writes its name when called.
  void wait_for_room(char name, OperationCost cost = {}) {
    context_.notify_when_room([this, name] { called_ += name; }, cost);
  }

  ManualClock clock_;
  ContextManager context_{{.max_operations = 3,
                           .max_bytes = 1000,
                           .max_bytes_if_can_wait = 600,
                           .base_timeout = milliseconds(200),
                           .load_multiplier = 4.0},
                          clock_};
  std::vector<Operation> held_;
  std::string called_;
};

TEST_F(Context, AdmitsUpToTheNumberOfOperations) {
  EXPECT_TRUE(admit());
  EXPECT_TRUE(admit());
  EXPECT_TRUE(admit());
  EXPECT_FALSE(admit());
  EXPECT_EQ(context_.stats().refused, 1u);
  finish_oldest();
  EXPECT_TRUE(admit());
  EXPECT_EQ(context_.stats().peak_operations, 3u);
}

TEST_F(Context, AdmitsUpToTheBytesExactly) {
  EXPECT_TRUE(admit(400));
  EXPECT_FALSE(admit(601));
  EXPECT_TRUE(admit(600));
  EXPECT_FALSE(admit(0));
  EXPECT_EQ(context_.stats().peak_bytes, 1000u);
}

TEST_F(Context, WhoCanWaitIsAdmittedUpToItsOwnLimit) {
  const auto admit_patient = [this](uint64_t bytes) {
    Admission admission = context_.try_admit({.lines = 1, .bytes = bytes, .can_wait = true});
    if (admission.verdict == Verdict::admitted) held_.push_back(std::move(admission.operation));
    return admission.verdict == Verdict::admitted;
  };
  EXPECT_TRUE(admit_patient(400));
  EXPECT_FALSE(admit_patient(201)) << "600 in all";
  EXPECT_TRUE(admit_patient(200));
  EXPECT_TRUE(admit(400)) << "who can't wait has the rest";
  finish_oldest();
  EXPECT_FALSE(admit_patient(1)) << "the others' bytes count";
}

TEST_F(Context, WhoCanNotWaitIsCalledBeforeWhoCan) {
  admit(400);
  admit(300);
  admit(300);
  wait_for_room('p', {.bytes = 100, .can_wait = true});
  wait_for_room('u', {.bytes = 300});
  finish_oldest();
  EXPECT_EQ(called_, "u");
  finish_oldest();
  EXPECT_EQ(called_, "up");
}

TEST_F(Context, LargerThanEverythingIsAdmittedAlone) {
  EXPECT_TRUE(admit(1));
  EXPECT_FALSE(admit(5000));
  finish_oldest();
  EXPECT_TRUE(admit(5000));
  EXPECT_FALSE(admit(1));
}

TEST_F(Context, CountsWhatIsInFlight) {
  admit(100, 7);
  admit(50, 3);
  auto stats = context_.stats();
  EXPECT_EQ(stats.operations, 2u);
  EXPECT_EQ(stats.lines, 10u);
  EXPECT_EQ(stats.bytes, 150u);
  finish_oldest();
  stats = context_.stats();
  EXPECT_EQ(stats.operations, 1u);
  EXPECT_EQ(stats.lines, 3u);
  EXPECT_EQ(stats.bytes, 50u);
  EXPECT_EQ(stats.admitted, 2u);
  EXPECT_EQ(stats.completed, 1u);
}

TEST_F(Context, MovedOperationCompletesOnce) {
  Admission admission = context_.try_admit({.lines = 1, .bytes = 10});
  Operation a = std::move(admission.operation);
  EXPECT_FALSE(admission.operation);  // NOLINT(bugprone-use-after-move): a moved-from operation is empty
  Operation b = std::move(a);
  EXPECT_EQ(context_.stats().completed, 0u);
  b.complete();
  b.complete();
  EXPECT_FALSE(b);
  EXPECT_EQ(context_.stats().completed, 1u);
  Operation c = context_.try_admit({.lines = 1, .bytes = 10}).operation;
  c = context_.try_admit({.lines = 2, .bytes = 20}).operation;  // completes what it held
  EXPECT_EQ(context_.stats().completed, 2u);
  EXPECT_EQ(context_.stats().lines, 2u);
}

TEST_F(Context, TimeoutGrowsWithTheLoad) {
  EXPECT_EQ(context_.timeout(), milliseconds(200));
  context_.set_memory_load(0.5);
  EXPECT_EQ(context_.timeout(), milliseconds(600));
  context_.set_memory_load(1.0);
  EXPECT_EQ(context_.timeout(), milliseconds(1000));
  context_.set_memory_load(7.0);
  EXPECT_EQ(context_.timeout(), milliseconds(1000));
  context_.set_memory_load(-1.0);
  EXPECT_EQ(context_.timeout(), milliseconds(200));
}

TEST_F(Context, LoadIsTheWorstOfMemoryAndQueue) {
  EXPECT_EQ(context_.load(), 0.0);
  context_.set_memory_load(0.25);
  EXPECT_EQ(context_.load(), 0.25);
  admit(500);  // a third of the operations, half of the bytes
  EXPECT_EQ(context_.load(), 0.5);
  admit(1);
  EXPECT_DOUBLE_EQ(context_.load(), 2.0 / 3.0);
  context_.set_memory_load(0.9);
  EXPECT_EQ(context_.load(), 0.9);
}

TEST_F(Context, RoomNowCallsBackAtOnce) {
  wait_for_room('a');
  EXPECT_EQ(called_, "a");
}

TEST_F(Context, WaitersAreCalledOnceEachInOrderAsPlacesBecomeFree) {
  while (admit()) {
  }
  wait_for_room('a');
  wait_for_room('b');
  wait_for_room('c');
  EXPECT_EQ(called_, "");
  finish_oldest();
  EXPECT_EQ(called_, "a");
  EXPECT_TRUE(admit());
  finish_oldest();
  EXPECT_EQ(called_, "ab");
  finish_oldest();
  EXPECT_EQ(called_, "abc");
  held_.clear();
  EXPECT_EQ(called_, "abc");
}

TEST_F(Context, WhoeverStillWaitsIsCalledWhenNothingIsInFlight) {
  while (admit()) {
  }
  for (char name = 'a'; name <= 'z'; ++name) wait_for_room(name);
  finish_oldest();
  finish_oldest();
  EXPECT_LT(called_.size(), 26u);
  finish_oldest();  // there is nobody left whose completion could wake the others
  EXPECT_EQ(called_, "abcdefghijklmnopqrstuvwxyz");
}

TEST_F(Context, WaiterForManyBytesIsNotCalledForFew) {
  admit(500);
  admit(500);
  wait_for_room('L', {.lines = 1, .bytes = 600});
  EXPECT_EQ(called_, "");
  finish_oldest();
  EXPECT_EQ(called_, "");
  finish_oldest();
  EXPECT_EQ(called_, "L");
}

TEST_F(Context, LaterWaiterDoesNotOvertake) {
  admit(900);
  admit(50);
  wait_for_room('L', {.lines = 1, .bytes = 500});
  wait_for_room('s', {.lines = 1, .bytes = 1});  // would fit, but comes after
  EXPECT_EQ(called_, "");
  finish_oldest();
  EXPECT_EQ(called_, "Ls");
}

TEST_F(Context, NothingIsAdmittedWhileCritical) {
  context_.set_critical(true);
  EXPECT_TRUE(context_.critical());
  EXPECT_FALSE(admit());
  wait_for_room('a');
  EXPECT_EQ(called_, "");
  context_.set_critical(false);
  EXPECT_EQ(called_, "a");
  EXPECT_TRUE(admit());
}

TEST_F(Context, CompletionsWhileCriticalWakeNobody) {
  while (admit()) {
  }
  wait_for_room('a');
  context_.set_critical(true);
  held_.clear();
  EXPECT_EQ(called_, "");
  context_.set_critical(false);
  EXPECT_EQ(called_, "a");
}

TEST_F(Context, StopAnswersStoppingAndWakesAll) {
  while (admit()) {
  }
  wait_for_room('a');
  wait_for_room('b');
  context_.stop_intake();
  EXPECT_EQ(called_, "ab");
  EXPECT_EQ(context_.try_admit({.lines = 1, .bytes = 1}).verdict, Verdict::stopping);
  wait_for_room('c');
  EXPECT_EQ(called_, "abc");
}

TEST_F(Context, StopWhileCriticalWakesToo) {
  context_.set_critical(true);
  wait_for_room('a');
  context_.stop_intake();
  EXPECT_EQ(called_, "a");
}

TEST_F(Context, CallbackMayAdmitAndWaitAgain) {
  while (admit()) {
  }
  int calls = 0;
  std::function<void()> retry = [&] {
    ++calls;
    EXPECT_TRUE(admit());
    if (calls < 2) context_.notify_when_room(retry, {.lines = 1, .bytes = 1});
  };
  context_.notify_when_room(retry, {.lines = 1, .bytes = 1});
  Operation first = std::move(held_.front());
  finish_oldest();
  first.complete();
  EXPECT_EQ(calls, 1);
  first = std::move(held_.front());
  finish_oldest();
  first.complete();
  EXPECT_EQ(calls, 2);
}

TEST_F(Context, DrainOfNothingReturnsAtOnce) {
  const auto left = context_.drain(std::chrono::hours(1));
  EXPECT_EQ(left.operations, 0u);
}

TEST_F(Context, DrainSaysWhatWasLeftAtTheTimeout) {
  admit(100, 7);
  admit(50, 3);
  const auto left = context_.drain(std::chrono::nanoseconds(0));
  EXPECT_EQ(left.operations, 2u);
  EXPECT_EQ(left.lines, 10u);
  EXPECT_EQ(left.bytes, 150u);
}

TEST_F(Context, DrainEndsWhenTheClockPassesTheTimeout) {
  admit(100, 7);
  std::atomic<bool> drained{false};
  std::thread time([&] {
    while (!drained) clock_.advance(kSecond);
  });
  EXPECT_EQ(context_.drain(std::chrono::seconds(5)).operations, 1u);
  drained = true;
  time.join();
}

TEST_F(Context, DrainEndsWhenTheLastOperationCompletes) {
  admit();
  admit();
  context_.stop_intake();
  std::thread worker([&] { held_.clear(); });
  EXPECT_EQ(context_.drain(std::chrono::hours(1)).operations, 0u);
  worker.join();
}

TEST(ContextManager, CanBeDestroyedAsSoonAsDrainReturns) {
  ManualClock clock;
  for (int round = 0; round < 200; ++round) {
    auto context = std::make_unique<ContextManager>(ContextManagerOptions{}, clock);
    Operation operation = context->try_admit({.lines = 1, .bytes = 1}).operation;
    std::thread worker([o = std::move(operation)]() mutable { o.complete(); });
    context->drain(std::chrono::hours(1));
    context.reset();
    worker.join();
  }
}

TEST(ContextManager, ManyThreadsKeepTheBoundsAndEveryWaiterIsCalledOnce) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 3000;
  ManualClock clock;
  ContextManager context({.max_operations = 2, .max_bytes = 1 << 30}, clock);
  std::atomic<int> inside{0};
  std::atomic<int> too_many{0};
  std::atomic<uint64_t> waits{0};
  std::atomic<uint64_t> calls{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kRounds;) {
        Admission admission = context.try_admit({.lines = 1, .bytes = 10});
        if (admission.verdict == Verdict::admitted) {
          if (++inside > 2) ++too_many;
          --inside;
          admission.operation.complete();
          ++done;
          continue;
        }
        auto called = std::make_shared<std::atomic<bool>>(false);
        ++waits;
        context.notify_when_room(
            [&calls, called] {
              ++calls;
              called->store(true);
              called->notify_one();
            },
            {.lines = 1, .bytes = 10});
        called->wait(false);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(too_many, 0);
  EXPECT_EQ(calls.load(), waits.load());
  const auto stats = context.stats();
  EXPECT_EQ(stats.completed, uint64_t{kThreads} * kRounds);
  EXPECT_EQ(stats.operations, 0u);
  EXPECT_EQ(stats.bytes, 0u);
  EXPECT_LE(stats.peak_operations, 2u);
}

}  // namespace
}  // namespace sluice
