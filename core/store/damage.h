// Damage: a stretch of a store's file that can't be read, told to a person. Reading goes on behind it.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

struct Damage {
  std::string path;
  uint64_t offset = 0;
  uint64_t length = 0;  // bytes skipped
  std::string what;     // without path and offset: "block's checksum is wrong"
};

// "DIR/0000000001.seg: 1234 bytes at 5678: block's checksum is wrong"
std::string to_text(const Damage& damage);

}  // namespace sluice
