// The worked example of core/record/block_format.md: the document's bytes are what the encoder makes, and what a reader
// takes for the line it describes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/parse/parser.h"
#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

std::filesystem::path document() {
  return std::filesystem::path(SLUICE_SOURCE_DIR) / "core" / "record" / "block_format.md";
}

// The bytes between the document's ``` lines: an offset, bytes, then what they mean after three blanks or more.
std::string example_bytes() {
  std::ifstream in(document());
  EXPECT_TRUE(in) << document();
  std::string bytes, line;
  bool inside = false;
  while (std::getline(in, line)) {
    if (line.starts_with("```")) {
      inside = !inside;
      continue;
    }
    if (!inside) continue;
    std::istringstream words(line.substr(0, line.find("   ", 4)));
    size_t offset = 0;
    words >> offset;
    EXPECT_EQ(offset, bytes.size()) << line;
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<char>(std::strtol(word.c_str(), nullptr, 16)));
    }
  }
  return bytes;
}

constexpr std::string_view kLine = "<34>1 2026-01-02T03:04:05Z web-1 sshd 77 - - hi";

class BlockFormat : public RecordTest {};

TEST_F(BlockFormat, TheDocumentsExampleIsWhatTheEncoderMakes) {
  const auto parser = make_parser({.format = FormatChoice::rfc5424});
  Event event;
  ASSERT_EQ(parser->parse(kLine, {}, event), ParseProblem::none);
  begin("tcp", kTestTime + kSecond / 2);
  block_.add(event, 7, interner_.intern("192.0.2.7"));
  EXPECT_EQ(encode(), example_bytes());
}

TEST_F(BlockFormat, TheDocumentsExampleReadsAsItsLine) {
  const BlockReader reader = read(example_bytes());
  ASSERT_EQ(reader.rows(), 1u);
  const StoredRecord r = reader.record(0);
  EXPECT_EQ(raw_of(r), kLine);
  EXPECT_EQ(r.id, 7u);
  EXPECT_EQ(r.received, kTestTime + kSecond / 2);
  EXPECT_EQ(r.listener, "tcp");
  EXPECT_EQ(r.peer, "192.0.2.7");
  EXPECT_EQ(r.proc_id, "77");
  EXPECT_EQ(r.message, "hi");
}

}  // namespace
}  // namespace sluice
