// TemplateSplitter: tells what varies in a text from what does not. The text becomes a template, in which kVariableMark
// stands for each variable, and the variables.
//
//   TemplateSplitter splitter;
//   splitter.split("session 4711 of u17 from 10.0.0.5: id 7f3a9b2c", variables);
//   splitter.text()       // "session \1 of u\1 from \1.\1.\1.\1: id \1"
//   variables             // has 4711, 17, 10, 0, 0, 5 more: decimal; and 7f3a9b2c: hexadecimal
//
// What varies is told by digits alone, so that the same text is always split the same way and nothing needs to be learned:
//
//   * a run of digits is a decimal number;
//   * a word (letters and digits) of at least four characters that mixes both is a hexadecimal number when all of it is
//     (0x stays outside), and a string when digits and letters change more than once;
//   * of other words the letters stay: u17, 20ms.
//
// A text that holds kVariableMark itself, or of more than ByteClasses::kMaxText bytes, is one string.
//
// Threads: one thread each.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/record/buffer.h"
#include "core/record/byte_classes.h"

namespace sluice {

// Variables of many texts, one behind the other.
struct TemplateVariables {
  Buffer kinds;    // a byte each (template_kinds.h)
  Buffer numbers;  // a uint64_t each; of a string its index in strings
  std::vector<std::string_view> strings;

  size_t size() const { return kinds.size(); }
  const uint8_t* kind() const { return reinterpret_cast<const uint8_t*>(kinds.data()); }
  const uint64_t* number() const { return reinterpret_cast<const uint64_t*>(numbers.data()); }
  void clear() {
    kinds.clear();
    numbers.clear();
    strings.clear();
  }
  size_t bytes() const { return kinds.capacity() + numbers.capacity() + strings.capacity() * sizeof(std::string_view); }
};

class TemplateSplitter {
 public:
  // Appends to `variables`, and returns how many. REQUIRES: kTextSlack readable bytes behind the text
  uint32_t split(std::string_view text, TemplateVariables& variables);
  // The template. Valid until split().
  std::string_view text() const { return template_.view(); }

  size_t bytes() const { return sizeof(*this) + template_.capacity(); }

 private:
  struct Output;
  void split_word(std::string_view text, size_t first_run, size_t last_run, Output& out) const;

  ByteClasses classes_;
  Buffer template_;
};

}  // namespace sluice
