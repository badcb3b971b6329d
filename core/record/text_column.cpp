#include "core/record/text_column.h"

#include <array>
#include <cstring>

#include "core/base/coding.h"

namespace sluice {
namespace {

constexpr size_t kPrefixBytes = 2;  // form, end byte

enum TextForm : uint8_t { kEnded = 0, kWithLengths = 1 };

size_t count(std::string_view bytes, char wanted) {
  constexpr size_t kStride = 64;  // a fixed count, so that the compiler uses vectors
  size_t total = 0;
  size_t at = 0;
  for (; at + kStride <= bytes.size(); at += kStride) {
    uint8_t found = 0;
    for (size_t i = 0; i < kStride; ++i) found = static_cast<uint8_t>(found + (bytes[at + i] == wanted));
    total += found;
  }
  for (; at < bytes.size(); ++at) total += bytes[at] == wanted;
  return total;
}

}  // namespace

void TextColumnWriter::begin(size_t rows, size_t bytes) {
  raw_.clear();
  to_ = raw_.room(kPrefixBytes + rows + bytes + kTextSlack);
  *to_++ = kEnded;
  *to_++ = preferred_end_;
  lengths_.resize(rows);
  length_ = lengths_.data();
}

std::string_view TextColumnWriter::finish(Compressor& compressor, IntegerScratch& scratch) {
  raw_.commit(static_cast<size_t>(to_ - raw_.data()));
  char* const texts = raw_.data() + kPrefixBytes;
  const std::string_view written(texts, raw_.size() - kPrefixBytes);
  if (count(written, preferred_end_) == lengths_.size()) return raw_.view();

  std::array<bool, 256> used{};
  size_t at = 0;
  for (const uint32_t length : lengths_) {
    for (size_t i = at; i < at + length; ++i) used[static_cast<uint8_t>(texts[i])] = true;
    at += length + 1;
  }
  // From above: bytes that UTF-8 never has come first.
  size_t end = 255;
  while (used[end] && end > 0) --end;
  if (used[end]) return write_lengths(compressor, scratch);
  at = 0;
  for (const uint32_t length : lengths_) {
    texts[at + length] = static_cast<char>(end);
    at += length + 1;
  }
  raw_.data()[1] = static_cast<char>(end);
  return raw_.view();
}

std::string_view TextColumnWriter::write_lengths(Compressor& compressor, IntegerScratch& scratch) {
  Buffer coded;  // rare enough not to be kept
  append_indices(lengths_, compressor, scratch, coded);
  rewritten_.clear();
  char* to = rewritten_.room(raw_.size() + coded.size() + kMaxVarintBytes);
  char* const from = to;
  *to++ = kWithLengths;
  *to++ = 0;
  to = put_varint(to, coded.size());
  std::memcpy(to, coded.data(), coded.size());
  to += coded.size();
  const char* text = raw_.data() + kPrefixBytes;
  for (const uint32_t length : lengths_) {
    std::memcpy(to, text, length);
    to += length;
    text += length + 1;
  }
  rewritten_.commit(static_cast<size_t>(to - from));
  return rewritten_.view();
}

void TextColumnWriter::release() {
  raw_.release();
  rewritten_.release();
  lengths_ = decltype(lengths_)();
}

void TextColumn::clear() {
  raw_.clear();
  begins_.clear();
}

bool TextColumn::parse(std::string raw, size_t rows, Decompressor& decompressor) {
  clear();
  if (raw.size() < kPrefixBytes || raw.size() > UINT32_MAX) return false;
  raw_ = std::move(raw);
  std::vector<uint32_t> begins(rows + 1);
  if (raw_[0] == kEnded) {
    end_bytes_ = 1;
    size_t at = kPrefixBytes;
    for (size_t row = 0; row < rows; ++row) {
      begins[row] = static_cast<uint32_t>(at);
      const auto* end = static_cast<const char*>(std::memchr(raw_.data() + at, raw_[1], raw_.size() - at));
      if (end == nullptr) return false;
      at = static_cast<size_t>(end - raw_.data()) + 1;
    }
    begins[rows] = static_cast<uint32_t>(at);
  } else if (raw_[0] == kWithLengths) {
    end_bytes_ = 0;
    ByteReader in(raw_);
    in.take(kPrefixBytes);
    const std::string_view coded = in.bytes();
    std::vector<uint32_t> lengths;
    if (!in.ok() || !read_indices(coded, rows, UINT32_MAX, decompressor, lengths)) return false;
    size_t at = raw_.size() - in.left();
    for (size_t row = 0; row < rows; ++row) {
      begins[row] = static_cast<uint32_t>(at);
      if (lengths[row] > raw_.size() - at) return false;
      at += lengths[row];
    }
    begins[rows] = static_cast<uint32_t>(at);
  } else {
    return false;
  }
  if (begins[rows] != raw_.size()) return false;
  begins_ = std::move(begins);
  return true;
}

}  // namespace sluice
