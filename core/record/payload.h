// Payload: what an open block keeps of a record beside its CompactRecord: a head of fixed size, then the texts, one
// after the other, in the order of PayloadText. Internal to core/record: it never leaves memory.
//
// A hostname or app_name is among the texts only when it could not be interned.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "core/parse/event.h"

namespace sluice {

enum PayloadText : uint8_t {
  kProcIdText,
  kMsgIdText,
  kStructuredDataText,
  kMessageText,
  kValuesText,
  kHostnameText,
  kAppNameText,
  kPayloadTexts,
};

struct PayloadHead {
  uint32_t time_shape;  // TimeShape::packed()
  uint32_t layout;      // a CommonLayout, or kFirstTableLayout + index in the block's LayoutTable
  std::array<uint32_t, kPayloadTexts> lengths;
};
static_assert(sizeof(PayloadHead) == 36 && std::is_trivial_v<PayloadHead>);

inline constexpr uint32_t kFirstTableLayout = 16;  // leaves room for more common layouts. Stored: never change

}  // namespace sluice
