// TextColumn: the texts of one field, one a row, as one run of bytes for the compressor.
//
// A text ends with a byte that occurs in none of them, so that no lengths are needed: after grouping, the end of a text
// is as predictable as the rest of it, and lengths of their own would cost 0.3 bytes a line more. '\n' is tried first.
// Only where all 256 values occur, the lengths are written before the texts.
//
//   TextColumnWriter writer('\n');
//   writer.begin(rows, bytes);
//   writer.add(text);  ...                        // `rows` of them, `bytes` in all
//   std::string_view raw = writer.finish();       // valid until begin()
//
//   TextColumn column;
//   if (!column.parse(std::move(raw), rows)) ...  // damaged
//   column[row]
//
// Threads: one thread each. Memory: a writer keeps its room; a parsed column costs its bytes and 4 a row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/record/buffer.h"
#include "core/record/column.h"

namespace sluice {

class TextColumnWriter {
 public:
  explicit TextColumnWriter(char preferred_end) : preferred_end_(preferred_end) {}

  void begin(size_t rows, size_t bytes);
  // REQUIRES: no more than begin() announced; kTextSlack readable bytes behind the text
  void add(std::string_view text) {
    to_ = put_text_with_slack(to_, text.data(), text.size());
    *to_++ = preferred_end_;
    *length_++ = static_cast<uint32_t>(text.size());
  }
  std::string_view finish(Compressor& compressor, IntegerScratch& scratch);

  size_t bytes() const { return raw_.capacity() + rewritten_.capacity() + lengths_.capacity() * sizeof(uint32_t); }
  void release();

 private:
  std::string_view write_lengths(Compressor& compressor, IntegerScratch& scratch);

  char preferred_end_;
  Buffer raw_;
  Buffer rewritten_;
  std::vector<uint32_t> lengths_;
  char* to_ = nullptr;
  uint32_t* length_ = nullptr;
};

class TextColumn {
 public:
  // Every row empty: what a column that is not stored means.
  void clear();
  bool parse(std::string raw, size_t rows, Decompressor& decompressor);
  // What a TemplateColumnReader made, into what give_room() gave.
  struct Room {
    std::string texts;
    std::vector<uint32_t> begins;
  };
  Room give_room() { return {std::move(raw_), std::move(begins_)}; }
  void adopt(Room filled) {
    raw_ = std::move(filled.texts);
    begins_ = std::move(filled.begins);
    end_bytes_ = 1;
  }
  std::string_view operator[](size_t row) const {
    if (begins_.empty()) return {};
    return {raw_.data() + begins_[row], begins_[row + 1] - begins_[row] - end_bytes_};
  }

 private:
  std::string raw_;
  std::vector<uint32_t> begins_;  // rows + 1
  uint32_t end_bytes_ = 0;
};

}  // namespace sluice
