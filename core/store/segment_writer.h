// SegmentWriter: makes one segment file, from its header to its footer. See segment_format.md.
//
//   auto writer = SegmentWriter::create(fs, path, header);
//   (*writer)->append(block_bytes, summary);         // any number of times
//   (*writer)->finish();                             // index and footer, synced
//
//   auto writer = SegmentWriter::resume(fs, found);  // one that was not finished: its tail is cut off
//
// Errors:  after a failed append() or finish() the file is cut back to its last whole block. Where even that fails the
//          next append() tries again before it writes anything. When left_torn() the caller may also leave the segment
//          as it is and make a new one: readers stop at the torn tail.
// Threads: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/store/segment_format.h"
#include "core/store/segment_reader.h"

namespace sluice {

class SegmentWriter {
 public:
  // The file must not exist. When this fails, what may have been made of it is removed again where that works.
  static Result<std::unique_ptr<SegmentWriter>> create(FileSystem& fs, const std::string& path,
                                                       const SegmentHeader& header);
  // REQUIRES: found.header(), and not found.indexed()
  static Result<std::unique_ptr<SegmentWriter>> resume(FileSystem& fs, const SegmentReader& found);

  Result<void> append(std::string_view block, const BlockSummary& summary);
  // Takes back the last append(), which could not be synced. REQUIRES: there was one
  Result<void> take_back();
  Result<void> sync();
  // Syncs too. Nothing may be appended afterwards.
  Result<void> finish();

  const std::string& path() const { return path_; }
  const SegmentHeader& header() const { return header_; }
  const std::vector<SegmentEntry>& entries() const { return entries_; }
  uint64_t bytes() const { return end_; }  // of the file up to its last whole block, or to its footer
  bool left_torn() const { return behind_ == Behind::torn; }

 private:
  SegmentWriter(std::unique_ptr<File> file, std::string path, const SegmentHeader& header)
      : file_(std::move(file)), path_(std::move(path)), header_(header), end_(SegmentHeader::kBytes) {}

  Result<void> cut_back();

  const std::unique_ptr<File> file_;
  const std::string path_;
  const SegmentHeader header_;
  std::vector<SegmentEntry> entries_;
  uint64_t end_;
  // What stands in the file behind end_ because it could not be cut off.
  enum class Behind : uint8_t { nothing, torn, whole_block } behind_ = Behind::nothing;
  std::string scratch_;
};

}  // namespace sluice
