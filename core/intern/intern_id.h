// InternId: the small number that stands for an interned string (see interner.h). 0 stands for none.
#pragma once

#include <cstdint>

namespace sluice {

using InternId = uint32_t;
inline constexpr InternId kNotInterned = 0;

}  // namespace sluice
