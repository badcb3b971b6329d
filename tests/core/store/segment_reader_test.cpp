#include "core/store/segment_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/store/segment_writer.h"
#include "tests/support/faulty_file_system.h"

namespace sluice {
namespace {

const std::string kPath = "/7.seg";

// A segment of the blocks "block 0", "block 1", ... each of another length.
class SegmentReaderTest : public testing::Test {
 protected:
  SegmentReaderTest() {
    auto writer = SegmentWriter::create(fs_, kPath, {.name = {7, 7, 0}, .file_id = 42});
    writer_ = std::move(*writer);
  }

  static std::string text(size_t i) { return "block " + std::to_string(i) + std::string(i * 7, '.'); }
  void append(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const size_t number = writer_->entries().size();
      ASSERT_TRUE(writer_->append(text(number), {.rows = 1, .first_id = number, .last_id = number}));
    }
  }
  void finish() { ASSERT_TRUE(writer_->finish()); }
  std::string& bytes() { return fs_.bytes(kPath); }
  void flip(size_t offset) { bytes()[offset] = static_cast<char>(bytes()[offset] ^ 0x10); }
  uint64_t offset(size_t block) const { return writer_->entries()[block].offset; }
  uint64_t end(size_t block) const { return writer_->entries()[block].end(); }

  std::unique_ptr<SegmentReader> open() {
    auto segment = SegmentReader::open(fs_, kPath);
    EXPECT_TRUE(segment) << segment.error().message;
    return std::move(*segment);
  }
  // The numbers of the blocks that can be read; the text of each is checked.
  static std::vector<uint64_t> readable(const SegmentReader& segment) {
    std::vector<uint64_t> numbers;
    for (const SegmentEntry& entry : segment.entries()) {
      auto block = segment.read(entry);
      if (!block) continue;
      EXPECT_EQ(*block, text(entry.summary.first_id));
      numbers.push_back(entry.summary.first_id);
    }
    return numbers;
  }
  using Numbers = std::vector<uint64_t>;

  FaultyFileSystem fs_;
  std::unique_ptr<SegmentWriter> writer_;
};

TEST_F(SegmentReaderTest, AFinishedSegmentIsReadThroughItsIndex) {
  append(3);
  finish();
  auto segment = open();
  EXPECT_TRUE(segment->indexed());
  EXPECT_EQ(readable(*segment), (Numbers{0, 1, 2}));
  EXPECT_TRUE(segment->damage().empty());
  EXPECT_EQ(segment->tail(), TailKind::none);
  for (const SegmentEntry& entry : segment->entries()) EXPECT_FALSE(segment->inspect(entry));
}

TEST_F(SegmentReaderTest, ASegmentWithoutIndexIsScanned) {
  append(3);
  auto segment = open();
  EXPECT_FALSE(segment->indexed());
  EXPECT_EQ(readable(*segment), (Numbers{0, 1, 2}));
  EXPECT_TRUE(segment->damage().empty());
  EXPECT_EQ(segment->tail(), TailKind::none);
}

TEST_F(SegmentReaderTest, AnEmptySegmentHasNoBlocks) {
  EXPECT_TRUE(open()->entries().empty());
  finish();
  auto segment = open();
  EXPECT_TRUE(segment->indexed());
  EXPECT_TRUE(segment->entries().empty());
}

TEST_F(SegmentReaderTest, ABlockCutShortAtAnyByteIsATornTail) {
  append(3);
  const std::string whole = bytes();
  for (size_t size = offset(2); size < whole.size(); ++size) {
    bytes() = whole.substr(0, size);
    auto segment = open();
    ASSERT_EQ(readable(*segment), (Numbers{0, 1})) << size;
    ASSERT_TRUE(segment->damage().empty()) << size;
    ASSERT_EQ(segment->tail(), size == offset(2) ? TailKind::none : TailKind::torn) << size;
    ASSERT_EQ(segment->data_end(), offset(2)) << size;
  }
}

TEST_F(SegmentReaderTest, AHeaderCutShortAtAnyByteIsATornTail) {
  const std::string whole = bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    bytes() = whole.substr(0, size);
    auto segment = open();
    ASSERT_FALSE(segment->header()) << size;
    ASSERT_TRUE(segment->damage().empty()) << size;
    ASSERT_EQ(segment->tail(), size == 0 ? TailKind::none : TailKind::torn) << size;
  }
}

