// The column of collapsed lines: what repeats another line is named, for whoever starts after a crash.
#include <random>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/record/block_header.h"
#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

using Runs = std::vector<CollapsedLines>;

class CollapsedTest : public RecordTest {
 protected:
  CollapsedTest() {
    begin();
    add(raw_event("the first line"));
    block_.add_repeat({.first_id = 1, .count = 1, .first_time = kTestTime, .last_time = kTestTime});
  }
  static Runs collapsed(const std::string& bytes) {
    BlockReader reader;
    EXPECT_TRUE(reader.open(bytes));
    const auto runs = reader.collapsed();
    EXPECT_TRUE(runs);
    return runs ? *runs : Runs{};
  }
  // The block with `content` as its column.
  std::string forge(std::string_view content) {
    const std::string whole = encode();
    auto header = read_block_header(whole);
    const std::string body = whole.substr(header->bytes()) + std::string(content);
    header->columns.push_back({.kind = ColumnKind::collapsed,
                               .codec = ColumnCodec::plain,
                               .raw_bytes = static_cast<uint32_t>(content.size()),
                               .stored_bytes = static_cast<uint32_t>(content.size()),
                               .checksum = checksum64(content)});
    std::string bytes;
    append_block_header(*header, bytes);
    return bytes + body;
  }
};

TEST_F(CollapsedTest, ABlockWithoutTheColumnNamesNone) { EXPECT_TRUE(collapsed(encode()).empty()); }

TEST_F(CollapsedTest, NeighboursThatRepeatTheSameLineAreOneRun) {
  for (const uint64_t id : {2, 3, 4}) block_.add_collapsed(id, 1);
  block_.add_collapsed(5, 9);
  block_.add_collapsed(7, 9);
  block_.add_collapsed({8, 4, 9});
  EXPECT_EQ(collapsed(encode()), (Runs{{2, 3, 1}, {5, 1, 9}, {7, 5, 9}}));
}

TEST_F(CollapsedTest, RunsComeBackInTheirOrderWhateverTheirIdsAre) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    block_.clear();
    begin();
    add(raw_event("a line"));
    Runs runs;
    for (uint64_t n = random() % 300; n > 0; --n) {
      const uint64_t bits = random() % 63;
      runs.push_back({1 + (random() >> bits), 1 + random() % 1000, 1 + (random() >> bits)});
      block_.add_collapsed(runs.back());
    }
    Runs joined;  // neighbours may have become one
    for (const CollapsedLines& run : runs) {
      if (!joined.empty() && joined.back().id + joined.back().count == run.id &&
          joined.back().first_id == run.first_id) {
        joined.back().count += run.count;
      } else {
        joined.push_back(run);
      }
    }
    EXPECT_EQ(collapsed(encode()), joined);
  }
}

TEST_F(CollapsedTest, TheLinesThemselvesReadAsWithoutIt) {
  block_.add_collapsed(2, 1);
  BlockReader reader = read(encode());
  ASSERT_EQ(reader.rows(), 1u);
  EXPECT_EQ(raw_of(reader.record(0)), "the first line");
  EXPECT_EQ(reader.repeats()->size(), 1u);
}

TEST_F(CollapsedTest, TheBlockSaysAboveWhichIdItNamesNone) {
  block_.add_collapsed({40, 3, 1});
  EncodedBlock encoded;
  BlockEncoder().encode(block_, encoded);
  EXPECT_EQ(encoded.end_id, 43u);
  EXPECT_EQ(encoded.summary.last_id, 1u) << "readers look for rows";
}

TEST_F(CollapsedTest, ClearedBlocksForgetThem) {
  block_.add_collapsed(2, 1);
  block_.clear();
  EXPECT_TRUE(block_.empty());
  begin();
  add(raw_event("another"));
  EXPECT_TRUE(collapsed(encode()).empty());
}

TEST_F(CollapsedTest, EveryFlippedBitOfItIsFound) {
  for (uint64_t id = 2; id < 40; id += 2) block_.add_collapsed(id, 1);
  const std::string whole = encode();
  const auto header = read_block_header(whole);
  const ColumnEntry column = header->columns.back();
  ASSERT_EQ(column.kind, ColumnKind::collapsed);
  for (size_t bit = column.offset * 8; bit < (column.offset + column.stored_bytes) * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    BlockReader reader;
    ASSERT_TRUE(reader.open(bytes));
    const auto runs = reader.collapsed();
    ASSERT_FALSE(runs) << bit;
    EXPECT_NE(runs.error().message.find("collapsed"), std::string::npos);
    EXPECT_TRUE(reader.load_all()) << "lines can be read all the same";
  }
}

TEST_F(CollapsedTest, AColumnThatEndsInTheMiddleIsDamage) {
  std::string content;
  append_varint(content, zigzag(5));
  append_varint(content, 1);
  append_varint(content, zigzag(3));
  EXPECT_EQ(collapsed(forge(content)), (Runs{{5, 1, 3}}));
  for (const std::string& spoiled : {content.substr(0, 1), content.substr(0, 2), content + content.substr(0, 2),
                                     std::string(11, '\xff'), content + "\x80"}) {
    BlockReader reader;
    ASSERT_TRUE(reader.open(forge(spoiled)));
    EXPECT_FALSE(reader.collapsed());
  }
}

}  // namespace
}  // namespace sluice
