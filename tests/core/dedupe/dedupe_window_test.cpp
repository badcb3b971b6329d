#include "core/dedupe/dedupe_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <thread>

namespace sluice {
namespace {

constexpr Nanos kStart = 1'767'323'045 * kSecond;

Hash128 fingerprint(std::string_view text) { return hash128(text, 1); }
Hash128 fingerprint(uint64_t n) { return fingerprint(std::to_string(n)); }

class Dedupe : public testing::Test {
 protected:
  void open(DedupeOptions options) { window_ = std::make_unique<DedupeWindow>(options); }
  // Checks one line as its own batch; gives the first copy's id.
  uint64_t check(std::string_view text, Nanos now) {
    DedupeLine line{.fingerprint = fingerprint(text), .id = ++id_};
    window_->check({&line, 1}, now);
    return line.first_id;
  }
  std::unique_ptr<DedupeWindow> window_ = std::make_unique<DedupeWindow>(DedupeOptions{.max_bytes = 1 << 20});
  uint64_t id_ = 0;
};

TEST_F(Dedupe, SecondCopyPointsToTheFirst) {
  EXPECT_EQ(check("a", kStart), 1u);
  EXPECT_EQ(check("b", kStart), 2u);
  EXPECT_EQ(check("a", kStart + kSecond), 1u);
  EXPECT_EQ(check("a", kStart + 2 * kSecond), 1u);
  EXPECT_EQ(window_->stats().checked, 4u);
  EXPECT_EQ(window_->stats().duplicates, 2u);
}

TEST_F(Dedupe, CopiesWithinOneBatchAreFound) {
  std::vector<DedupeLine> lines;
  for (std::string_view text : {"a", "b", "a", "a", "c", "b"}) {
    lines.push_back({.fingerprint = fingerprint(text), .id = ++id_});
  }
  window_->check(lines, kStart);
  std::vector<uint64_t> firsts;
  for (const DedupeLine& line : lines) firsts.push_back(line.first_id);
  EXPECT_EQ(firsts, (std::vector<uint64_t>{1, 2, 1, 1, 5, 2}));
}

TEST_F(Dedupe, WindowEndsExactlyAfterItsTime) {
  open({.window = 1000, .max_bytes = 1 << 20});
  EXPECT_EQ(check("a", kStart), 1u);
  EXPECT_EQ(check("a", kStart + 999), 1u);
  EXPECT_EQ(check("a", kStart + 1000), 3u);  // counted from the first copy, not from the last
  EXPECT_EQ(check("a", kStart + 1999), 3u);
  EXPECT_EQ(check("a", kStart + 2000), 5u);
}

TEST_F(Dedupe, LongWindowsAreExactToAMicrosecond) {
  for (Nanos window : {30 * kSecond, 3600 * kSecond}) {
    open({.window = window, .max_bytes = 1 << 20});
    const uint64_t first = check("a", kStart);
    const Nanos slack = window / (Nanos{1} << 27) + 1;
    EXPECT_EQ(check("a", kStart + window - slack), first);
    EXPECT_EQ(check("a", kStart + window + slack), id_);
  }
}

TEST_F(Dedupe, OldestGoesFirstWhenMemoryIsShort) {
  open({.max_bytes = 0});
  const uint64_t capacity = window_->stats().capacity;
  for (uint64_t n = 0; n <= capacity; ++n) check(std::to_string(n), kStart + static_cast<Nanos>(n));
  EXPECT_EQ(window_->stats().entries, capacity);
  EXPECT_EQ(window_->stats().effective_window, static_cast<Nanos>(capacity - 1) / 128 * 128);
  EXPECT_EQ(check("1", kStart + 100), 2u);
  EXPECT_EQ(check("0", kStart + 100), id_);
}

TEST_F(Dedupe, LineThatMustBeKeptIsCalledNewWhateverCameBefore) {
  check("a", kStart);
  DedupeLine line{.fingerprint = fingerprint("a"), .id = ++id_, .keep = true};
  window_->check({&line, 1}, kStart + 1);
  EXPECT_EQ(line.first_id, line.id);
  EXPECT_EQ(check("a", kStart + 2), line.id) << "later copies are counted as its repeats";
}

TEST_F(Dedupe, LearnedLinesAreKnownAndNotCounted) {
  const DedupeLine old[] = {{.fingerprint = fingerprint("a"), .id = 1}, {.fingerprint = fingerprint("b"), .id = 2}};
  id_ = 2;
  window_->learn(old, kStart);
  EXPECT_EQ(window_->stats().checked, 0u);
  EXPECT_EQ(check("b", kStart + kSecond), 2u);
  EXPECT_EQ(check("a", kStart + 31 * kSecond), id_) << "the window counts from when they were received";
}

TEST_F(Dedupe, StaysWithinItsBytesAndReleasesThem) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("dedupe");
  for (uint64_t max_bytes : {100'000ull, 1'000'000ull, 32ull << 20}) {
    open({.max_bytes = max_bytes, .account = &account});
    EXPECT_LE(window_->stats().bytes, max_bytes);
    EXPECT_GE(window_->stats().bytes, max_bytes * 9 / 10);
    EXPECT_EQ(account.current(), window_->stats().bytes);
    window_.reset();
    EXPECT_EQ(account.current(), 0u);
  }
}

TEST_F(Dedupe, ClockThatJumpsBackByLessThanTheWindowStillFindsCopies) {
  check("a", kStart);
  EXPECT_EQ(check("a", kStart - 29 * kSecond), 1u);
  EXPECT_EQ(check("a", kStart + 29 * kSecond), 1u);
  EXPECT_EQ(check("a", kStart - 30 * kSecond), id_);
}

TEST_F(Dedupe, ClockThatJumpsFarForgetsAndGoesOn) {
  constexpr Nanos kLast = std::numeric_limits<Nanos>::max();
  constexpr Nanos kFirst = std::numeric_limits<Nanos>::min();
  for (Nanos now : {kStart, kLast, kFirst, Nanos{0}, -100 * kSecond, kFirst, kLast, kStart}) {
    EXPECT_EQ(check("a", now), id_);
    const uint64_t first = id_;
    EXPECT_EQ(check("a", now), first);
  }
}

// A time that differs by a whole turn of the internal clock must not look like the same moment.
TEST_F(Dedupe, TimesThatWrapAroundAreFarApart) {
  for (int shift = 28; shift < 60; ++shift) {
    check("a", kStart);
    EXPECT_EQ(check("a", kStart + (Nanos{1} << shift)) == id_, (Nanos{1} << shift) >= 30 * kSecond) << shift;
    check("filler", kStart + kSecond * 1'000'000'000);
  }
}

struct ModelCase {
  uint32_t bloom_bits;
  uint64_t max_bytes;
  uint64_t distinct;  // texts drawn from
};

class DedupeModel : public testing::TestWithParam<ModelCase> {};

// The filter may say "maybe" as often as it likes: with one bit an entry it nearly always does, and still every line
// gets the answer that an exact table gives.
TEST_P(DedupeModel, AgreesWithAnExactTable) {
  const ModelCase param = GetParam();
  constexpr Nanos kWindow = 5 * kSecond;
  DedupeWindow window({.window = kWindow, .max_bytes = param.max_bytes, .bloom_bits_per_entry = param.bloom_bits});
  std::mt19937_64 random(param.bloom_bits * 1000 + param.distinct);
  struct First {
    uint64_t id;
    Nanos time;
  };
  std::map<uint64_t, First> model;
  uint64_t id = 0;
  uint64_t duplicates = 0;
  Nanos now = kStart;
  std::vector<DedupeLine> batch;
  std::vector<uint64_t> texts;
  for (int round = 0; round < 600; ++round) {
    now += static_cast<Nanos>(random() % (kWindow / 8));
    now -= now % 256;  // whole ticks, so that the model's edge is the window's
    batch.clear();
    texts.clear();
    for (uint64_t i = random() % 300; i > 0; --i) {
      texts.push_back(random() % param.distinct);
      batch.push_back({.fingerprint = fingerprint(texts.back()), .id = ++id});
    }
    window.check(batch, now);
    for (size_t i = 0; i < batch.size(); ++i) {
      auto [it, is_new] = model.try_emplace(texts[i], First{batch[i].id, now});
      if (!is_new && now - it->second.time >= kWindow) it->second = First{batch[i].id, now};
      ASSERT_EQ(batch[i].first_id, it->second.id) << "round " << round << ", line " << i;
      if (batch[i].first_id == batch[i].id) continue;
      ++duplicates;
    }
  }
  EXPECT_EQ(window.stats().duplicates, duplicates);
  EXPECT_GT(duplicates, 0u);
  if (param.bloom_bits == 1) {
    EXPECT_GT(window.stats().false_positives, 1000u);
  }
}

// The smallest window's memory is just above what its lines need, so that the ring turns and the filters rotate many
// times.
INSTANTIATE_TEST_SUITE_P(FiltersOfAllSizes, DedupeModel,
                         testing::Values(ModelCase{1, 300'000, 20'000}, ModelCase{1, 300'000, 1'000'000},
                                         ModelCase{2, 300'000, 20'000}, ModelCase{12, 350'000, 20'000},
                                         ModelCase{12, 350'000, 3'000}, ModelCase{12, 4'000'000, 20'000}));

// With less memory than the window needs, or a clock that jumps, repeats may go unnoticed; but no line is ever
// collapsed onto another text, or onto a copy from outside the window.
TEST(DedupeWindow, NeverCollapsesWronglyWhateverClockAndMemoryDo) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const Nanos window_time = seed % 2 == 0 ? 1000 : 1 << 20;
    DedupeWindow window({.window = window_time, .max_bytes = 0, .bloom_bits_per_entry = 1});
    struct Line {
      uint64_t text;
      Nanos time;
    };
    std::vector<Line> lines(1);  // by id
    uint64_t repeats = 0;
    const auto span = static_cast<uint64_t>(window_time);
    auto now_bits = static_cast<uint64_t>(kStart);  // unsigned, so that time may run over its end
    for (int round = 0; round < 2000; ++round) {
      const uint64_t chance = random() % 10;
      if (chance < 7) now_bits += random() % 100;
      if (chance == 7) now_bits -= random() % span;
      if (chance == 8) now_bits += random() % (4 * span);
      if (chance == 9) now_bits ^= uint64_t{1} << (random() % 64);
      const auto now = static_cast<Nanos>(now_bits);
      std::vector<DedupeLine> batch;
      for (uint64_t i = random() % 20; i > 0; --i) {
        lines.push_back({random() % 40, now});
        batch.push_back({.fingerprint = fingerprint(lines.back().text), .id = lines.size() - 1});
      }
      window.check(batch, now);
      for (const DedupeLine& line : batch) {
        if (line.first_id == line.id) continue;
        ++repeats;
        const Line& first = lines[line.first_id];
        ASSERT_LT(line.first_id, line.id);
        ASSERT_EQ(first.text, lines[line.id].text) << "seed " << seed;
        const uint64_t apart = first.time < now ? static_cast<uint64_t>(now) - static_cast<uint64_t>(first.time)
                                                : static_cast<uint64_t>(first.time) - static_cast<uint64_t>(now);
        ASSERT_LT(apart, span) << "seed " << seed;
      }
    }
    EXPECT_GT(repeats, 0u);
  }
}

TEST(DedupeWindow, ThreadsTogetherStoreEachLineOnce) {
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kTexts = 10000;
  DedupeWindow window({.max_bytes = 16 << 20});
  std::atomic<uint64_t> fresh{0};
  std::atomic<uint64_t> next_id{1};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      std::vector<DedupeLine> batch;
      for (uint64_t n = 0; n < kTexts; ++n) {
        batch.push_back({.fingerprint = fingerprint(n), .id = next_id++});
        if (batch.size() < 100) continue;
        window.check(batch, kStart);
        for (const DedupeLine& line : batch) fresh += line.first_id == line.id;
        batch.clear();
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_LE(window.stats().entries, kTexts);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(fresh, kTexts);
  EXPECT_EQ(window.stats().duplicates, (kThreads - 1) * kTexts);
}

}  // namespace
}  // namespace sluice
