// PayloadColumns: the columns of a block that are made of its payloads' texts (payload.h), in grouped order. Structured
// data and messages become templates where they are alike; every other text, and what is not alike, a text column.
// Internal to core/record: a part of the encoder.
//
//   columns.clear();
//   for (each payload) columns.count(head);                  // how much there is
//   columns.gather(arena, payloads);                         // where they lie, in grouped order
//   columns.write(compressor, scratch, body, [&](const PayloadColumns::Written& column) { ... });
//
// Threads: one thread. Memory: keeps its room.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include "core/record/block_header.h"
#include "core/record/payload.h"
#include "core/record/template_column.h"
#include "core/record/text_column.h"

namespace sluice {

class PayloadColumns {
 public:
  static constexpr size_t kColumns = kTextColumns.size();  // hostname and app_name are in the tables

  void clear() { text_bytes_ = {}; }
  void count(const PayloadHead& head) {
    for (size_t i = 0; i < kColumns; ++i) text_bytes_[i] += head.lengths[i];
  }
  // REQUIRES: every payload was counted; kTextSlack readable bytes behind the last; the arena stays until write()
  void gather(const char* arena, std::span<const uint32_t> payloads);

  struct Written {
    ColumnKind kind;
    ColumnCodec codec;
    size_t raw_bytes;
    size_t from;  // in the body, to its end
  };
  // Appends each column that holds anything, and tells of it.
  void write(Compressor& compressor, IntegerScratch& scratch, Buffer& body,
             const std::function<void(const Written&)>& written);

  size_t bytes() const;

 private:
  static constexpr std::array kTemplateColumns{kStructuredDataText, kMessageText};
  TemplateColumnWriter& templates_of(size_t column) { return templates_[column == kMessageText ? 1 : 0]; }
  bool tries_templates(size_t column, size_t rows);
  void give_up_templates(size_t column, size_t rows);

  std::array<size_t, kColumns> text_bytes_{};
  // In a value the length stands before the text, and lengths of 10 are common: '\n' would often fail.
  std::array<TextColumnWriter, kColumns> texts_{TextColumnWriter('\n'), TextColumnWriter('\n'), TextColumnWriter('\n'),
                                                TextColumnWriter('\n'), TextColumnWriter('\xff')};
  std::array<TemplateColumnWriter, kTemplateColumns.size()> templates_;
  std::array<bool, kColumns> as_templates_{};        // in this block
  std::array<unsigned, kColumns> blocks_as_text_{};  // that are still to come
};

}  // namespace sluice
