// PackedFlags: what a record knows about its line beside its text, in 32 bits.
//
// | bits  | meaning                                                              |
// |-------|----------------------------------------------------------------------|
// | 0-2   | severity                                                             |
// | 3-7   | facility (so that the low byte is the PRI)                           |
// | 8-10  | Format (parse/event.h): 0 raw, 1 rfc3164, 2 rfc5424, 3 json, 4 gelf  |
// | 11    | reserved, 0                                                          |
// | 12-31 | EventFlag (parse/event.h): what was assumed or repaired              |
//
// Stored in blocks: never renumber.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/parse/event.h"

namespace sluice {

class PackedFlags {
 public:
  PackedFlags() = default;
  explicit constexpr PackedFlags(uint32_t bits) : bits_(bits) {}
  static constexpr PackedFlags of(const Event& e) {
    return PackedFlags(static_cast<uint32_t>(e.severity & 7) | static_cast<uint32_t>(e.facility & 31) << 3 |
                       static_cast<uint32_t>(e.format) << 8 | (e.flags & kEventFlags));
  }

  constexpr uint32_t bits() const { return bits_; }
  constexpr uint8_t severity() const { return bits_ & 7; }
  constexpr uint8_t facility() const { return (bits_ >> 3) & 31; }
  constexpr uint8_t pri() const { return bits_ & 0xff; }
  constexpr Format format() const { return static_cast<Format>((bits_ >> 8) & 7); }
  constexpr bool has(EventFlag flag) const { return bits_ & flag; }

  static constexpr uint32_t kEventFlags = 0xfffff000;

 private:
  uint32_t bits_;
};

static_assert(sizeof(PackedFlags) == 4 && std::is_trivially_copyable_v<PackedFlags>);

}  // namespace sluice
