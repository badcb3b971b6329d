#include "core/intern/interner.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

namespace sluice {
namespace {

TEST(Interner, SameTextSameIdAndIdsAreDenseFromOne) {
  Interner interner;
  EXPECT_EQ(interner.intern("web-1"), 1u);
  EXPECT_EQ(interner.intern("web-2"), 2u);
  EXPECT_EQ(interner.intern("web-1"), 1u);
  EXPECT_EQ(interner.text(1), "web-1");
  EXPECT_EQ(interner.text(2), "web-2");
}

TEST(Interner, EmptyTextIsTheIdOfNothing) {
  Interner interner;
  EXPECT_EQ(interner.intern(""), kNotInterned);
  EXPECT_EQ(interner.text(kNotInterned), "");
  EXPECT_EQ(interner.stats().refused, 0u);
}

TEST(Interner, TextMayHoldAnyByte) {
  Interner interner;
  const std::string odd("\0\xff\n\0", 4);
  const InternId id = interner.intern(odd);
  EXPECT_EQ(interner.text(id), odd);
  EXPECT_NE(interner.intern(std::string_view(odd).substr(0, 3)), id);
}

TEST(Interner, KeepsItsOwnCopyAndItNeverMoves) {
  Interner interner;
  std::string text = "first";
  const InternId id = interner.intern(text);
  const std::string_view before = interner.text(id);
  text = "other";
  for (int i = 0; i < 20000; ++i) interner.intern("filler-" + std::to_string(i));
  EXPECT_EQ(interner.text(id), "first");
  EXPECT_EQ(interner.text(id).data(), before.data());
  for (InternId i = 2; i <= 20001; ++i) ASSERT_EQ(interner.text(i), "filler-" + std::to_string(i - 2));
}

TEST(Interner, RefusesTheStringAfterTheLastOne) {
  Interner interner({.max_strings = 3});
  EXPECT_EQ(interner.intern("a"), 1u);
  EXPECT_EQ(interner.intern("b"), 2u);
  EXPECT_EQ(interner.intern("c"), 3u);
  EXPECT_EQ(interner.intern("d"), kNotInterned);
  EXPECT_EQ(interner.intern("b"), 2u);
  EXPECT_EQ(interner.stats().strings, 3u);
  EXPECT_EQ(interner.stats().refused, 1u);
}

TEST(Interner, RefusesTextBeyondItsBytesButKnowsWhatItHas) {
  Interner interner({.max_bytes = 10});
  EXPECT_EQ(interner.intern("123456"), 1u);
  EXPECT_EQ(interner.intern("12345"), kNotInterned);
  EXPECT_EQ(interner.intern("1234"), 2u);
  EXPECT_EQ(interner.intern("x"), kNotInterned);
  EXPECT_EQ(interner.intern("123456"), 1u);
  EXPECT_EQ(interner.stats().bytes, 10u);
}

TEST(Interner, RefusesTextLongerThanTheLongest) {
  Interner interner({.max_length = 8});
  EXPECT_NE(interner.intern(std::string(8, 'x')), kNotInterned);
  EXPECT_EQ(interner.intern(std::string(9, 'x')), kNotInterned);
}

TEST(Interner, TextLargerThanAnArenaChunkIsKept) {
  Interner interner({.max_length = 1 << 20});
  const std::string large(300'000, 'L');
  const InternId small = interner.intern("small");
  EXPECT_EQ(interner.text(interner.intern(large)), large);
  EXPECT_EQ(interner.text(small), "small");
}

TEST(Interner, ChargesItsAccountAndReleasesAll) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("interner");
  {
    Interner interner({.account = &account});
    for (int i = 0; i < 5000; ++i) interner.intern("host-" + std::to_string(i));
    EXPECT_GT(account.current(), interner.stats().bytes + 5000 * 16);
  }
  EXPECT_EQ(account.current(), 0u);
}

TEST(Interner, CountsHitsOfTheSharedTable) {
  Interner interner;
  for (int i = 0; i < 5; ++i) interner.intern("a");
  EXPECT_EQ(interner.stats().hits, 4u);
  EXPECT_EQ(interner.stats().strings, 1u);
  EXPECT_EQ(interner.stats().bytes, 1u);
}

TEST(InternCache, GivesTheSameIdsAsTheInterner) {
  Interner interner;
  InternCache cache(interner, 16);  // far fewer entries than texts: most are overwritten again and again
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) {
      const std::string text = "app-" + std::to_string(i);
      ASSERT_EQ(cache.intern(text), interner.intern(text));
    }
  }
  EXPECT_EQ(interner.stats().strings, 300u);
  EXPECT_EQ(cache.intern(""), kNotInterned);
}

TEST(InternCache, HitAsksNobody) {
  Interner interner;
  InternCache cache(interner);
  const InternId id = cache.intern("sshd");
  EXPECT_EQ(cache.intern("sshd"), id);
  EXPECT_EQ(cache.intern("sshd"), id);
  EXPECT_EQ(cache.hits(), 2u);
  EXPECT_EQ(cache.misses(), 1u);
  EXPECT_EQ(interner.stats().hits, 0u);
}

TEST(InternCache, RefusedTextIsAskedForAgain) {
  Interner interner({.max_strings = 1});
  InternCache cache(interner);
  cache.intern("a");
  EXPECT_EQ(cache.intern("b"), kNotInterned);
  EXPECT_EQ(cache.intern("b"), kNotInterned);
  EXPECT_EQ(interner.stats().refused, 2u);
}

TEST(Interner, ThreadsAgreeOnEveryId) {
  constexpr int kThreads = 4;
  constexpr int kTexts = 5000;
  Interner interner({.max_strings = kTexts});
  std::array<std::vector<InternId>, kThreads> ids;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      InternCache cache(interner, 256);
      for (int i = 0; i < kTexts; ++i) {
        const std::string text = "text-" + std::to_string((i * 7 + t * 1000) % kTexts);
        const InternId id = cache.intern(text);
        if (interner.text(id) != text) ++wrong;
      }
      for (int i = 0; i < kTexts; ++i) ids[t].push_back(cache.intern("text-" + std::to_string(i)));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  for (int t = 1; t < kThreads; ++t) EXPECT_EQ(ids[t], ids[0]);
  const std::set<InternId> distinct(ids[0].begin(), ids[0].end());
  EXPECT_EQ(distinct.size(), size_t{kTexts});
  EXPECT_EQ(*distinct.begin(), 1u);
  EXPECT_EQ(*distinct.rbegin(), InternId{kTexts});
}

}  // namespace
}  // namespace sluice
