// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

std::string with_commas(uint64_t n);            // 1,234,567
std::string as_bytes(uint64_t bytes);           // 17 B, 1.5 KiB, 310.2 MiB
std::string with_places(double n, int places);  // 14.5

}  // namespace sluice
