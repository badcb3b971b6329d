// rebuild_dedupe(): makes a new process's dedupe window know what the old one knew: the lines that the newest blocks hold.
// Without it a sender that sends again after a restart what it has no answer for would have it stored twice.
//
//   uint64_t lines = rebuild_dedupe(fs, store_path, window, 30 * kSecond, clock.now(), interner, report);
//
// What was received longer ago than the window is left out, and so is what the window has no room for.
//
// Errors:  damaged blocks are passed over: whoever opened the store has told of them.
// Threads: one, before the pipeline starts.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/file.h"
#include "core/dedupe/dedupe_window.h"
#include "core/intern/interner.h"

namespace sluice {

// Returns how many lines it learned.
uint64_t rebuild_dedupe(FileSystem& fs, const std::string& store_path, DedupeWindow& window, Nanos length, Nanos now,
                        Interner& interner);

}  // namespace sluice
