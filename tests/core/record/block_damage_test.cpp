// Blocks whose bytes were damaged or made up: every byte of a block is covered by a checksum, so that what a reader
// shows is what was written, or nothing.
#include <gtest/gtest.h>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/record/block_header.h"
#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

class DamagedBlock : public RecordTest {
 protected:
  // Long enough that columns are compressed, and with every column a block can have.
  DamagedBlock() {
    for (int i = 0; i < 60; ++i) {
      begin(i % 2 ? "tcp" : "udp", kTestTime + i);
      SpannedEvent event;
      event.literal("{").piece(Piece::hostname, i % 3 ? "web-1" : "db-1").piece(Piece::app_name, i % 5 ? "a" : "b");
      event.piece(Piece::proc_id, std::to_string(100 + i))
          .piece(Piece::msg_id, "ID")
          .piece(Piece::structured_data, "[x]");
      event.piece(Piece::message, "a message of some length, number " + std::to_string(i * i));
      event.piece(Piece::value, "value").literal("}");
      Event e = event.event();
      e.time += i * kMillisecond;
      e.severity = i % 8;
      add(e);
    }
    block_.add_repeat({.first_id = 3, .count = 4, .first_time = kTestTime, .last_time = kTestTime + 1});
    whole_ = encode();
    EXPECT_EQ(columns(whole_).size(), 14u);
  }

  static std::vector<ColumnEntry> columns(const std::string& bytes) {
    const auto header = read_block_header(bytes);
    EXPECT_TRUE(header);
    return header->columns;
  }

  // True when everything could be read; then it is what was written.
  bool reads_as_written(std::string bytes) {
    BlockReader reader;
    if (!reader.open(std::move(bytes)) || !reader.load_all()) return false;
    const auto notes = reader.repeats();
    if (!notes) return false;
    EXPECT_EQ(reader.rows(), frames_.size());
    EXPECT_EQ(notes->size(), 1u);
    for (uint32_t row = 0; row < reader.rows(); ++row) EXPECT_EQ(raw_of(reader.record(row)), frames_[row]);
    return true;
  }

  // The block with column `kind` holding `content` and every checksum right: what only a hostile writer makes.
  std::string forge(ColumnKind kind, ColumnCodec codec, std::string_view content, uint32_t raw_bytes,
                    uint32_t rows = UINT32_MAX) {
    auto header = read_block_header(whole_);
    std::string body;
    for (ColumnEntry& column : header->columns) {
      std::string stored = whole_.substr(column.offset, column.stored_bytes);
      if (column.kind == kind) {
        stored = content;
        column.codec = codec;
        column.raw_bytes = raw_bytes;
        column.stored_bytes = static_cast<uint32_t>(stored.size());
        column.checksum = checksum64(stored);
      }
      body += stored;
    }
    if (rows != UINT32_MAX) header->summary.rows = rows;
    std::string bytes;
    append_block_header(*header, bytes);
    return bytes + body;
  }

  std::string whole_;
};

TEST_F(DamagedBlock, TheUndamagedOneReads) { EXPECT_TRUE(reads_as_written(whole_)); }

TEST_F(DamagedBlock, EverySingleFlippedBitIsFound) {
  for (size_t at = 0; at < whole_.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = whole_;
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
      EXPECT_FALSE(reads_as_written(bytes)) << "byte " << at << " bit " << bit;
    }
  }
}

TEST_F(DamagedBlock, EveryTruncationAndEveryTailIsRefusedAtOnce) {
  for (size_t size = 0; size < whole_.size(); ++size) {
    BlockReader reader;
    EXPECT_FALSE(reader.open(whole_.substr(0, size))) << size;
  }
  BlockReader reader;
  EXPECT_FALSE(reader.open(whole_ + '\0'));
}

TEST_F(DamagedBlock, TheErrorNamesTheColumn) {
  for (const ColumnEntry& column : columns(whole_)) {
    std::string bytes = whole_;
    bytes[column.offset] = static_cast<char>(bytes[column.offset] ^ 1);
    BlockReader reader;
    ASSERT_TRUE(reader.open(bytes));
    const auto loaded = reader.load_all();
    const auto notes = reader.repeats();
    const Error error = loaded ? notes.error() : loaded.error();
    EXPECT_EQ(error.message, "block column " + std::string(column_name(column.kind)) + ": bad checksum");
  }
}

