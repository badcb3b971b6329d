#include "core/record/template_needle.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/record/byte_classes.h"

namespace sluice {
namespace {

bool is_digit(char c) { return ascii::is_digit(static_cast<unsigned char>(c)); }
bool is_letter(char c) { return ascii::is_alpha(static_cast<unsigned char>(c)); }
bool is_word(char c) { return is_digit(c) || is_letter(c); }

// A letter of no hexadecimal number, nor of the 0x before one. A word that has one is a variable only as a string.
bool is_plain(char c) {
  const char lower = ascii::lower(c);
  return is_letter(c) && lower > 'f' && lower != 'x';
}

bool may_be_variable(std::string_view word, bool whole) {
  if (std::any_of(word.begin(), word.end(), is_digit)) return true;
  return !whole && std::none_of(word.begin(), word.end(), is_plain);
}

}  // namespace

// Words that may be variables cut the literal; between them everything is constant. A word that is cut off by the
// literal's border may go on outside, with digits even: it is not whole.
std::string template_needle(std::string_view literal) {
  std::string_view longest;
  size_t begin = 0;  // of what is constant so far
  const auto end_at = [&](size_t end) {
    const std::string_view piece = literal.substr(begin, end - begin);
    const bool tells = std::any_of(piece.begin(), piece.end(), is_letter);
    if (tells && piece.size() > longest.size()) longest = piece;
  };
  for (size_t at = 0; at < literal.size();) {
    if (literal[at] == kVariableMark) return {};
    size_t end = at + 1;
    if (is_word(literal[at])) {
      while (end < literal.size() && is_word(literal[end])) ++end;
      const bool whole = at != 0 && end != literal.size();
      if (may_be_variable(literal.substr(at, end - at), whole)) {
        end_at(at);
        begin = end;
      }
    }
    at = end;
  }
  end_at(literal.size());
  return std::string(longest);
}

}  // namespace sluice
