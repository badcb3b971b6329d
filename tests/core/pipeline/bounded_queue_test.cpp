#include "core/pipeline/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace sluice {
namespace {

using Queue = BoundedQueue<std::unique_ptr<int>>;
using namespace std::chrono_literals;

std::unique_ptr<int> item(int value) { return std::make_unique<int>(value); }

TEST(BoundedQueue, GivesItemsBackInTheirOrder) {
  Queue queue(3);
  for (int i = 0; i < 3; ++i) {
    auto in = item(i);
    ASSERT_TRUE(queue.try_push(in));
  }
  for (int i = 0; i < 3; ++i) {
    std::unique_ptr<int> out;
    ASSERT_EQ(queue.pop(out, 0ns), Queue::PopResult::item);
    EXPECT_EQ(*out, i);
  }
}

TEST(BoundedQueue, LeavesTheItemWithTheCallerWhenFull) {
  Queue queue(1);
  auto first = item(1);
  auto second = item(2);
  ASSERT_TRUE(queue.try_push(first));
  EXPECT_FALSE(queue.try_push(second));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueue, SaysTimeoutWhenNothingComes) {
  Queue queue(1);
  std::unique_ptr<int> out;
  EXPECT_EQ(queue.pop(out, 1ms), Queue::PopResult::timeout);
  EXPECT_EQ(queue.pop(out, -1ns), Queue::PopResult::timeout);
}

TEST(BoundedQueue, DrainsWhatIsLeftAfterCloseAndThenSaysClosed) {
  Queue queue(2);
  auto in = item(7);
  ASSERT_TRUE(queue.try_push(in));
  queue.close();
  auto late = item(8);
  EXPECT_FALSE(queue.try_push(late));
  EXPECT_FALSE(queue.push(late));
  EXPECT_NE(late, nullptr);
  std::unique_ptr<int> out;
  ASSERT_EQ(queue.pop(out, std::nullopt), Queue::PopResult::item);
  EXPECT_EQ(*out, 7);
  EXPECT_EQ(queue.pop(out, std::nullopt), Queue::PopResult::closed);
}

TEST(BoundedQueue, ClosingWakesWhoWaits) {
  Queue full(1);
  auto in = item(1);
  ASSERT_TRUE(full.try_push(in));
  bool pushed = true;
  std::thread producer([&] {
    auto more = item(2);
    pushed = full.push(more);
  });
  Queue empty(1);
  auto popped = Queue::PopResult::item;
  std::thread consumer([&] {
    std::unique_ptr<int> out;
    popped = empty.pop(out, std::nullopt);
  });
  full.close();
  empty.close();
  producer.join();
  consumer.join();
  EXPECT_FALSE(pushed);
  EXPECT_EQ(popped, Queue::PopResult::closed);
}

TEST(BoundedQueue, LosesAndRepeatsNothingBetweenManyThreads) {
  constexpr int kProducers = 3, kConsumers = 3, kEach = 2000;
  Queue queue(4);
  std::vector<std::atomic<int>> seen(kProducers * kEach);
  std::vector<std::thread> producers, consumers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) {
        auto in = item(p * kEach + i);
        ASSERT_TRUE(queue.push(in));
      }
    });
  }
  for (int c = 0; c < kConsumers; ++c) {
    consumers.emplace_back([&] {
      std::unique_ptr<int> out;
      while (queue.pop(out, std::nullopt) == Queue::PopResult::item) ++seen[static_cast<size_t>(*out)];
    });
  }
  for (auto& thread : producers) thread.join();
  queue.close();
  for (auto& thread : consumers) thread.join();
  for (const auto& count : seen) EXPECT_EQ(count.load(), 1);
}

}  // namespace
}  // namespace sluice
