// ByteClasses: where a text has digits and letters, a bit a byte, found for many bytes at a time; and its runs of digits.
//
//   ByteClasses classes;
//   if (!classes.find(text, size)) ...              // too long, or holds the byte that stands for a variable
//   for (size_t i = 0; i < classes.runs(); ++i) use(classes.run_begin(i), classes.run_end(i));
//   classes.in_word(at), word_begin(at), word_end(at)       // a word: letters and digits
//
// The bits are found by AVX2 where the processor has it, by SSE2 on other x86-64, and elsewhere by find_scalar(), which
// the tests hold the others against.
//
// Threads: one thread each. Memory: 10 KiB.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice {

// Stands in a template for a variable (block_format.md). Stored: never change.
inline constexpr char kVariableMark = '\x01';

class ByteClasses {
 public:
  static constexpr size_t kMaxText = 4096;

  // REQUIRES: kTextSlack readable bytes behind the text (buffer.h)
  bool find(const char* text, size_t size) { return size <= kMaxText && kFind(*this, text, size); }
  bool find_scalar(const char* text, size_t size);

  // REQUIRES for all below: find() gave true; at <= the text's size, which is in no word
  size_t runs() const { return runs_; }
  size_t run_begin(size_t i) const { return begins_[i]; }
  size_t run_end(size_t i) const { return ends_[i]; }
  bool in_word(size_t at) const { return (words_[at / 64] >> at % 64 & 1) != 0; }
  // Of the word in which `at` is.
  size_t word_begin(size_t at) const;
  size_t word_end(size_t at) const;

 private:
  static constexpr size_t kWords = kMaxText / 64 + 1;  // one bit behind the longest text is there
  static constexpr size_t kMostRuns = kMaxText / 2;
  static constexpr size_t kRunsAtOnce = 4;
  using Bits = std::array<uint64_t, kWords>;
  using Places = std::array<uint16_t, kMostRuns + kRunsAtOnce>;
  using Find = bool (*)(ByteClasses&, const char*, size_t);
  friend struct ByteClassFinders;
  static const Find kFind;

  Bits digits_, words_;  // as far as the text goes
  Places begins_, ends_;
  size_t runs_ = 0;
};

inline size_t ByteClasses::word_begin(size_t at) const {
  size_t i = at / 64;
  uint64_t outside = ~words_[i] & ((uint64_t{2} << at % 64) - 1);
  while (outside == 0) {
    if (i == 0) return 0;
    outside = ~words_[--i];
  }
  return i * 64 + 64 - static_cast<size_t>(std::countl_zero(outside));
}

inline size_t ByteClasses::word_end(size_t at) const {
  size_t i = at / 64;
  uint64_t outside = ~words_[i] >> at % 64 << at % 64;
  while (outside == 0) outside = ~words_[++i];
  return i * 64 + static_cast<size_t>(std::countr_zero(outside));
}

}  // namespace sluice
