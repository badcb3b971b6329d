#include "core/store/segment_format.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "core/base/hash.h"
#include "core/store/segment_writer.h"
#include "tests/support/faulty_file_system.h"

namespace sluice {
namespace {

const SegmentHeader kHeader{
    .name = {12, 19, 1}, .file_id = 0x1122334455667788, .created = 1'767'323'045 * kSecond, .next_id = 4711};

BlockSummary some_summary() {
  return {.rows = 2,
          .repeat_notes = 1,
          .repeats = 3,
          .raw_bytes = 200,
          .first_id = 41,
          .last_id = 42,
          .min_time = 1'767'323'040 * kSecond,
          .max_time = 1'767'323'045 * kSecond,
          .min_received = 1'767'323'046 * kSecond,
          .max_received = 1'767'323'047 * kSecond,
          .severities = 0x21,
          .merge_level = 1};
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  std::istringstream in(text);
  for (std::string word; in >> word;) bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
  return bytes;
}

// The hex column of the worked example: each line is "| offset | bytes | meaning |".
std::string example_in_document() {
  std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/core/store/segment_format.md");
  std::string hex, line;
  bool inside = false;
  while (std::getline(in, line)) {
    if (line.starts_with("## ")) inside = line == "## A segment, byte by byte";
    if (!inside || !line.starts_with("| ") || line.find('`') == std::string::npos) continue;
    const size_t begin = line.find('`');
    hex += line.substr(begin + 1, line.find('`', begin + 1) - begin - 1) + " ";
  }
  return from_hex(hex);
}

TEST(SegmentFormat, TheDocumentsExampleIsWhatIsWritten) {
  FaultyFileSystem fs;
  SegmentHeader header = kHeader;
  header.name = {7, 7, 0};
  auto writer = SegmentWriter::create(fs, "/7.seg", header);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append("hello", some_summary()));
  ASSERT_TRUE((*writer)->finish());
  EXPECT_EQ(fs.bytes("/7.seg"), example_in_document());
}

TEST(SegmentFormat, NamesSayWhatASegmentStandsFor) {
  EXPECT_EQ(segment_file_name({12, 12, 0}), "0000000012.seg");
  EXPECT_EQ(segment_file_name({12, 19, 1}), "0000000012-0000000019.m1.seg");
  EXPECT_EQ(segment_file_name({12'000'000'000, 12'000'000'000, 0}), "12000000000.seg");
  for (const SegmentName& name :
       {SegmentName{1, 1, 0}, SegmentName{1, 1, 3}, SegmentName{5, 900, 17}, SegmentName{UINT64_MAX, UINT64_MAX, 0}}) {
    EXPECT_EQ(parse_segment_file_name(segment_file_name(name)), name);
  }
}

TEST(SegmentFormat, OtherFilesAreNotSegments) {
  for (const char* name : {"", ".seg", "12.seg", "00000000012.seg", "0000000012", "0000000012.seg.tmp", "lock",
                           "0000000019-0000000012.m1.seg", "0000000012-0000000019.m0.seg", "0000000012-0000000019.seg",
                           "0000000012.m1.seg", "x0000000012.seg", "-000000012.seg", "99999999999999999999.seg",
                           "0000000012-0000000019.m4294967296.seg"}) {
    EXPECT_FALSE(parse_segment_file_name(name)) << name;
  }
}

TEST(SegmentFormat, AMergeReplacesWhatItsNumbersCover) {
  const SegmentName merged{12, 19, 2};
  EXPECT_TRUE(merged.replaces({12, 12, 0}));
  EXPECT_TRUE(merged.replaces({12, 19, 1}));
  EXPECT_TRUE(merged.replaces({14, 16, 1}));
  EXPECT_FALSE(merged.replaces({11, 12, 1}));
  EXPECT_FALSE(merged.replaces({19, 20, 1}));
  EXPECT_FALSE(merged.replaces({12, 19, 2}));
  EXPECT_FALSE(merged.replaces({12, 12, 3}));
}

TEST(SegmentFormat, AHeaderComesBack) {
  std::string bytes;
  append_segment_header(kHeader, bytes);
  ASSERT_EQ(bytes.size(), SegmentHeader::kBytes);
  const auto header = decode_segment_header(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->name, kHeader.name);
  EXPECT_EQ(header->file_id, kHeader.file_id);
  EXPECT_EQ(header->created, kHeader.created);
  EXPECT_EQ(header->next_id, kHeader.next_id);
}

TEST(SegmentFormat, AnEnvelopeComesBack) {
  std::string bytes;
  append_envelope({.length = 5, .file_id = 9, .checksum = 77, .summary = some_summary()}, bytes);
  ASSERT_EQ(bytes.size(), BlockEnvelope::kBytes);
  const auto envelope = decode_envelope(bytes);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->length, 5u);
  EXPECT_EQ(envelope->file_id, 9u);
  EXPECT_EQ(envelope->checksum, 77u);
  EXPECT_EQ(envelope->summary, some_summary());
}

TEST(SegmentFormat, AnIndexComesBack) {
  const std::vector<SegmentEntry> entries = {{64, 5, 77, some_summary()}, {181, 6, 78, {}}};
  std::string bytes;
  append_index_and_footer(entries, 9, 300, bytes);
  ASSERT_EQ(bytes.size(), kIndexHeadBytes + 2 * SegmentEntry::kBytes + SegmentFooter::kBytes);
  const size_t index_bytes = bytes.size() - SegmentFooter::kBytes;
  const auto footer = decode_footer(std::string_view(bytes).substr(index_bytes));
  ASSERT_TRUE(footer);
  EXPECT_EQ(footer->index_offset, 300u);
  EXPECT_EQ(footer->index_length, index_bytes);
  const std::string_view index = std::string_view(bytes).substr(0, index_bytes);
  EXPECT_EQ(footer->index_checksum, checksum64(index));
  const auto decoded = decode_index(index, 9);
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->size(), 2u);
  EXPECT_EQ((*decoded)[0].offset, 64u);
  EXPECT_EQ((*decoded)[0].length, 5u);
  EXPECT_EQ((*decoded)[0].checksum, 77u);
  EXPECT_EQ((*decoded)[0].summary, some_summary());
  EXPECT_EQ((*decoded)[1].offset, 181u);
  EXPECT_FALSE(decode_index(index, 8)) << "another file's index";
}

