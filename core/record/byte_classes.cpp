#include "core/record/byte_classes.h"

#include <algorithm>

#include "core/base/ascii.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluice {
namespace {

struct Masks {
  uint64_t digits = 0, words = 0, marks = 0;
};

// The places of the set bits, `kAtOnce` of them without a branch each. Returns the end of what it wrote; what stands
// behind it is overwritten.
template <size_t kAtOnce>
uint16_t* put_places(uint64_t bits, size_t first, uint16_t* to) {
  uint16_t* const end = to + std::popcount(bits);
  do {
    for (size_t i = 0; i < kAtOnce; ++i) {
      to[i] = static_cast<uint16_t>(first + static_cast<size_t>(std::countr_zero(bits)));
      bits &= bits - 1;
    }
    to += kAtOnce;
  } while (bits != 0);
  return end;
}

}  // namespace

struct ByteClassFinders {
  static constexpr size_t kAtOnce = ByteClasses::kRunsAtOnce;

  // Look: (text + at, bytes of the text from there on) to the masks of up to 64 bytes.
  template <class Look>
  [[gnu::always_inline]] static bool find(ByteClasses& classes, const char* text, size_t size, Look look) {
    uint64_t marks = 0, digit_before = 0;
    uint16_t* begins = classes.begins_.data();
    uint16_t* ends = classes.ends_.data();
    for (size_t at = 0; at <= size; at += 64) {
      const size_t left = size - at;
      const Masks masks = look(text + at, left);
      const uint64_t of_text = left >= 64 ? UINT64_MAX : (uint64_t{1} << left) - 1;
      const uint64_t digits = masks.digits & of_text;
      marks |= masks.marks & of_text;
      classes.digits_[at / 64] = digits;
      classes.words_[at / 64] = masks.words & of_text;
      const uint64_t behind_digit = digits << 1 | digit_before;
      digit_before = digits >> 63;
      begins = put_places<kAtOnce>(digits & ~behind_digit, at, begins);
      ends = put_places<kAtOnce>(~digits & behind_digit, at, ends);
    }
    classes.runs_ = static_cast<size_t>(ends - classes.ends_.data());
    return marks == 0;
  }

  static bool scalar(ByteClasses& classes, const char* text, size_t size) {
    return find(classes, text, size, [](const char* from, size_t left) {
      Masks masks;
      for (size_t i = 0; i < std::min<size_t>(left, 64); ++i) {
        const auto c = static_cast<uint8_t>(from[i]);
        masks.digits |= uint64_t{ascii::is_digit(c)} << i;
        masks.words |= uint64_t{ascii::is_digit(c) || ascii::is_alpha(c)} << i;
        masks.marks |= uint64_t{from[i] == kVariableMark} << i;
      }
      return masks;
    });
  }

#if defined(__x86_64__)
  // These read whole steps, up to the slack behind the text.
  static bool sse2(ByteClasses& classes, const char* text, size_t size) {
    return find(classes, text, size, [](const char* from, size_t left) {
      const auto at_most = [](__m128i x, char limit) {
        return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(limit)), x);
      };
      const auto bits = [](__m128i x) { return uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(x))}; };
      Masks masks;
      for (size_t i = 0; i < 64 && i < left; i += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
        const __m128i digits = at_most(_mm_sub_epi8(v, _mm_set1_epi8('0')), 9);
        const __m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));
        const __m128i letters = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
        masks.digits |= bits(digits) << i;
        masks.words |= bits(_mm_or_si128(digits, letters)) << i;
        masks.marks |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8(kVariableMark))) << i;
      }
      return masks;
    });
  }

  __attribute__((target("avx2,bmi,bmi2,popcnt"))) static bool avx2(ByteClasses& classes, const char* text,
                                                                   size_t size) {
    return find(classes, text, size, [](const char* from, size_t left) __attribute__((target("avx2,bmi,bmi2,popcnt"))) {
      Masks masks;
      for (size_t i = 0; i < 64 && i < left; i += 32) {
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
        const __m256i minus_zero = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
        const __m256i digits = _mm256_cmpeq_epi8(_mm256_min_epu8(minus_zero, _mm256_set1_epi8(9)), minus_zero);
        const __m256i minus_a = _mm256_sub_epi8(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), _mm256_set1_epi8('a'));
        const __m256i letters = _mm256_cmpeq_epi8(_mm256_min_epu8(minus_a, _mm256_set1_epi8(25)), minus_a);
        const __m256i mark = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(kVariableMark));
        masks.digits |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(digits))} << i;
        masks.words |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(digits, letters)))} << i;
        masks.marks |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(mark))} << i;
      }
      return masks;
    });
  }
#endif

  static ByteClasses::Find best() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 ? avx2 : sse2;
#else
    return scalar;
#endif
  }
};

const ByteClasses::Find ByteClasses::kFind = ByteClassFinders::best();

bool ByteClasses::find_scalar(const char* text, size_t size) {
  return size <= kMaxText && ByteClassFinders::scalar(*this, text, size);
}

}  // namespace sluice
