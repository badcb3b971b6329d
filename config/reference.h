// The key reference, made from the schema: as text for `sluiced --help-config`, as Markdown for the README.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

std::string reference_text();
std::string reference_markdown();

// The README holds the Markdown between these two lines; tests/config/reference_test.cpp compares, and writes it
// anew when SLUICE_UPDATE_README=1.
inline constexpr std::string_view kReferenceBegin = "<!-- key reference: generated from config/schema.cpp, begin -->\n";
inline constexpr std::string_view kReferenceEnd = "<!-- key reference: end -->\n";

}  // namespace sluice
