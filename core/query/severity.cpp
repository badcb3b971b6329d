#include "core/query/severity.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "core/base/ascii.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 8> kNames{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

// What other tools and older manuals call them.
constexpr std::array<std::pair<std::string_view, uint8_t>, 6> kOtherNames{
    {{"panic", 0}, {"emergency", 0}, {"critical", 2}, {"error", 3}, {"warn", 4}, {"informational", 6}}};

std::optional<uint8_t> find_severity(std::string_view text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7') return static_cast<uint8_t>(text[0] - '0');
  for (uint8_t i = 0; i < kNames.size(); ++i) {
    if (ascii::equal_ignoring_case(text, kNames[i])) return i;
  }
  for (const auto& [name, severity] : kOtherNames) {
    if (ascii::equal_ignoring_case(text, name)) return severity;
  }
  return std::nullopt;
}

}  // namespace

std::string_view severity_name(uint8_t severity) { return kNames[severity & 7]; }

Result<uint8_t> parse_severities(std::string_view text) {
  text = ascii::strip(text);
  const size_t dots = text.find("..");
  const bool range = dots != std::string_view::npos;
  const auto first = find_severity(range ? text.substr(0, dots) : text);
  const auto last = range ? find_severity(text.substr(dots + 2)) : first;
  if (!first || !last) {
    return Unexpected(Error{"'" + std::string(text) +
                            "' is not a severity: give a name (emerg alert crit err warning notice info debug), "
                            "a number from 0 to 7, or a range such as err..warning"});
  }
  const unsigned low = range ? std::min(*first, *last) : 0;
  const unsigned high = std::max(*first, *last);
  uint8_t set = 0;
  for (unsigned i = low; i <= high; ++i) set |= static_cast<uint8_t>(1u << i);
  return set;
}

}  // namespace sluice
