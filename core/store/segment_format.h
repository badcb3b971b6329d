// The bytes of a segment file, as structs with one encode and one decode function each. segment_format.md shows them
// byte by byte; keep both in step.
//
//   header | block | block | ... | index | footer
//
// Errors:  decode functions return nullopt when a magic, version, length or checksum is wrong. They look at nothing but
//          the bytes given.
// Threads: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/record/block.h"

namespace sluice {

// What a segment is called. A segment as ingested has level 0 and one number. A merge takes neighbours and makes one
// segment that stands for all their numbers, one level above the highest of them.
struct SegmentName {
  uint64_t first = 0;
  uint64_t last = 0;
  uint32_t level = 0;

  // Whether this one, being whole, takes the other's place.
  bool replaces(const SegmentName& other) const {
    return level > other.level && first <= other.first && other.last <= last;
  }
  friend auto operator<=>(const SegmentName&, const SegmentName&) = default;
};

std::string segment_file_name(const SegmentName& name);  // "0000000012.seg", "0000000012-0000000019.m1.seg"
std::optional<SegmentName> parse_segment_file_name(std::string_view file_name);

// Not to be guessed by a sender. `salt`: whatever differs from one file of that name to the next.
uint64_t new_file_id(const SegmentName& name, uint64_t salt);

struct SegmentHeader {
  static constexpr size_t kBytes = 64;
  SegmentName name;      // the file's name says the same, but a name can be changed
  uint64_t file_id = 0;  // random: tells this file's block headers from bytes that only look like some
  Nanos created = 0;     // wall clock; of a merged segment: of the newest it replaced
  uint64_t next_id = 0;  // every line id below this was given out before the segment was made
};

// In front of each block's bytes.
struct BlockEnvelope {
  static constexpr size_t kBytes = 112;
  uint32_t length = 0;    // bytes of the block that follows
  uint64_t file_id = 0;   // the segment header's
  uint64_t checksum = 0;  // of the block's bytes
  BlockSummary summary;
};

// One per block, in the index.
struct SegmentEntry {
  static constexpr size_t kBytes = 104;
  uint64_t offset = 0;    // of the block's envelope in the file
  uint32_t length = 0;    // bytes of the block, without its envelope
  uint64_t checksum = 0;  // of the block's bytes
  BlockSummary summary;

  uint64_t end() const { return offset + BlockEnvelope::kBytes + length; }
};

inline constexpr size_t kIndexHeadBytes = 16;
struct SegmentFooter {
  static constexpr size_t kBytes = 40;
  uint64_t index_offset = 0;
  uint64_t index_length = 0;
  uint64_t index_checksum = 0;
};

// A block can come out a little larger than its lines; more than this is not one of ours.
inline constexpr uint64_t kMaxEncodedBlockBytes = 2 * kMaxBlockRawBytes;

// The first byte of what stands in a segment behind the header. 0 is reserved, so that a file's zero-filled tail (which
// some file systems leave after a power cut) reads as its end. Stored: never renumber.
enum class EntryType : uint8_t { end = 0, block = 1, index = 2 };

// The first twelve bytes of a block's envelope or of the index: type, magic, (length or count), file id.
// What a search for the next readable entry looks for.
inline constexpr std::string_view kEntryMagic = "\xe7SL";

void append_segment_header(const SegmentHeader& header, std::string& out);
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

void append_envelope(const BlockEnvelope& envelope, std::string& out);
std::optional<BlockEnvelope> decode_envelope(std::string_view bytes);

void append_index_and_footer(const std::vector<SegmentEntry>& entries, uint64_t file_id, uint64_t index_offset,
                             std::string& out);
std::optional<SegmentFooter> decode_footer(std::string_view bytes);
// REQUIRES: the caller compared the footer's checksum with that of `bytes`
std::optional<std::vector<SegmentEntry>> decode_index(std::string_view bytes, uint64_t file_id);

}  // namespace sluice
