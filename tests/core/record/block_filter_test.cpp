#include "core/record/block_filter.h"

#include <gtest/gtest.h>

#include "core/record/block_header.h"
#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

class BlockFilterTest : public RecordTest {
 protected:
  std::string filtered(std::string block) {
    const auto added = filterer_.add_filter(block, 3);
    EXPECT_TRUE(added) << added.error().message;
    return block;
  }
  static GramFilter filter_in(const std::string& block) {
    const auto header = read_block_header(block);
    const ColumnEntry* column = header->find(ColumnKind::grams);
    EXPECT_NE(column, nullptr);
    const auto filter = GramFilter::parse(std::string_view(block).substr(column->offset, column->stored_bytes));
    EXPECT_TRUE(filter);
    return *filter;
  }
  BlockFilterer filterer_;
};

TEST_F(BlockFilterTest, TheLinesStayAsTheyWere) {
  begin();
  for (int i = 0; i < 100; ++i) add(raw_event("line number " + std::to_string(i * 7919)));
  const std::string block = filtered(encode());
  const BlockReader reader = read(block);
  ASSERT_EQ(reader.rows(), 100u);
  for (uint32_t row = 0; row < 100; ++row) EXPECT_EQ(raw_of(reader.record(row)), frames_[row]);
  EXPECT_EQ(reader.summary().merge_level, 3u);
  EXPECT_TRUE(filter_in(block).may_hold("number", false));
  EXPECT_FALSE(filter_in(block).may_hold("letter", false));
}

TEST_F(BlockFilterTest, ItKnowsMessagesAsTheyAreShown) {
  begin();
  SpannedEvent event;
  event.literal("{\"m\":\"").piece(Piece::message, "a \\u0073ession").literal("\"}");
  Event escaped = event.event();
  escaped.flags |= kMessageEscaped;
  add(escaped);
  const std::string block = filtered(encode());
  EXPECT_TRUE(filter_in(block).may_hold("session", false));
  EXPECT_FALSE(filter_in(block).may_hold("u0073", false));
}

TEST_F(BlockFilterTest, ItIsAddedOnce) {
  begin();
  add(raw_event("some message"));
  const std::string once = filtered(encode());
  EXPECT_EQ(filtered(once), once);
}

TEST_F(BlockFilterTest, WithoutWordsThereIsNone) {
  begin();
  add(raw_event("a b c"));
  const std::string block = filtered(encode());
  EXPECT_EQ(read_block_header(block)->find(ColumnKind::grams), nullptr);
  EXPECT_EQ(read(block).summary().merge_level, 3u);
}

TEST_F(BlockFilterTest, OfADamagedBlockThereIsNone) {
  begin();
  for (int i = 0; i < 100; ++i) add(raw_event("line number " + std::to_string(i * 7919)));
  std::string block = encode();
  block[block.size() - 10] = static_cast<char>(block[block.size() - 10] ^ 1);
  const std::string before = block;
  EXPECT_FALSE(filterer_.add_filter(block, 3));
  EXPECT_EQ(block, before);
}

}  // namespace
}  // namespace sluice
