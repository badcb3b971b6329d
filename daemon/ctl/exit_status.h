// What sluicectl's exit status says. Shown by --help: keep both in step.
#pragma once

namespace sluice {

inline constexpr int kExitOk = 0;
inline constexpr int kExitDamaged = 1;   // it worked, but something in the store could not be read
inline constexpr int kExitCouldNot = 2;  // wrong arguments, no store, no permission, no daemon

}  // namespace sluice
