// Template columns: the texts of one field as templates and their variables (block_format.md, "Templates"). Lines that a
// program writes again and again differ in a few numbers: the rest is stored once a block, and the numbers as numbers,
// those of the same place of the same template together.
//
//   TemplateColumnWriter writer;
//   writer.begin(rows);
//   for (text) {
//     if (!writer.add(text)) ...                   // gives up: each text is another, and a TextColumn is cheaper
//   }
//   if (writer.worthwhile()) writer.finish(compressor, scratch, out);
//
//   TemplateColumnReader reader;                   // one for many columns
//   if (!reader.read({stored, rows, text_bytes}, texts, begins)) ...      // damaged
//   if (!reader.read_wanted({...}, [&](std::string_view t) { return may_be(t); }, texts, begins)) ...
//
// Errors:  the reader gives false for bytes that no writer makes; what it allocates is bounded by `rows` and
//          `text_bytes`, which the caller has checked.
// Threads: one thread each. Memory: a writer keeps its room: some 40 bytes a row and 20 a variable.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/record/buffer.h"
#include "core/record/column.h"
#include "core/record/id_table.h"
#include "core/record/template_kinds.h"
#include "core/record/template_splitter.h"
#include "core/record/text_column.h"

namespace sluice {

inline constexpr size_t kMostVariables = 1 << 22;  // in a column: a reader refuses more, a writer gives up

class TemplateColumnWriter {
 public:
  void begin(size_t rows);
  // False: not worth while, begin anew or leave it. REQUIRES: kTextSlack readable bytes behind the text, which stays
  // valid until finish()
  bool add(std::string_view text);
  bool worthwhile() const;
  // Of all texts, each with the byte that a reader puts behind it.
  uint64_t text_bytes() const { return text_bytes_; }
  // Appends the column's bytes.
  void finish(Compressor& compressor, IntegerScratch& scratch, Buffer& out);

  size_t bytes() const;

 private:
  struct Template {
    uint32_t begin;  // in texts_
    uint32_t variables;
    uint32_t rows = 0;
    uint32_t next = 0;  // where the next row's first variable goes, among all in order
  };
  std::string_view text_of(size_t i) const {
    const size_t end = i + 1 < templates_.size() ? templates_[i + 1].begin : texts_.size();
    return texts_.view().substr(templates_[i].begin, end - templates_[i].begin);
  }

  template <class T>
  using ByBytes = std::array<T, kMostVariableBytes + 1>;

  void order_variables();
  void replace_by_differences(Compressor& compressor, size_t from, Buffer& out);
  void choose_differences();
  void write_texts(Compressor& compressor, IntegerScratch& scratch, Buffer& out);
  void write_numbers(Compressor& compressor, Buffer& out);
  void split_into_planes(const ByBytes<size_t>& count);
  void write_strings(Compressor& compressor, IntegerScratch& scratch, Buffer& out);
  void write_packed(std::string_view raw, Compressor::Kind kind, Compressor& compressor, Buffer& out);

  TemplateSplitter splitter_;
  IdTable ids_of_templates_;
  std::vector<Template> templates_;
  Buffer texts_;  // of the templates
  uint64_t text_bytes_ = 0;
  std::vector<uint32_t> rows_;  // the template of each row

  TemplateVariables variables_;  // as they came
  Buffer kinds_, numbers_;       // the same by template, place in it, and row
  TextColumnWriter string_column_{'\n'};
  Buffer differences_;  // a bit for each place of each template, or nothing
  Buffer numbers_packed_;
  Buffer planes_, packed_;
};

class TemplateColumnReader {
 public:
  struct Column {
    std::string_view stored;
    size_t rows;
    size_t text_bytes;  // REQUIRES: bounded by the caller
  };
  // Whether the texts of a template are wanted.
  using Wanted = std::function<bool(std::string_view template_text)>;

  TemplateColumnReader();
  ~TemplateColumnReader();

  // The rows' texts, each with a newline behind it, one behind the other: begins[row] is where a row's begins in `texts`,
  // begins[rows] where they end. `texts` keeps what room it has and may be longer.
  bool read(const Column& column, std::string& texts, std::vector<uint32_t>& begins);
  // The same, but a text is empty unless its template is wanted or has a variable that is a string. Where that is so of all,
  // nothing but the templates is decoded.
  bool read_wanted(const Column& column, const Wanted& wanted, std::string& texts, std::vector<uint32_t>& begins);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
