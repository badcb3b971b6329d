#include "core/record/payload_columns.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace sluice {
namespace {

// How far ahead of the copying the next payloads are fetched: grouped order jumps about in the arena.
constexpr size_t kPrefetchRows = 8;
constexpr size_t kPrefetchLines = 3;  // of 64 bytes: a common payload

constexpr size_t kFewestTemplateRows = 64;  // with fewer, the streams' own heads eat what templates gain
// A sender whose texts are all different costs a trial each so many blocks.
constexpr unsigned kBlocksAsText = 15;

// Calls use(column, text) for each payload and each of its texts.
template <class Use>
void each_text(const char* arena, std::span<const uint32_t> payloads, Use use) {
  for (size_t at = 0; at < payloads.size(); ++at) {
    if (at + kPrefetchRows < payloads.size()) {
      const char* ahead = arena + payloads[at + kPrefetchRows];
      for (size_t line = 0; line < kPrefetchLines; ++line) __builtin_prefetch(ahead + 64 * line);
    }
    PayloadHead head;
    std::memcpy(&head, arena + payloads[at], sizeof head);
    const char* text = arena + payloads[at] + sizeof head;
    for (size_t i = 0; i < PayloadColumns::kColumns; ++i) {
      use(i, std::string_view(text, head.lengths[i]));
      text += head.lengths[i];
    }
  }
}

}  // namespace

// In one pass, as long as the texts that are tried as templates are alike.
void PayloadColumns::gather(const char* arena, std::span<const uint32_t> payloads) {
  const size_t rows = payloads.size();
  std::array<bool, kColumns> as_text{};
  for (size_t i = 0; i < kColumns; ++i) {
    as_templates_[i] = text_bytes_[i] != 0 && tries_templates(i, rows);
    as_text[i] = text_bytes_[i] != 0 && !as_templates_[i];
    if (as_templates_[i]) templates_of(i).begin(rows);
    if (as_text[i]) texts_[i].begin(rows, text_bytes_[i]);
  }
  std::array<bool, kColumns> gave_up{};
  each_text(arena, payloads, [&](size_t i, std::string_view text) {
    if (as_text[i]) {
      texts_[i].add(text);
    } else if (as_templates_[i] && !gave_up[i]) {
      gave_up[i] = !templates_of(i).add(text);
    }
  });
  for (const size_t i : kTemplateColumns) {
    gave_up[i] = as_templates_[i] && (gave_up[i] || !templates_of(i).worthwhile());
    if (gave_up[i]) give_up_templates(i, rows);
  }
  if (gave_up == decltype(gave_up){}) return;
  each_text(arena, payloads, [&](size_t i, std::string_view text) {
    if (gave_up[i]) texts_[i].add(text);
  });
}

bool PayloadColumns::tries_templates(size_t column, size_t rows) {
  if (std::find(kTemplateColumns.begin(), kTemplateColumns.end(), column) == kTemplateColumns.end()) return false;
  if (rows < kFewestTemplateRows) return false;
  if (blocks_as_text_[column] == 0) return true;
  --blocks_as_text_[column];
  return false;
}

void PayloadColumns::give_up_templates(size_t column, size_t rows) {
  as_templates_[column] = false;
  blocks_as_text_[column] = kBlocksAsText;
  texts_[column].begin(rows, text_bytes_[column]);
}

void PayloadColumns::write(Compressor& compressor, IntegerScratch& scratch, Buffer& body,
                           const std::function<void(const Written&)>& written) {
  for (size_t i = 0; i < kColumns; ++i) {
    if (text_bytes_[i] == 0) continue;
    const size_t from = body.size();
    if (as_templates_[i]) {
      templates_of(i).finish(compressor, scratch, body);
      written({kTextColumns[i], ColumnCodec::templates, templates_of(i).text_bytes(), from});
    } else {
      const std::string_view raw = texts_[i].finish(compressor, scratch);
      const ColumnCodec codec = compressor.append(raw, Compressor::Kind::text, body);
      written({kTextColumns[i], codec, raw.size(), from});
    }
  }
}

size_t PayloadColumns::bytes() const {
  size_t sum = 0;
  for (const TextColumnWriter& texts : texts_) sum += texts.bytes();
  for (const TemplateColumnWriter& texts : templates_) sum += texts.bytes();
  return sum;
}

}  // namespace sluice