TEST_F(DamagedBlock, DamageToATextLeavesTheFiltersReadable) {
  const auto header = read_block_header(whole_);
  std::string bytes = whole_;
  bytes[header->find(ColumnKind::messages)->offset] ^= 1;
  BlockReader reader;
  ASSERT_TRUE(reader.open(bytes));
  EXPECT_TRUE(reader.load_filters());
  EXPECT_FALSE(reader.load_all());
  EXPECT_EQ(reader.record(4).hostname, "web-1");
}

TEST_F(DamagedBlock, HostileColumnsWithRightChecksumsAreRefused) {
  std::string zeros(10, '\0');
  for (const ColumnEntry& column : columns(whole_)) {
    for (const std::string& content : {std::string(), zeros, std::string(1000, '\xff'), std::string(1000, '\1'),
                                       whole_.substr(column.offset, column.stored_bytes / 2)}) {
      for (const ColumnCodec codec : {ColumnCodec::plain, ColumnCodec::zstd, ColumnCodec::integers, ColumnCodec{77}}) {
        const std::string bytes = forge(column.kind, codec, content, static_cast<uint32_t>(content.size()));
        BlockReader reader;
        ASSERT_TRUE(reader.open(bytes));
        if (reader.load_all() && reader.repeats()) {
          std::string out;  // some contents are another writer's truth: they must only be safe to read
          for (uint32_t row = 0; row < reader.rows(); ++row) append_raw(reader.record(row), out);
        }
      }
    }
  }
}

TEST_F(DamagedBlock, DeclaredSizesAreLimitedBeforeAnythingIsAllocated) {
  BlockReader reader;
  EXPECT_FALSE(reader.open(forge(ColumnKind::messages, ColumnCodec::zstd, "x", UINT32_MAX)));
  EXPECT_FALSE(reader.open(forge(ColumnKind::messages, ColumnCodec::zstd, "x", kMaxBlockRawBytes + 1)));
  EXPECT_FALSE(reader.open(forge(ColumnKind::none, ColumnCodec::plain, "", 0, kMaxBlockRows + 1)));
  ASSERT_TRUE(reader.open(forge(ColumnKind::none, ColumnCodec::plain, "", 0, kMaxBlockRows)));
  EXPECT_FALSE(reader.load_all());
}

TEST_F(DamagedBlock, AColumnThatIsMissingIsDamageWhereItCanNotBeLeftOut) {
  for (const ColumnKind kind :
       {ColumnKind::tables, ColumnKind::ids, ColumnKind::times, ColumnKind::received, ColumnKind::layouts}) {
    auto header = read_block_header(whole_);
    std::string body;
    std::vector<ColumnEntry> kept;
    for (const ColumnEntry& column : header->columns) {
      if (column.kind == kind) continue;
      kept.push_back(column);
      body += whole_.substr(column.offset, column.stored_bytes);
    }
    header->columns = kept;
    std::string bytes;
    append_block_header(*header, bytes);
    EXPECT_FALSE(reads_as_written(bytes + body)) << column_name(kind);
  }
}

TEST_F(DamagedBlock, ColumnsOfLaterKindsAreSkippedOnlyWhereTheyAreOptional) {
  for (const auto& [kind, fine] : {std::pair{128, true}, {255, true}, {15, false}, {127, false}}) {
    auto header = read_block_header(whole_);
    const std::string body = whole_.substr(header->bytes()) + "new";
    header->columns.push_back({.kind = static_cast<ColumnKind>(kind),
                               .codec = ColumnCodec{9},
                               .raw_bytes = 3,
                               .stored_bytes = 3,
                               .checksum = checksum64("new")});
    std::string bytes;
    append_block_header(*header, bytes);
    EXPECT_EQ(reads_as_written(bytes + body), fine) << kind;
  }
}

}  // namespace
}  // namespace sluice
