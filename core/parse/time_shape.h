// TimeShape: how a frame wrote its time, so that the text can be made again from the instant.
//
// A record keeps its time as nanoseconds and this shape instead of the 15 to 35 bytes of text. A parser sets a shape
// only where render_time() gives back exactly the bytes that were read; anything else is form `none`, and the text is
// kept as it came.
//
//   TimeShape shape{TimeForm::rfc3339_zulu, 6, 0};
//   render_time(time, shape, out);                 // 2026-11-23T10:15:30.123456Z
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.h"

namespace sluice {

// Stored: never renumber.
enum class TimeForm : uint8_t {
  none = 0,               // no time in the frame, or its text is kept
  rfc3339_zulu = 1,       // 2026-11-23T10:15:30.123456Z
  rfc3339_offset = 2,     // 2026-11-23T11:15:30.123456+01:00
  rfc3164 = 3,            // Nov 23 10:15:30   (day padded with a blank; `digits` fraction digits after a '.')
  rfc3164_year = 4,       // Nov 23 2026 10:15:30
  iso_space = 5,          // 2026-11-23 10:15:30.123   (no zone)
  iso_t = 6,              // 2026-11-23T10:15:30.123   (no zone)
  epoch_seconds = 7,      // 1385053862.3072
  epoch_millis = 8,       // 1385053862307
  iso_space_comma = 9,    // 2026-11-23 10:15:30,123   (no zone; at least one digit)
  rfc3164_unpadded = 10,  // Nov 3 10:15:30    (a day below 10 without padding)
  rfc3164_zero = 11,      // Nov 03 10:15:30   (a day below 10 padded with a zero)
};

struct TimeShape {
  TimeForm form = TimeForm::none;
  uint8_t digits = 0;          // fraction digits, 0 to 9; when 0 there is no '.' either
  int16_t offset_minutes = 0;  // local time minus UTC used to read the text (written out by rfc3339_offset only)

  uint32_t packed() const {
    return static_cast<uint32_t>(form) | static_cast<uint32_t>(digits) << 8 |
           static_cast<uint32_t>(static_cast<uint16_t>(offset_minutes)) << 16;
  }
  static TimeShape unpacked(uint32_t v) {
    return {static_cast<TimeForm>(v & 0xff), static_cast<uint8_t>(v >> 8), static_cast<int16_t>(v >> 16)};
  }
  friend bool operator==(const TimeShape&, const TimeShape&) = default;
};

// Appends the text. An unknown form (a newer version's) appends nothing.
void render_time(Nanos time, TimeShape shape, std::string& out);

}  // namespace sluice
