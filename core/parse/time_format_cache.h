// TimeFormatCache: remembers how the last time was read, so that the next one usually costs a comparison and a few
// digits.
//
// Lines that arrive together bear the same second, written in the same format. The cache keeps one entry: the text up
// to the second, what followed the fraction (a zone, say) and the instant they mean. A time that begins and ends with
// the same text differs in its fraction only.
//
//   if (cache.find(text, received, out)) ...          // at the start of `text`; out.length says how far it reached
//   cache.keep({.prefix = ..., .suffix = ..., ...});  // after a time was read the slow way
//
// It never answers other than the slow way would, given what the entry says about itself: fractions are taken only as
// the format takes them, and an entry whose meaning depends on the time of receipt (a guessed year) is good only
// between the times of receipt where the guess stays the same. What may follow a time is the caller's to check.
//
// Threads: one thread. Memory: none beyond its own.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/parse/civil_time.h"
#include "core/parse/read_time.h"

namespace sluice {

enum class Fraction : uint8_t { never, optional, always };

// How a time was read. `out` fields of the same name in ReadTime come from here.
struct TimeReading {
  std::string_view prefix;  // up to the fraction
  std::string_view suffix;  // behind it
  Nanos base = 0;           // the instant, fraction left out
  TimeShape shape;          // `digits` of no account
  uint32_t flags = 0;
  uint32_t rendered_suffix = 0;  // octets of the suffix that render_time() makes
  Fraction fraction = Fraction::optional;
  char point = '.';                                      // before the fraction
  Nanos valid_from = std::numeric_limits<Nanos>::min();  // times of receipt for which this holds
  Nanos valid_until = std::numeric_limits<Nanos>::max();
};

class TimeFormatCache {
 public:
  bool find(std::string_view text, Nanos received, ReadTime& out) const {
    if (text.size() < prefix_size_ || !begins_with_prefix(text.data())) return false;
    if (received < valid_from_ || received >= valid_until_) return false;
    const char* p = text.data() + prefix_size_;
    const char* const end = text.data() + text.size();
    uint32_t nanos = 0;
    unsigned digits = 0;
    if (fraction_ != Fraction::never && p != end && (*p == '.' || *p == ',')) {
      if (*p++ != point_) return false;
      while (p != end && digits < 10 && is_digit(*p)) {
        nanos = nanos * 10 + static_cast<uint32_t>(*p++ - '0');
        ++digits;
      }
      if (digits == 0 || digits > 9) return false;
      nanos *= static_cast<uint32_t>(kFractionUnit[digits]);
    } else if (fraction_ == Fraction::always) {
      return false;
    }
    if (static_cast<size_t>(end - p) < suffix_size_) return false;
    for (uint32_t i = 0; i < suffix_size_; ++i) {
      if (p[i] != suffix_[i]) return false;
    }
    const auto until_fraction = static_cast<uint32_t>(p - text.data());
    out.time = base_ + static_cast<Nanos>(nanos);
    const bool renders = shape_.form != TimeForm::none;
    out.shape = {shape_.form, static_cast<uint8_t>(renders ? digits : 0), shape_.offset_minutes};
    out.flags = flags_;
    out.length = until_fraction + suffix_size_;
    out.rendered = renders ? until_fraction + rendered_suffix_ : 0;
    return true;
  }

  void keep(const TimeReading& reading);
  void forget() { prefix_size_ = kNone; }

 private:
  // 8 to 32 octets: a date and a time to the second in every built-in form ("2026-11-23T10:15:30" has 19).
  static constexpr uint32_t kMinPrefix = 8;
  static constexpr uint32_t kMaxPrefix = 32;
  static constexpr uint32_t kMaxSuffix = 12;
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();  // longer than any text

  // REQUIRES: `text` has prefix_size_ octets
  bool begins_with_prefix(const char* text) const {
    uint64_t differs = 0;
    uint32_t i = 0;
    for (; i + 8 < prefix_size_; i += 8) differs |= word(text + i) ^ word(prefix_ + i);
    const uint32_t last = prefix_size_ - 8;  // may overlap the word before
    return (differs | (word(text + last) ^ word(prefix_ + last))) == 0;
  }
  static uint64_t word(const char* p) {
    uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }

  uint32_t prefix_size_ = kNone;
  uint32_t suffix_size_ = 0;
  Nanos base_ = 0;
  Nanos valid_from_ = 0;
  Nanos valid_until_ = 0;
  TimeShape shape_;
  uint32_t flags_ = 0;
  uint32_t rendered_suffix_ = 0;
  Fraction fraction_ = Fraction::never;
  char point_ = '.';
  char prefix_[kMaxPrefix] = {};
  char suffix_[kMaxSuffix] = {};
};

}  // namespace sluice
