// PatternLiterals: what must stand in a text that a regular expression matches. A search for a few bytes is ten times as
// fast as the expression, and passes over nearly all lines.
//
//   const PatternLiterals literals = literals_of("session [0-9a-f]+ (ended|closed)", {.ignores_case = true});
//   literals.all_of        // "session ", among others: each stands in every match
//   literals.any_of        // where nothing stands in all: one of these does
//   literals.exact         // a text matches exactly when all_of[0] stands in it: no need for the expression
//
// Case: with `folded` the literals are in lower case and are to be looked for in either. Two characters outside ASCII fold
// to a letter inside, the long s and the kelvin sign: a text that holds one of them (holds_odd_letters() in gram_filter.h) must be given to
// the expression itself.
//
// It errs on the side of knowing nothing: then both lists are empty, and every text must be looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct PatternLiterals {
  std::vector<std::string> all_of;
  std::vector<std::string> any_of;  // only when all_of is empty
  bool folded = false;
  bool exact = false;

  bool empty() const { return all_of.empty() && any_of.empty(); }
};

struct PatternReading {
  bool ignores_case = false;
  bool latin1 = false;  // each byte is a character
};

// REQUIRES: RE2 accepts the pattern, read like this
PatternLiterals literals_of(const std::string& pattern, PatternReading reading);

}  // namespace sluice
