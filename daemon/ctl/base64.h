// Base64 (RFC 4648, with padding), for octets that JSON can't carry.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

void append_base64(std::string_view octets, std::string& out);

}  // namespace sluice
