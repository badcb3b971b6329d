// nearest(): which known word someone meant who wrote another one. For "did you mean".
//
//   nearest("adress", {"address", "name"})     // "address"
//   nearest("zzz", {"address", "name"})        // "", none is near
//
// Near is: at most a third of the letters differ (one in a word of up to five), where two neighbours swapped count
// as one. Words longer than 64 bytes are near to nothing, so that the work stays small whatever is asked.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sluice {

std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// Insertions, removals, replacements and swaps of neighbours that lead from `a` to `b`.
// REQUIRES: both at most 64 bytes
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace sluice
