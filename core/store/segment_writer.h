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
//
//          A sync that failed may have made the kernel take bytes for written that never reached the disk; a later sync
//          that succeeds says nothing about those. So what was not synced then is read back (out of the page cache,
//          which still has it as a rule), checked and written again before the next sync counts. A block that does not
//          come back right is lost: it goes from entries(), and take_sync_trouble() tells.
// Threads: one thread.
// Memory:  about 110 bytes a block; what is not synced is remembered as two offsets.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/store/damage.h"
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
  // Makes everything durable that was appended. Also after it failed: the next one does it all.
  Result<void> sync();
  // Syncs too. Nothing may be appended afterwards.
  Result<void> finish();

  const std::string& path() const { return path_; }
  const SegmentHeader& header() const { return header_; }
  const std::vector<SegmentEntry>& entries() const { return entries_; }
  uint64_t bytes() const { return end_; }  // of the file up to its last whole block, or to its footer
  bool left_torn() const { return behind_ == Behind::torn; }
  // What syncs that failed have cost since this was asked last.
  struct SyncTrouble {
    uint64_t failed_syncs = 0;
    std::vector<Damage> lost;  // blocks
  };
  SyncTrouble take_sync_trouble() { return std::exchange(sync_trouble_, {}); }

 private:
  SegmentWriter(std::unique_ptr<File> file, std::string path, const SegmentHeader& header)
      : file_(std::move(file)), path_(std::move(path)), header_(header), end_(SegmentHeader::kBytes) {}

  Result<void> cut_back();
  Result<void> sync_file();
  Result<void> write_doubted_again();
  Result<bool> write_block_again(const SegmentEntry& entry);

  const std::unique_ptr<File> file_;
  const std::string path_;
  const SegmentHeader header_;
  std::vector<SegmentEntry> entries_;
  uint64_t end_;
  // What stands in the file behind end_ because it could not be cut off.
  enum class Behind : uint8_t { nothing, torn, whole_block } behind_ = Behind::nothing;
  uint64_t durable_end_ = 0;  // of what the last good sync covered
  uint64_t doubted_end_ = 0;  // from durable_end_ to here: not on the disk for all a next sync may say. Mostly below it
  SyncTrouble sync_trouble_;
  std::string scratch_;
};

}  // namespace sluice
