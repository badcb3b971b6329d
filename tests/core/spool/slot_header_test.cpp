#include "core/spool/slot_header.h"

#include "tests/core/spool/spool_fixture.h"

namespace sluice {
namespace {

class SlotHeaderTest : public testing::Test {
 protected:
  SlotHeader& header() { return header_of(slot_); }
  bool described() { return is_described(header(), kTestFileId, slot_.bytes()); }
  bool whole() { return commit_is_whole(header(), slot_.data()); }

  BufferPool pool_{{.max_bytes = 1 << 20}};
  Slot slot_ = pool_.acquire(SlotSize::small);
};

TEST_F(SlotHeaderTest, SaysWhoFillsTheSlotAndHow) {
  describe_slot(slot_,
                {.file_id = kTestFileId,
                 .source = "syslog-tcp",
                 .peer = "192.0.2.7",
                 .max_frame_bytes = 77,
                 .kind = SlotKind::stream,
                 .acknowledged = true},
                9, 11, "state", {.previous = 8, .bytes = 3});
  EXPECT_TRUE(described());
  EXPECT_EQ(header().source_name(), "syslog-tcp");
  EXPECT_EQ(header().peer_text(), "192.0.2.7");
  EXPECT_EQ(header().sequence, 9u);
  EXPECT_EQ(header().previous, 8u);
  EXPECT_EQ(header().tail_bytes, 3u);
  EXPECT_EQ(header().stream_bytes(), 3u);
  EXPECT_EQ(header().max_frame_bytes, 77u);
  EXPECT_EQ(header().acknowledged, 1);
  EXPECT_EQ(header().received, 11);
  EXPECT_EQ(std::string_view(header().framing, 5), "state");
  EXPECT_EQ(header().first_id, 0u);
}

TEST_F(SlotHeaderTest, LongNamesAreCutToTheirPlaces) {
  describe_slot(slot_, {.file_id = kTestFileId, .source = std::string(200, 's'), .peer = std::string(200, 'p')}, 1, 0,
                std::string(200, 'f'));
  EXPECT_TRUE(described());
  EXPECT_EQ(header().source_name(), std::string(kMaxSourceName, 's'));
  EXPECT_EQ(header().peer_text(), std::string(kMaxPeerText, 'p'));
}

TEST_F(SlotHeaderTest, PlainMemoryDescribesNothing) {
  describe_slot(slot_, {.file_id = 0, .source = "in"}, 1, 0, {});
  EXPECT_EQ(header().mark, 0u);
}

TEST_F(SlotHeaderTest, AnotherFilesSlotIsNotDescribed) {
  fill_stream(slot_, "a line\n");
  EXPECT_TRUE(described());
  EXPECT_FALSE(is_described(header(), kTestFileId + 2, slot_.bytes()));
}

TEST_F(SlotHeaderTest, ASlotThatReachesBeyondTheEndIsNotDescribed) {
  Slot medium = pool_.acquire(SlotSize::medium);
  fill_stream(medium, "a line\n");
  EXPECT_TRUE(is_described(header_of(medium), kTestFileId, medium.bytes()));
  EXPECT_FALSE(is_described(header_of(medium), kTestFileId, medium.bytes() - 1));
}

TEST_F(SlotHeaderTest, EveryFlippedBitOfWhatIsDescribedIsFound) {
  fill_stream(slot_, "a line\n");
  for (size_t bit = 0; bit < (offsetof(SlotHeader, checksum) + 8) * 8; ++bit) {
    char& byte = slot_.header()[bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    EXPECT_FALSE(described()) << "bit " << bit;
    byte = static_cast<char>(byte ^ (1 << bit % 8));
  }
  EXPECT_TRUE(described());
}

TEST_F(SlotHeaderTest, ACommitCoversTheBytesAndWhatMakesLinesOfThem) {
  fill_stream(slot_, "one\ntwo\n", 1, true);
  EXPECT_FALSE(whole()) << "nothing was committed";
  commit_lines(slot_, 41, 2);
  EXPECT_EQ(header().committed, 8u);
  EXPECT_TRUE(whole());
  const auto found = [&](char* at, size_t bytes, const char* what) {
    for (size_t bit = 0; bit < bytes * 8; ++bit) {
      at[bit / 8] = static_cast<char>(at[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(whole()) << what << ", bit " << bit;
      at[bit / 8] = static_cast<char>(at[bit / 8] ^ (1 << bit % 8));
    }
  };
  found(slot_.data(), 8, "bytes");
  found(reinterpret_cast<char*>(&header().first_id), 8, "first_id");
  found(reinterpret_cast<char*>(&header().end_id), 8, "end_id");
  found(reinterpret_cast<char*>(&header().lines), 4, "lines");
  found(reinterpret_cast<char*>(&header().committed), 4, "committed");
  found(reinterpret_cast<char*>(&header().received), 8, "received");
  found(reinterpret_cast<char*>(&header().message.msg_len), 4, "msg_len");
  found(reinterpret_cast<char*>(&header().checksum), 8, "checksum");
  EXPECT_TRUE(whole());
}

TEST_F(SlotHeaderTest, ASlotThatWasFreedIsNotDescribedByWhatItHeld) {
  fill_stream(slot_, "a line\n");
  const SlotHeader* const at = &header();
  slot_.reset();
  slot_ = pool_.acquire(SlotSize::small);
  ASSERT_EQ(&header(), at) << "the slot freed last comes first";
  EXPECT_FALSE(described());
}

}  // namespace
}  // namespace sluice