TEST_F(SegmentReaderTest, AnIndexCutShortAtAnyByteLosesNothing) {
  append(3);
  const size_t data_end = bytes().size();
  finish();
  const std::string whole = bytes();
  for (size_t size = data_end + 1; size < whole.size(); ++size) {
    bytes() = whole.substr(0, size);
    auto segment = open();
    ASSERT_FALSE(segment->indexed()) << size;
    ASSERT_EQ(readable(*segment), (Numbers{0, 1, 2})) << size;
    ASSERT_TRUE(segment->damage().empty()) << size;
    ASSERT_EQ(segment->tail(), TailKind::torn) << size;
    ASSERT_EQ(segment->data_end(), data_end) << size;
  }
}

TEST_F(SegmentReaderTest, ATailOfZerosIsTheEnd) {
  append(2);
  const std::string whole = bytes();
  for (const size_t zeros : {1u, 15u, 16u, 111u, 112u, 113u, 4096u, 300'000u}) {
    bytes() = whole + std::string(zeros, '\0');
    auto segment = open();
    ASSERT_EQ(readable(*segment), (Numbers{0, 1})) << zeros;
    ASSERT_TRUE(segment->damage().empty()) << zeros;
    ASSERT_EQ(segment->tail(), TailKind::torn) << zeros;
    ASSERT_EQ(segment->data_end(), whole.size()) << zeros;
  }
}

TEST_F(SegmentReaderTest, ALastBlockWhoseEndNeverReachedTheDiskIsATornTail) {
  append(2);
  ASSERT_TRUE(writer_->append(std::string(8192, 'x'), {.rows = 1, .first_id = 2, .last_id = 2}));
  std::fill(bytes().end() - 4096, bytes().end(), '\0');
  for (const size_t more_zeros : {0u, 4096u}) {
    bytes().append(more_zeros, '\0');
    auto segment = open();
    EXPECT_EQ(readable(*segment), (Numbers{0, 1}));
    EXPECT_TRUE(segment->damage().empty());
    EXPECT_EQ(segment->tail(), TailKind::torn);
    EXPECT_EQ(segment->data_end(), offset(2));
  }
}

TEST_F(SegmentReaderTest, AFlippedByteAnywhereInAFinishedSegmentCostsOneBlockAtMostAndIsFound) {
  append(4);
  finish();
  for (size_t at = 0; at < bytes().size(); ++at) {
    flip(at);
    auto segment = open();
    Numbers expected{0, 1, 2, 3};
    for (size_t block = 0; block < 4; ++block) {
      if (at >= offset(block) + BlockEnvelope::kBytes && at < end(block)) std::erase(expected, block);
    }
    ASSERT_EQ(readable(*segment), expected) << at;
    bool found = !segment->damage().empty() || segment->tail() != TailKind::none;
    for (const SegmentEntry& entry : segment->entries()) found |= segment->inspect(entry).has_value();
    ASSERT_TRUE(found) << at;
    flip(at);
  }
}

TEST_F(SegmentReaderTest, AFlippedByteAnywhereInAnUnfinishedSegmentCostsOneBlockAtMostAndIsFound) {
  append(4);
  for (size_t at = 0; at < bytes().size(); ++at) {
    flip(at);
    auto segment = open();
    Numbers expected{0, 1, 2, 3};
    for (size_t block = 0; block < 4; ++block) {
      if (at >= offset(block) && at < end(block)) std::erase(expected, block);
    }
    ASSERT_EQ(readable(*segment), expected) << at;
    ASSERT_TRUE(!segment->damage().empty() || segment->tail() != TailKind::none) << at;
    flip(at);
  }
}

TEST_F(SegmentReaderTest, DamageSaysWhereAndHowMuch) {
  append(4);
  flip(offset(1) + 3);                          // the envelope: its length is not known any more
  flip(offset(2) + BlockEnvelope::kBytes + 1);  // the block's bytes
  auto segment = open();
  EXPECT_EQ(readable(*segment), (Numbers{0, 3}));
  ASSERT_EQ(segment->damage().size(), 2u);
  EXPECT_EQ(segment->damage()[0].offset, offset(1));
  EXPECT_EQ(segment->damage()[0].length, end(1) - offset(1));
  EXPECT_EQ(segment->damage()[1].offset, offset(2));
  EXPECT_EQ(segment->damage()[1].length, end(2) - offset(2));
  EXPECT_EQ(to_text(segment->damage()[1]), kPath + ": " + std::to_string(end(2) - offset(2)) + " bytes at " +
                                               std::to_string(offset(2)) + ": a block's checksum is wrong");
}

TEST_F(SegmentReaderTest, DamageAtTheEndThatWasWholeOnceIsKept) {
  append(3);
  flip(offset(2) + 50);
  auto segment = open();
  EXPECT_EQ(readable(*segment), (Numbers{0, 1}));
  EXPECT_EQ(segment->tail(), TailKind::damaged);
  EXPECT_EQ(segment->tail_damage().offset, offset(2));
  EXPECT_EQ(segment->tail_damage().length, end(2) - offset(2));
}

TEST_F(SegmentReaderTest, WithoutItsHeaderASegmentIsStillRead) {
  append(3);
  for (const bool finished : {false, true}) {
    if (finished) finish();
    flip(20);
    auto segment = open();
    EXPECT_FALSE(segment->header());
    EXPECT_EQ(segment->file_id(), 42u);
    EXPECT_EQ(readable(*segment), (Numbers{0, 1, 2}));
    ASSERT_EQ(segment->damage().size(), 1u);
    EXPECT_EQ(segment->damage()[0].offset, 0u);
    flip(20);
  }
}

TEST_F(SegmentReaderTest, AGapInTheIndexIsDamage) {
  append(3);
  flip(offset(1));
  auto found = open();
  auto resumed = SegmentWriter::resume(fs_, *found);
  ASSERT_TRUE(resumed);
  ASSERT_TRUE((*resumed)->finish());
  auto segment = open();
  EXPECT_TRUE(segment->indexed());
  EXPECT_EQ(readable(*segment), (Numbers{0, 2}));
  ASSERT_EQ(segment->damage().size(), 1u);
  EXPECT_EQ(segment->damage()[0].offset, offset(1));
  EXPECT_EQ(segment->damage()[0].length, end(1) - offset(1));
}

TEST_F(SegmentReaderTest, AWholeSegmentInsideALogLineIsNotTakenForBlocks) {
  FaultyFileSystem other;
  auto forger = SegmentWriter::create(other, kPath, {.name = {7, 7, 0}, .file_id = 43});
  ASSERT_TRUE((*forger)->append("forged", {.rows = 1}));
  ASSERT_TRUE(writer_->append(other.bytes(kPath), {.rows = 1, .first_id = 0, .last_id = 0}));
  flip(SegmentHeader::kBytes);  // so that the search for the next block runs through the forged one
  auto segment = open();
  EXPECT_TRUE(segment->entries().empty());
  EXPECT_EQ(segment->tail(), TailKind::damaged);
}

TEST_F(SegmentReaderTest, TheSearchFindsABlockFarBehindTheDamageWhereverItLies) {
  // Envelopes around the borders of what is read at once.
  for (const size_t garbage :
       {200'000u, (256u << 10) - 3, (256u << 10) - 2, (256u << 10) - 1, 256u << 10, (256u << 10) + 1, 600'000u}) {
    FaultyFileSystem fs;
    auto writer = SegmentWriter::create(fs, kPath, {.name = {7, 7, 0}, .file_id = 42});
    ASSERT_TRUE((*writer)->append(std::string(garbage, 'g'), {}));
    ASSERT_TRUE((*writer)->append(text(1), {.rows = 1, .first_id = 1}));
    fs.bytes(kPath)[SegmentHeader::kBytes + 5] ^= 1;
    auto segment = SegmentReader::open(fs, kPath);
    EXPECT_EQ(readable(**segment), Numbers{1}) << garbage;
  }
}

TEST_F(SegmentReaderTest, ExtendFindsWhatWasAppendedSince) {
  append(2);
  auto segment = open();
  EXPECT_EQ(*segment->extend(), 2u);
  append(2);
  EXPECT_EQ(*segment->extend(), 2u);
  EXPECT_EQ(readable(*segment), (Numbers{0, 1, 2, 3}));
  finish();
  EXPECT_EQ(*segment->extend(), 4u);
  EXPECT_TRUE(segment->indexed());
  EXPECT_EQ(readable(*segment), (Numbers{0, 1, 2, 3}));
  EXPECT_TRUE(segment->damage().empty());
}

TEST_F(SegmentReaderTest, ExtendGivesABlockOnceItIsWhole) {
  append(3);
  const std::string whole = bytes();
  bytes() = whole.substr(0, offset(1));
  auto segment = open();
  for (size_t size = offset(1); size <= whole.size(); ++size) {
    bytes() = whole.substr(0, size);
    ASSERT_TRUE(segment->extend());
    ASSERT_EQ(segment->entries().size(), 1u + (size >= end(1)) + (size >= end(2))) << size;
    ASSERT_TRUE(segment->damage().empty()) << size;
  }
}

TEST_F(SegmentReaderTest, ExtendFollowsAFileFromItsFirstByte) {
  append(1);
  const std::string whole = bytes();
  bytes().clear();
  auto segment = open();
  for (size_t size = 0; size <= whole.size(); ++size) {
    bytes() = whole.substr(0, size);
    ASSERT_TRUE(segment->extend());
    ASSERT_EQ(segment->entries().size(), size == whole.size() ? 1u : 0u);
  }
  EXPECT_EQ(readable(*segment), Numbers{0});
}

TEST_F(SegmentReaderTest, ExtendForgetsABlockThatTheWriterTookBack) {
  append(2);
  auto segment = open();
  ASSERT_TRUE(writer_->take_back());
  append(1);
  ASSERT_TRUE(writer_->append("another", {.rows = 1, .first_id = 9}));
  bytes() = bytes().substr(0, offset(1));
  EXPECT_EQ(*segment->extend(), 1u);
  EXPECT_EQ(segment->entries().size(), 1u);
}

TEST_F(SegmentReaderTest, AReleasedFileIsOpenedAgainToRead) {
  append(2);
  finish();
  auto segment = open();
  segment->release_file();
  EXPECT_EQ(readable(*segment), (Numbers{0, 1}));
  ASSERT_TRUE(fs_.remove(kPath));
  auto gone = segment->read(segment->entries()[0]);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().sys, ENOENT);
}

TEST_F(SegmentReaderTest, AnIndexThatContradictsItselfIsNotBelieved) {
  append(2);
  // Overlapping, descending and beyond the index; each with a right checksum.
  for (const auto& [first, second] : {std::pair{64u, 100u}, {300u, 64u}, {64u, 100'000u}}) {
    std::string forged = bytes().substr(0, end(1));
    std::vector<SegmentEntry> entries = writer_->entries();
    entries[0].offset = first;
    entries[1].offset = second;
    append_index_and_footer(entries, 42, forged.size(), forged);
    fs_.put("/forged", forged);
    auto segment = SegmentReader::open(fs_, "/forged");
    ASSERT_TRUE(segment);
    EXPECT_FALSE((*segment)->indexed());
    EXPECT_EQ(readable(**segment), (Numbers{0, 1}));
    EXPECT_EQ((*segment)->tail(), TailKind::index);
  }
}

}  // namespace
}  // namespace sluice
