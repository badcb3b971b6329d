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

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/parse/civil_time.h"
#include "core/parse/read_time.h"
#include "core/parse/text_scan.h"

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
    if (text.size() < prefix_size_ || !begins_with_prefix(text)) return false;
    if (received < valid_from_ || received >= valid_until_) return false;
    const char* p = text.data() + prefix_size_;
    const char* const end = text.data() + text.size();
    uint32_t nanos = 0;
    unsigned digits = 0;
    if (fraction_ != Fraction::never && p != end && (*p == '.' || *p == ',')) {
      if (*p++ != point_) return false;
      nanos = read_digits(p, end, digits);
      if (digits == 0 || digits > 9) return false;
      p += digits;
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
  bool begins_with_prefix(std::string_view text) const {
    if (text.size() < kMaxPrefix) return std::memcmp(text.data(), prefix_, prefix_size_) == 0;
    uint64_t differs = 0;
    for (uint32_t i = 0; i < kMaxPrefix / 8; ++i) {
      differs |= (load_word(text.data() + 8 * i) ^ load_word(prefix_ + 8 * i)) & mask_[i];
    }
    return differs == 0;
  }

  // The digits at `p` as a number. `digits` becomes their count, or 10 for more than nine.
  static uint32_t read_digits(const char* p, const char* end, unsigned& digits) {
    if (end - p > 8) {
      const uint64_t values = load_word(p) ^ (kOnes * '0');
      const uint64_t others = (values | (values + kOnes * 0x76)) & kHighBits;  // high bit: over 9
      if (others != 0) {
        digits = static_cast<unsigned>(std::countr_zero(others)) >> 3;
        return digits == 0 ? 0 : eight_digits(values << (64 - 8 * digits));
      }
    }
    uint32_t value = 0;
    for (digits = 0; p != end && digits < 10 && is_digit(*p); ++digits) {
      value = value * 10 + static_cast<uint32_t>(*p++ - '0');
    }
    return value;
  }

  // Octets with a digit's value each, the last digit in the highest: pairs, then fours, then all are joined.
  static uint32_t eight_digits(uint64_t values) {
    values = (values * 10 + (values >> 8)) & 0x00ff00ff00ff00ff;
    values = (values * 100 + (values >> 16)) & 0x0000ffff0000ffff;
    return static_cast<uint32_t>(values * 10'000 + (values >> 32));
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
  uint64_t mask_[kMaxPrefix / 8] = {};  // all ones where prefix_ counts
  char suffix_[kMaxSuffix] = {};
};

}  // namespace sluice