TEST(SegmentFormat, NoFlippedBitIsBelieved) {
  std::string header, envelope, index;
  append_segment_header(kHeader, header);
  append_envelope({.length = 5, .file_id = 9, .checksum = 77, .summary = some_summary()}, envelope);
  append_index_and_footer({{64, 5, 77, some_summary()}}, 9, 181, index);
  const std::string footer = index.substr(index.size() - SegmentFooter::kBytes);
  const auto each_flip = [](std::string bytes, auto believed) {
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_FALSE(believed(bytes)) << "bit " << bit;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    }
    EXPECT_TRUE(believed(bytes));
  };
  each_flip(header, [](const std::string& b) { return decode_segment_header(b).has_value(); });
  each_flip(envelope, [](const std::string& b) { return decode_envelope(b).has_value(); });
  each_flip(footer, [](const std::string& b) { return decode_footer(b).has_value(); });
}

TEST(SegmentFormat, OneByteShortOrOverIsNotRead) {
  std::string header, envelope, index;
  append_segment_header(kHeader, header);
  append_envelope({.length = 5, .file_id = 9}, envelope);
  append_index_and_footer({{64, 5, 77, {}}}, 9, 181, index);
  const std::string footer = index.substr(index.size() - SegmentFooter::kBytes);
  index.resize(index.size() - SegmentFooter::kBytes);
  for (const int change : {-1, 1}) {
    const auto sized = [&](std::string bytes) {
      bytes.resize(bytes.size() + static_cast<size_t>(change), '\0');
      return bytes;
    };
    EXPECT_FALSE(decode_segment_header(sized(header)));
    EXPECT_FALSE(decode_envelope(sized(envelope)));
    EXPECT_FALSE(decode_footer(sized(footer)));
    EXPECT_FALSE(decode_index(sized(index), 9));
  }
  EXPECT_TRUE(decode_index(index, 9));
  EXPECT_FALSE(decode_segment_header(""));
  EXPECT_FALSE(decode_envelope(""));
  EXPECT_FALSE(decode_footer(""));
  EXPECT_FALSE(decode_index("", 9));
}

}  // namespace
}  // namespace sluice
