// Which files of a store's directory are its segments, and which of those count.
//
// A merge's result takes the place of the segments it was made from the moment it has its final name; they are removed
// afterwards. Between the two both lie in the directory, and only the result counts. The same rule serves the writer
// after a crash and a reader at any time.
//
// Threads: pure but for reading files.
#pragma once

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/store/damage.h"
#include "core/store/segment_format.h"

namespace sluice {

struct SegmentListing {
  std::vector<SegmentName> live;        // ascending
  std::vector<SegmentName> replaced;    // ascending; not to be read
  std::vector<std::string> unfinished;  // files that an interrupted merge left, or one that is at work
  std::vector<std::string> set_aside;   // files kept for a look at what is left of them: of segments, of the spool
  std::vector<Damage> damage;           // merge results that can't count, because their header is damaged
  uint64_t highest = 0;                 // segment number ever seen here
};

std::string segment_path(const std::string& directory, const SegmentName& name);
// Where a merge writes until its result is whole.
std::string unfinished_path(const std::string& directory, const SegmentName& name);
// Where a file goes in which nothing can be read.
std::string set_aside_path(const std::string& directory, const SegmentName& name);

// Unknown files are left out.
SegmentListing sort_out_segments(FileSystem& fs, const std::string& directory,
                                 const std::vector<std::string>& file_names);

}  // namespace sluice
