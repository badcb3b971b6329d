#include "core/dedupe/fingerprint_ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace sluice {
namespace {

// Fingerprints that share chains: the chain is chosen by the low bits of `high`.
Hash128 key(uint64_t n) { return {n, n % 3}; }

TEST(FingerprintRing, FindsWhatWasAppended) {
  FingerprintRing ring(4);
  EXPECT_EQ(ring.find(key(1)), nullptr);
  ring.append(key(1), 100, 7);
  ASSERT_NE(ring.find(key(1)), nullptr);
  EXPECT_EQ(ring.find(key(1))->id, 100u);
  EXPECT_EQ(ring.find(key(1))->tick, 7u);
  EXPECT_EQ(ring.find(key(4)), nullptr);  // same chain, another fingerprint
  EXPECT_EQ(ring.size(), 1u);
}

TEST(FingerprintRing, FindsTheNewestOfEqualOnes) {
  FingerprintRing ring(4);
  ring.append(key(1), 100, 1);
  ring.append(key(1), 200, 2);
  EXPECT_EQ(ring.find(key(1))->id, 200u);
}

TEST(FingerprintRing, FullRingForgetsTheOldest) {
  FingerprintRing ring(3);
  for (uint64_t n = 1; n <= 4; ++n) ring.append(key(n), n, 0);
  EXPECT_EQ(ring.size(), 3u);
  EXPECT_EQ(ring.oldest().id, 2u);
  EXPECT_EQ(ring.find(key(1)), nullptr);
  for (uint64_t n = 2; n <= 4; ++n) EXPECT_EQ(ring.find(key(n))->id, n);
}

TEST(FingerprintRing, CapacityOfOneHoldsTheLast) {
  FingerprintRing ring(1);
  ring.append(key(1), 1, 0);
  ring.append(key(2), 2, 0);
  EXPECT_EQ(ring.find(key(1)), nullptr);
  EXPECT_EQ(ring.find(key(2))->id, 2u);
}

TEST(FingerprintRing, DroppedOnesAreNotFoundAgain) {
  FingerprintRing ring(4);
  for (uint64_t n = 1; n <= 3; ++n) ring.append(key(n), n, 0);
  ring.drop_oldest();
  EXPECT_EQ(ring.find(key(1)), nullptr);
  EXPECT_EQ(ring.oldest().id, 2u);
  ring.drop_all();
  for (uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(ring.find(key(n)), nullptr);
  ring.append(key(9), 9, 0);
  for (uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(ring.find(key(n)), nullptr);
  EXPECT_EQ(ring.find(key(9))->id, 9u);
}

// Against a plain list, over many turns of rings of odd sizes, with chains that all collide.
TEST(FingerprintRing, AgreesWithAListThroughManyTurns) {
  for (size_t capacity : {1, 2, 3, 5, 8, 13, 100}) {
    std::mt19937_64 random(capacity);
    FingerprintRing ring(capacity);
    struct Known {
      uint64_t key, id;
    };
    std::deque<Known> model;  // oldest first
    for (uint64_t id = 1; id <= 5000; ++id) {
      const uint64_t chance = random() % 100;
      if (chance < 20 && !model.empty()) {
        ring.drop_oldest();
        model.pop_front();
      } else if (chance == 99) {
        ring.drop_all();
        model.clear();
      } else {
        const uint64_t n = random() % (2 * capacity + 1);
        ring.append(key(n), id, 0);
        model.push_back({n, id});
        if (model.size() > capacity) model.pop_front();
      }
      ASSERT_EQ(ring.size(), model.size());
      if (!model.empty()) {
        ASSERT_EQ(ring.oldest().id, model.front().id);
      }
      const uint64_t asked = random() % (2 * capacity + 1);
      uint64_t expected = 0;
      for (const Known& known : model) {
        if (known.key == asked) expected = known.id;
      }
      const FingerprintRing::Entry* found = ring.find(key(asked));
      ASSERT_EQ(found != nullptr ? found->id : 0, expected) << "capacity " << capacity << ", step " << id;
    }
  }
}

}  // namespace
}  // namespace sluice
