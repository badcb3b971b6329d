// Whether a block can hold an answer to a scan, by its beginning: its dictionaries name the hosts and programs, its filter
// (gram_filter.h) the pieces of text. Asked before the block is read.
//
//   if (!may_hold_answer(reader, ref, scan)) ...           // surely none
//
// It says yes where nothing tells, and of a block that it can't read: whoever reads it then finds out what is wrong.
// Threads: any.
#pragma once

#include "core/query/scan.h"
#include "core/store/store_reader.h"

namespace sluice {

// REQUIRES: scan.may_match(ref.summary)
bool may_hold_answer(const StoreReader& reader, const BlockRef& ref, const Scan& scan);

}  // namespace sluice
