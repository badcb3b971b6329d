// ReadTime: what became of a time's text.
#pragma once

#include <cstdint>

#include "core/base/clock.h"
#include "core/parse/time_shape.h"

namespace sluice {

struct ReadTime {
  Nanos time = 0;
  TimeShape shape;        // form `none`: render_time() can't make this text again, keep it
  uint32_t flags = 0;     // EventFlag: what was assumed
  uint32_t length = 0;    // octets read
  uint32_t rendered = 0;  // how many of them render_time(time, shape) makes; the rest (a zone's name) is kept as text
};

}  // namespace sluice
