#include "core/record/template_splitter.h"

#include <algorithm>

#include "core/base/coding.h"
#include "core/record/template_kinds.h"

namespace sluice {
namespace {

constexpr size_t kShortestMixed = 4;  // a shorter word's letters are kept in the template

// Up to eight digits at once: each step joins neighbours. (Daniel Lemire, "Quickly parsing eight digits", 2018.)
uint64_t up_to_eight_digits(const char* from, size_t count) {
  uint64_t v = (load_le<uint64_t>(from) ^ 0x3030303030303030u) << (64 - 8 * count);
  v = (v * 10 + (v >> 8)) & 0x00ff00ff00ff00ffu;
  v = (v * 100 + (v >> 16)) & 0x0000ffff0000ffffu;
  return (v * 10000 + (v >> 32)) & 0xffffffffu;
}

[[gnu::noinline]] uint64_t long_decimal(const char* from, size_t digits) {
  uint64_t v = 0;
  for (size_t step = (digits - 1) % 8 + 1; digits != 0; step = 8) {
    v = v * 100'000'000 + up_to_eight_digits(from, step);
    from += step;
    digits -= step;
  }
  return v;
}

inline uint64_t decimal(const char* from, size_t digits) {
  return digits <= 8 ? up_to_eight_digits(from, digits) : long_decimal(from, digits);
}

struct Hex {
  uint64_t number = 0;
  bool valid = false;
  bool upper = false;
};

// Of digits and letters in one case: only then the same text comes back.
Hex parse_hex(std::string_view text) {
  if (text.empty() || text.size() > kMostHexDigits) return {};
  Hex hex;
  bool lower = false;
  for (const char c : text) {
    const auto digit = static_cast<uint8_t>(c - '0');
    const auto letter = static_cast<uint8_t>((c | 0x20) - 'a');
    if (digit > 9) {
      if (letter > 5) return {};
      (c >= 'a' ? lower : hex.upper) = true;
    }
    hex.number = hex.number << 4 | (digit <= 9 ? digit : letter + 10u);
  }
  hex.valid = !(lower && hex.upper);
  return hex;
}

}  // namespace

// Where the pieces go. Always written to the end of a room that is large enough.
struct TemplateSplitter::Output {
  std::string_view text;
  TemplateVariables& variables;
  char* to;
  char* kind;
  char* number;
  size_t done = 0;  // of the text

  void add(size_t begin, size_t end, uint8_t new_kind, uint64_t new_number) {
    to = put_text_with_slack(to, text.data() + done, begin - done);
    *to++ = kVariableMark;
    *kind++ = static_cast<char>(new_kind);
    std::memcpy(number, &new_number, sizeof new_number);
    number += sizeof new_number;
    done = end;
  }
  void add_string(size_t begin, size_t end) {
    variables.strings.push_back(text.substr(begin, end - begin));
    add(begin, end, kStringKind, variables.strings.size() - 1);
  }
  void add_decimal(size_t begin, size_t end) {
    if (end - begin > kMostDecimalDigits) return add_string(begin, end);
    add(begin, end, static_cast<uint8_t>(end - begin), decimal(text.data() + begin, end - begin));
  }
  bool add_hex(size_t begin, size_t end) {
    const Hex hex = parse_hex(text.substr(begin, end - begin));
    if (!hex.valid) return false;
    add(begin, end, static_cast<uint8_t>((hex.upper ? kUpperHexKind : kLowerHexKind) + (end - begin)), hex.number);
    return true;
  }
};

uint32_t TemplateSplitter::split(std::string_view text, TemplateVariables& variables) {
  const size_t most = text.size() / 2 + 1;  // at most every second byte begins a variable
  template_.clear();
  Output out{text, variables, template_.room(text.size() + 1 + 2 * kTextSlack), variables.kinds.room(most),
             variables.numbers.room(most * sizeof(uint64_t))};
  const char* const kinds = out.kind;
  if (classes_.find(text.data(), text.size())) {
    const size_t runs = classes_.runs();
    for (size_t i = 0; i < runs; ++i) {
      const size_t begin = classes_.run_begin(i);
      const size_t end = classes_.run_end(i);
      if (!classes_.in_word(end) && (begin == 0 || !classes_.in_word(begin - 1))) {
        out.add_decimal(begin, end);
      } else {
        const size_t word_end = classes_.word_end(end - 1);
        const size_t first = i;
        while (i + 1 < runs && classes_.run_begin(i + 1) < word_end) ++i;
        split_word(text, first, i, out);
      }
    }
    out.to = put_text_with_slack(out.to, text.data() + out.done, text.size() - out.done);
  } else {
    out.add_string(0, text.size());
  }
  template_.commit(static_cast<size_t>(out.to - template_.data()));
  const auto added = static_cast<size_t>(out.kind - kinds);
  variables.kinds.commit(added);
  variables.numbers.commit(added * sizeof(uint64_t));
  return static_cast<uint32_t>(added);
}

// A word of letters and digits, with these runs of digits.
void TemplateSplitter::split_word(std::string_view text, size_t first_run, size_t last_run, Output& out) const {
  const size_t begin = classes_.word_begin(classes_.run_begin(first_run));
  const size_t end = classes_.word_end(classes_.run_begin(last_run));
  if (end - begin >= kShortestMixed) {
    if (text[begin] == '0' && text[begin + 1] == 'x' && out.add_hex(begin + 2, end)) return;
    if (out.add_hex(begin, end)) return;
    const bool letters_before = classes_.run_begin(first_run) != begin;
    const bool letters_behind = classes_.run_end(last_run) != end;
    if (last_run != first_run || (letters_before && letters_behind)) return out.add_string(begin, end);
  }
  for (size_t i = first_run; i <= last_run; ++i) out.add_decimal(classes_.run_begin(i), classes_.run_end(i));
}

}  // namespace sluice
