#include "core/query/work_ahead.h"

#include <gtest/gtest.h>

#include <atomic>

namespace sluice {
namespace {

TEST(WorkAhead, GivesEachResultInTheOrderOfTheTaker) {
  for (const unsigned threads : {0u, 1u, 4u}) {
    WorkAhead<size_t> ahead(1000, {.threads = threads, .window = 8}, [](size_t i) { return i * i; });
    for (size_t i = 0; i < 1000; ++i) ASSERT_EQ(ahead.take(i), i * i);
  }
}

TEST(WorkAhead, ResultsMayBeTakenInAnotherOrderOrNotAtAll) {
  WorkAhead<size_t> ahead(100, {.threads = 3, .window = 4}, [](size_t i) { return i + 1; });
  for (size_t i = 100; i > 40; --i) ASSERT_EQ(ahead.take(i - 1), i);
}

TEST(WorkAhead, IsNeverFurtherAheadThanTheWindow) {
  std::atomic<size_t> begun = 0;
  WorkAhead<size_t> ahead(200, {.threads = 4, .window = 5}, [&](size_t i) {
    ++begun;
    return i;
  });
  for (size_t i = 0; i < 200; ++i) {
    ASSERT_EQ(ahead.take(i), i);
    ASSERT_LE(begun, i + 1 + 5);
  }
}

TEST(WorkAhead, IsNotFurtherAheadEitherWhenAnotherOrderIsTaken) {
  std::atomic<size_t> begun = 0;
  WorkAhead<size_t> ahead(200, {.threads = 4, .window = 5}, [&](size_t i) {
    ++begun;
    return i;
  });
  for (size_t taken = 0; taken < 200; ++taken) {
    ASSERT_EQ(ahead.take(199 - taken), 199 - taken);
    ASSERT_LE(begun, taken + 1 + 5);
  }
}

TEST(WorkAhead, WhoTakesLittleCausesNoOtherWork) {
  std::atomic<size_t> begun = 0;
  WorkAhead<size_t> ahead(200, {.threads = 4, .window = 5}, [&](size_t i) {
    ++begun;
    return i;
  });
  EXPECT_EQ(ahead.take(0), 0u);
  EXPECT_EQ(ahead.take(1), 1u);
  EXPECT_EQ(begun, 2u);
}

}  // namespace
}  // namespace sluice
