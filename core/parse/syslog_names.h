// The names of severities and facilities that senders use, as numbers of RFC 5424.
//
//   severity_from_text("WARN");       // 4
//   facility_from_text("local3");     // 19
//
// Any case. Severities: syslog's eight and what logging libraries call theirs (fatal is crit, trace and verbose are
// debug), also by their first letter as glog and Android write them; or a digit from 0 to 7.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

std::optional<uint8_t> severity_from_text(std::string_view text);
std::optional<uint8_t> facility_from_text(std::string_view text);  // also 0 to 23

}  // namespace sluice
