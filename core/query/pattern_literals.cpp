#include "core/query/pattern_literals.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <numeric>

#include "core/base/ascii.h"

namespace sluice {
namespace {

constexpr int kLeastAtom = 3;       // bytes; shorter ones stand nearly everywhere
constexpr size_t kMostAtoms = 64;   // more are not worth working out
constexpr size_t kMostChoices = 8;  // of any_of: each is a pass over the text

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

// The longest first: they are the rarest.
void sort_by_length(std::vector<std::string>& literals) {
  std::stable_sort(literals.begin(), literals.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

// A pattern in which no character means anything but itself.
PatternLiterals of_plain_text(const std::string& text, bool ignores_case) {
  PatternLiterals literals{.folded = ignores_case};
  if (!ignores_case || is_ascii(text)) {
    literals.all_of = {text};
    literals.exact = true;
  } else {
    // What folds outside ASCII is left to the expression.
    for (size_t at = 0; at < text.size();) {
      size_t end = at;
      while (end < text.size() && static_cast<unsigned char>(text[end]) < 0x80) ++end;
      if (end - at >= kLeastAtom) literals.all_of.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    sort_by_length(literals.all_of);
  }
  if (ignores_case) {
    for (std::string& literal : literals.all_of) {
      for (char& c : literal) c = ascii::lower(c);
    }
  }
  return literals;
}

// RE2's prefilter puts what must stand in a text in lower case, and for a character outside ASCII that can be a letter
// inside: such patterns are not worked out. The classes \d, \w, \s, \b and the like are.
bool names_other_characters(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (static_cast<unsigned char>(pattern[i]) >= 0x80) return true;
    if (pattern[i] != '\\') continue;
    ++i;
    if (i == pattern.size() || ascii::is_digit(static_cast<unsigned char>(pattern[i])) || pattern[i] == 'x' ||
        pattern[i] == 'p' || pattern[i] == 'P') {
      return true;
    }
  }
  return false;
}

// Asks RE2's prefilter which of its atoms it can do without.
class Prefilter {
 public:
  Prefilter(const std::string& pattern, PatternReading reading) : filter_(kLeastAtom) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!reading.ignores_case);
    if (reading.latin1) options.set_encoding(re2::RE2::Options::EncodingLatin1);
    int id = 0;
    if (filter_.Add(pattern, options, &id) == re2::RE2::NoError) filter_.Compile(&atoms_);
  }

  std::vector<std::string>& atoms() { return atoms_; }
  // Whether a text can match that holds only these.
  bool may_match(const std::vector<int>& held) const {
    std::vector<int> potential;
    filter_.AllPotentials(held, &potential);
    return !potential.empty();
  }

 private:
  re2::FilteredRE2 filter_;
  std::vector<std::string> atoms_;
};

}  // namespace

PatternLiterals literals_of(const std::string& pattern, PatternReading reading) {
  if (pattern.find_first_of("\\.+*?()|[]{}^$") == std::string::npos) {
    return of_plain_text(pattern, reading.ignores_case);
  }
  PatternLiterals literals{.folded = true};
  if (names_other_characters(pattern)) return literals;
  Prefilter prefilter(pattern, reading);
  std::vector<std::string>& atoms = prefilter.atoms();
  const bool usable =
      std::all_of(atoms.begin(), atoms.end(), [](const std::string& a) { return !a.empty() && is_ascii(a); });
  if (atoms.empty() || atoms.size() > kMostAtoms || !usable || prefilter.may_match({})) return literals;
  std::vector<int> all(atoms.size());
  std::iota(all.begin(), all.end(), 0);
  for (size_t i = 0; i < atoms.size(); ++i) {
    std::vector<int> others = all;
    others.erase(others.begin() + static_cast<ptrdiff_t>(i));
    if (!prefilter.may_match(others)) literals.all_of.push_back(atoms[i]);
  }
  if (literals.all_of.empty() && atoms.size() <= kMostChoices) literals.any_of = atoms;
  sort_by_length(literals.all_of);
  return literals;
}

}  // namespace sluice
