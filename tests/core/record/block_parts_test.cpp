// A reader gives the parts of records that were asked for, in whatever order they are, and for many blocks in turn.
#include <gtest/gtest.h>

#include "core/base/hash.h"
#include "core/record/block_header.h"
#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

class BlockPartsTest : public RecordTest {
 protected:
  void add_lines(int count, std::string_view app = "app") {
    for (int i = 0; i < count; ++i) {
      begin(i % 2 ? "tcp" : "udp", kTestTime + i);
      SpannedEvent event;
      event.piece(Piece::hostname, i % 3 ? "web-1" : "db-1").literal(" ").piece(Piece::app_name, app).literal(" ");
      event.piece(Piece::proc_id, std::to_string(i)).literal(" ").piece(Piece::message, "message " + std::to_string(i));
      Event e = event.event();
      e.severity = static_cast<uint8_t>(i % 8);
      add(e);
    }
  }
};

TEST_F(BlockPartsTest, OnlyWhatWasAskedForIsThere) {
  add_lines(20);
  BlockReader reader;
  ASSERT_TRUE(reader.open(encode()));
  ASSERT_TRUE(reader.load(kMessagePart));
  StoredRecord record = reader.record(7);
  EXPECT_EQ(record.message, "message 7");
  EXPECT_EQ(record.hostname, "web-1");
  EXPECT_EQ(record.proc_id, "");
  EXPECT_EQ(record.id, 0u);
  ASSERT_TRUE(reader.load(kProcIdPart | kIdPart));
  record = reader.record(7);
  EXPECT_EQ(record.proc_id, "7");
  EXPECT_EQ(record.id, 8u);
  ASSERT_TRUE(reader.load_all());
  for (uint32_t row = 0; row < reader.rows(); ++row) EXPECT_EQ(raw_of(reader.record(row)), frames_[row]);
}

// Few messages are stored as text, many as templates.
class BlockMessagesTest : public BlockPartsTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Rows, BlockMessagesTest, testing::Values(20, 500));

TEST_P(BlockMessagesTest, AsOneRunHoldEachMessage) {
  add_lines(GetParam());
  BlockReader reader;
  ASSERT_TRUE(reader.open(encode()));
  const auto before = reader.message_bytes();
  ASSERT_TRUE(before);
  EXPECT_NE(before->find("message 13"), std::string_view::npos);
  ASSERT_TRUE(reader.load(kMessagePart));
  const auto after = reader.message_bytes();
  ASSERT_TRUE(after);
  for (uint32_t row = 0; row < reader.rows(); ++row) {
    const std::string_view message = reader.message_at(reader.place_of(row));
    EXPECT_EQ(message, "message " + std::to_string(row));
    EXPECT_GE(message.data(), after->data());
    EXPECT_LE(message.data() + message.size(), after->data() + after->size());
  }
  EXPECT_FALSE(*reader.has_escaped_messages());
}

// As templates where they are alike, and else as text: what comes back is the same.
TEST_F(BlockPartsTest, MessagesAreTemplatesWhereTheyAreAlike) {
  const auto codec = [](const std::string& bytes) {
    return read_block_header(bytes)->find(ColumnKind::messages)->codec;
  };
  EXPECT_NE((add_lines(20), codec(encode())), ColumnCodec::templates) << "too few";
  add_lines(500);
  EXPECT_EQ(codec(encode()), ColumnCodec::templates);

  uint64_t noise = 1;
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int k = 0; k < 10; ++k) text += static_cast<char>('a' + (noise = noise * 6364136223846793005u + 1) % 26);
    SpannedEvent event;
    event.piece(Piece::hostname, "web-1").literal(" ").piece(Piece::app_name, "app").literal(" ");
    event.piece(Piece::message, text);
    add(event.event());
  }
  const std::string bytes = encode();
  EXPECT_NE(codec(bytes), ColumnCodec::templates) << "most are different";
  BlockReader reader;
  ASSERT_TRUE(reader.open(bytes));
  ASSERT_TRUE(reader.load_all());
  for (uint32_t row = 0; row < reader.rows(); ++row) ASSERT_EQ(raw_of(reader.record(row)), frames_[row]);
}

TEST_F(BlockPartsTest, ABlockWithoutRowsHasNoMessagesWhateverItsColumnsSay) {
  BlockHeader header;
  header.columns.push_back({.kind = ColumnKind::messages, .codec = ColumnCodec::templates, .checksum = checksum64("")});
  std::string bytes;
  append_block_header(header, bytes);
  BlockReader reader;
  ASSERT_TRUE(reader.open(bytes));
  const auto messages = reader.message_bytes();
  ASSERT_TRUE(messages);
  EXPECT_TRUE(messages->empty());
}

TEST_F(BlockPartsTest, CountsSayHowManyRowsHaveWhat) {
  add_lines(24);
  BlockReader reader;
  ASSERT_TRUE(reader.open(encode()));
  const auto counts = reader.count();
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->hostnames.size(), 2u);
  for (const auto& [name, rows] : counts->hostnames) EXPECT_EQ(rows, name == "db-1" ? 8u : 16u);
  ASSERT_EQ(counts->app_names.size(), 1u);
  EXPECT_EQ(counts->app_names[0].rows, 24u);
  ASSERT_EQ(counts->listeners.size(), 2u);
  EXPECT_EQ(counts->listeners[0].rows, 12u);
  for (const uint64_t rows : counts->severities) EXPECT_EQ(rows, 3u);
}

TEST_F(BlockPartsTest, OneReaderReadsManyBlocks) {
  add_lines(20);
  const std::string first = encode();
  block_.clear();
  frames_.clear();
  begin();
  add(raw_event("alone"));
  const std::string second = encode();
  BlockReader reader;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(reader.open(first));
    ASSERT_TRUE(reader.load_all());
    EXPECT_EQ(reader.record(3).message, "message 3");
    ASSERT_TRUE(reader.open(second));
    ASSERT_TRUE(reader.load_all());
    EXPECT_EQ(reader.record(0).message, "alone");
    EXPECT_EQ(reader.record(0).proc_id, "");
    ASSERT_TRUE(reader.open(first));
    EXPECT_NE(reader.message_bytes()->find("message 3"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace sluice
