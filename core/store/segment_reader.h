// SegmentReader: the blocks of one segment file, whole or damaged, finished or still being written. See
// segment_format.md.
//
//   auto segment = SegmentReader::open(fs, path);
//   for (const SegmentEntry& entry : (*segment)->entries()) {
//     Result<std::string> block = (*segment)->read(entry);
//   }
//   auto first_new = (*segment)->extend();                     // what was appended since
//
// A finished segment is read through its index. Without a readable index the file is scanned: each block's checksum is
// checked, and behind a damaged stretch the search goes on at the next envelope of this file. Damage costs the blocks
// it touches and nothing else.
//
// What stands at the end and is not whole is the tail, and tail() says what kind: a writer that was interrupted (or is
// at work right now) leaves a torn one, which is no damage.
//
// Errors:  open() fails only when the file can't be opened or read. Hostile bytes give damage, never a crash; memory is
//          bounded by the file's size and kMaxEncodedBlockBytes.
// Threads: read(), read_beginning() and inspect() from any thread; the rest from one.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/store/damage.h"
#include "core/store/segment_format.h"

namespace sluice {

enum class TailKind : uint8_t {
  none,     // the file ends with a block, or with its index
  torn,     // a beginning of something, or zeros: never was whole
  index,    // an index that can't be read; nothing is lost, its blocks were found by scanning
  damaged,  // was whole once, as far as one can see
};

class SegmentReader {
 public:
  static Result<std::unique_ptr<SegmentReader>> open(FileSystem& fs, const std::string& path);

  // Looks for blocks behind those known, and says where in entries() the new ones begin. Finds none in a finished
  // segment.
  Result<size_t> extend();
  // Closes the file: each read() opens it anew. REQUIRES: indexed()
  void release_file() { file_.reset(); }

  const std::string& path() const { return path_; }
  // None when the header is damaged, or is not (yet) whole.
  const std::optional<SegmentHeader>& header() const { return header_; }
  // The header's, or where that is damaged the one its blocks agree on; 0 when there is neither.
  uint64_t file_id() const { return file_id_; }
  const std::vector<SegmentEntry>& entries() const { return entries_; }
  // Finished: nothing will be appended any more.
  bool indexed() const { return indexed_; }
  uint64_t file_bytes() const { return size_; }
  // Behind the last readable block or known damage: where the tail or the index begins.
  uint64_t data_end() const { return data_end_; }

  const std::vector<Damage>& damage() const { return damage_; }  // without the tail
  TailKind tail() const { return tail_; }
  Damage tail_damage() const;  // the tail's place and kind in words

  // The block's bytes; their checksum is checked.
  Result<std::string> read(const SegmentEntry& entry) const;
  // Its first `size` bytes, or all; no checksum is checked.
  Result<std::string> read_beginning(const SegmentEntry& entry, uint64_t size) const {
    return bytes_at(entry.offset + BlockEnvelope::kBytes, std::min<uint64_t>(size, entry.length));
  }
  // What is wrong with the block's envelope or checksum. (read() does without the envelope.)
  std::optional<Damage> inspect(const SegmentEntry& entry) const;

 private:
  SegmentReader(FileSystem& fs, std::unique_ptr<File> file, std::string path)
      : fs_(fs), file_(std::move(file)), path_(std::move(path)) {}

  Result<void> load();
  Result<bool> load_index();
  bool take_index(std::vector<SegmentEntry> entries, uint64_t index_offset);
  Result<void> scan();
  Result<bool> scan_block(const BlockEnvelope& envelope);
  Result<bool> scan_index();
  Result<uint64_t> find_entry(uint64_t from) const;
  Result<bool> entry_at(uint64_t offset) const;
  Result<std::optional<BlockEnvelope>> envelope_at(uint64_t offset) const;
  Result<bool> ends_in_zeros(uint64_t from) const;
  Result<void> settle_tail();
  bool ends_in_damage() const;
  void add_damage(uint64_t offset, uint64_t end, std::string what);
  Result<std::string> bytes_at(uint64_t offset, uint64_t size) const;

  FileSystem& fs_;
  std::unique_ptr<File> file_;  // null once released
  const std::string path_;
  uint64_t size_ = 0;  // of the file, when it was last looked at
  std::optional<SegmentHeader> header_;
  uint64_t file_id_ = 0;
  std::vector<SegmentEntry> entries_;
  uint64_t data_end_ = 0;
  bool indexed_ = false;
  std::vector<Damage> damage_;
  TailKind tail_ = TailKind::none;
  std::string tail_text_;
};

}  // namespace sluice
