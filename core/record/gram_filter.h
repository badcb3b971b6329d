// GramFilter: which pieces of text a block's messages hold, in a few kilobytes, so that a search can pass over the block.
// It says "surely not" or "maybe". The bytes are described in block_format.md.
//
//   GramFilterBuilder builder;                       // one for many blocks
//   for (...) builder.add(message);
//   builder.finish(raw_bytes, out);                  // and begins anew
//
//   if (auto filter = GramFilter::parse(column)) filter->may_hold("session 7f3a9b2c", ignores_case)
//
// A gram is five bytes of a word, ASCII letters in lower case. A word is a run of letters, digits, bytes from 0x80 on and
// _ - . : / so that addresses and dates are words. Any piece of a word tells the filter all its grams, whole word or
// not: what is searched for need not stand at a word's border. What has no five such bytes together says nothing.
//
// Cost: about 2 ns a byte to build, so it is not done while lines are received (block_filter.h). Memory: 1 MiB a builder.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Whether U+017F or U+212A stands in the text: RE2 takes them for s and k where case does not matter.
bool holds_odd_letters(std::string_view text);

class GramFilterBuilder {
 public:
  GramFilterBuilder();
  void add(std::string_view text);
  // Appends the filter's bytes, at most a part in 128 of raw_bytes but for the smallest; nothing when no gram was added.
  void finish(uint64_t raw_bytes, std::string& out);

 private:
  std::vector<uint64_t> seen_;  // a bit for each number that a gram can have
  bool odd_letters_ = false;
};

class GramFilter {
 public:
  // None when it is damaged or of a form that this program does not know: then it says nothing. `bytes` is kept as a view.
  static std::optional<GramFilter> parse(std::string_view bytes);
  // False: no text holds `literal`. `ignores_case`: in any case, also where RE2 folds a character outside ASCII to it.
  bool may_hold(std::string_view literal, bool ignores_case) const;

 private:
  std::string_view bits_;
  unsigned bits_log_ = 0;
  unsigned sampling_ = 0;
  bool odd_letters_ = false;
};

}  // namespace sluice
