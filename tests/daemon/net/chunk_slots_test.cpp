#include "daemon/net/chunk_slots.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice {
namespace {

constexpr InternId kPeer{1}, kOther{2};

// Each chunk in a slot of its own.
class ChunkSlotsTest : public testing::Test {
 protected:
  static std::string chunk(std::string_view id) { return "\x1e\x0f" + std::string(id) + std::string(2, '\0'); }

  void add(std::string_view id, InternId peer = kPeer, Nanos now = 0) {
    const Slot slot = pool_.acquire(SlotSize::small);
    ASSERT_TRUE(slot);
    mmsghdr& header = headers_[added_++];
    header.msg_len = 12;
    chunks_.add(chunk(id), peer, slot, &header, now);
  }
  bool waits(size_t n) const { return headers_[n].msg_len != 0; }
  uint64_t slots() const { return pool_.stats().levels[0].in_use; }

  BufferPool pool_{{.max_bytes = 1 << 20}};
  ChunkSlots chunks_{3 * kSlotBytes[0]};
  std::array<mmsghdr, 8> headers_{};
  size_t added_ = 0;
};

TEST_F(ChunkSlotsTest, KnowsAChunkByItsFirstBytes) {
  EXPECT_TRUE(ChunkSlots::is_chunk(chunk("abcdefgh")));
  EXPECT_FALSE(ChunkSlots::is_chunk("\x1e\x0f short"));
  EXPECT_FALSE(ChunkSlots::is_chunk("{\"version\":\"1.1\"}"));
}

TEST_F(ChunkSlotsTest, AChunkKeepsItsSlotUntilItsMessageIsDone) {
  add("abcdefgh");
  add("abcdefgh");
  add("ijklmnop");
  EXPECT_EQ(slots(), 3u);
  chunks_.done(chunk("abcdefgh"), kPeer);
  EXPECT_EQ(slots(), 1u);
  EXPECT_FALSE(waits(0));  // a start after a crash must not take it for a chunk that waits
  EXPECT_FALSE(waits(1));
  EXPECT_TRUE(waits(2));
}

TEST_F(ChunkSlotsTest, TheSameIdFromAnotherPeerIsAnotherMessage) {
  add("abcdefgh", kPeer);
  add("abcdefgh", kOther);
  chunks_.done(chunk("abcdefgh"), kOther);
  EXPECT_TRUE(waits(0));
  EXPECT_FALSE(waits(1));
}

TEST_F(ChunkSlotsTest, ChunksThatNobodyAskedForGoWhenTheirMessageWasGivenUp) {
  add("abcdefgh", kPeer, 0);
  add("ijklmnop", kPeer, 5 * kSecond);
  chunks_.expire(7 * kSecond);
  EXPECT_EQ(slots(), 2u);
  chunks_.expire(7 * kSecond + 1);
  EXPECT_EQ(slots(), 1u);
  EXPECT_FALSE(waits(0));
  EXPECT_TRUE(waits(1));
}

TEST_F(ChunkSlotsTest, OverTheLimitTheOldestIsLetGo) {
  for (const char* id : {"aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"}) add(id);
  EXPECT_EQ(slots(), 3u);
  EXPECT_FALSE(waits(0));
  EXPECT_TRUE(waits(1));
  chunks_.done(chunk("bbbbbbbb"), kPeer);  // makes room for one more
  add("eeeeeeee");
  EXPECT_TRUE(waits(2));
  EXPECT_EQ(slots(), 3u);
}

TEST_F(ChunkSlotsTest, SharesASlotWithOthers) {
  Slot slot = pool_.acquire(SlotSize::small);
  headers_[0].msg_len = headers_[1].msg_len = 12;
  chunks_.add(chunk("abcdefgh"), kPeer, slot, &headers_[0], 0);
  chunks_.add(chunk("ijklmnop"), kPeer, slot, &headers_[1], 0);
  slot.reset();
  chunks_.done(chunk("abcdefgh"), kPeer);
  EXPECT_EQ(slots(), 1u);
  chunks_.done(chunk("ijklmnop"), kPeer);
  EXPECT_EQ(slots(), 0u);
}

TEST_F(ChunkSlotsTest, LeavesAllToTheNextProcess) {
  add("abcdefgh");
  chunks_.leave_all();
  EXPECT_TRUE(waits(0));
  chunks_.expire(100 * kSecond);
  EXPECT_TRUE(waits(0));
}

}  // namespace
}  // namespace sluice
