// Opening a store for a command, and telling what in it could not be read.
//
//   auto reader = open_store(path);          // null: told on standard error, exit with kExitCouldNot
//   ...
//   return tell_damage(path, damage);        // kExitOk, or a warning and kExitDamaged
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/store/store_reader.h"

namespace sluice {

std::unique_ptr<StoreReader> open_store(const std::string& path);

// One sentence on standard error when there is any.
int tell_damage(const std::string& path, std::span<const Damage> damage);

// "sluicectl: " and the sentence on standard error; returns kExitCouldNot.
int complain(const std::string& sentence);

}  // namespace sluice
