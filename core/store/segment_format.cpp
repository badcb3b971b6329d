#include "core/store/segment_format.h"

#include <charconv>
#include <cstdio>

#include "core/base/coding.h"
#include "core/base/hash.h"

namespace sluice {
namespace {

constexpr std::string_view kHeaderMagic = "SluiceSg";
constexpr std::string_view kFooterMagic = "gSeculiS";
constexpr uint16_t kVersion = 1;
constexpr size_t kSummaryBytes = 80;
static_assert(BlockEnvelope::kBytes == 24 + kSummaryBytes + 8 && SegmentEntry::kBytes == 24 + kSummaryBytes);

void append_summary(const BlockSummary& s, std::string& out) {
  append_u32(out, s.rows);
  append_u32(out, s.repeat_notes);
  append_u64(out, s.repeats);
  append_u64(out, s.raw_bytes);
  append_u64(out, s.first_id);
  append_u64(out, s.last_id);
  append_u64(out, static_cast<uint64_t>(s.min_time));
  append_u64(out, static_cast<uint64_t>(s.max_time));
  append_u64(out, static_cast<uint64_t>(s.min_received));
  append_u64(out, static_cast<uint64_t>(s.max_received));
  append_u32(out, s.severities);
  append_u32(out, s.merge_level);
}

BlockSummary take_summary(ByteReader& in) {
  BlockSummary s;
  s.rows = in.u32();
  s.repeat_notes = in.u32();
  s.repeats = in.u64();
  s.raw_bytes = in.u64();
  s.first_id = in.u64();
  s.last_id = in.u64();
  s.min_time = static_cast<Nanos>(in.u64());
  s.max_time = static_cast<Nanos>(in.u64());
  s.min_received = static_cast<Nanos>(in.u64());
  s.max_received = static_cast<Nanos>(in.u64());
  s.severities = static_cast<uint8_t>(in.u32());
  s.merge_level = in.u32();
  return s;
}

// Appends the checksum of what was appended since `begin`.
void append_checksum(std::string& out, size_t begin) {
  append_u64(out, checksum64(std::string_view(out).substr(begin)));
}

// Whether the last eight of `bytes` are the checksum of those before.
bool checksum_holds(std::string_view bytes) {
  const std::string_view body = bytes.substr(0, bytes.size() - 8);
  return load_le<uint64_t>(bytes.data() + body.size()) == checksum64(body);
}

std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool take_text(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

std::string segment_file_name(const SegmentName& name) {
  char text[80];
  if (name.level == 0) {
    std::snprintf(text, sizeof text, "%010llu.seg", static_cast<unsigned long long>(name.first));
  } else {
    std::snprintf(text, sizeof text, "%010llu-%010llu.m%u.seg", static_cast<unsigned long long>(name.first),
                  static_cast<unsigned long long>(name.last), name.level);
  }
  return text;
}

std::optional<SegmentName> parse_segment_file_name(std::string_view file_name) {
  SegmentName name;
  std::string_view rest = file_name;
  const auto first = take_number(rest);
  if (!first) return std::nullopt;
  name.first = name.last = *first;
  if (take_text(rest, "-")) {
    const auto last = take_number(rest);
    if (!last || !take_text(rest, ".m")) return std::nullopt;
    const auto level = take_number(rest);
    if (!level || *level == 0 || *level > UINT32_MAX) return std::nullopt;
    name.last = *last;
    name.level = static_cast<uint32_t>(*level);
  }
  // Written as we write it, or it is not ours: one segment must not have two names.
  if (rest != ".seg" || name.last < name.first || segment_file_name(name) != file_name) return std::nullopt;
  return name;
}

uint64_t new_file_id(const SegmentName& name, uint64_t salt) {
  const uint64_t id = hash64(segment_file_name(name), process_seed() ^ salt);
  return id == 0 ? 1 : id;  // 0 stands for "not known yet" in a reader
}

void append_segment_header(const SegmentHeader& header, std::string& out) {
  const size_t begin = out.size();
  out.append(kHeaderMagic);
  append_u16(out, kVersion);
  append_u16(out, 0);
  append_u32(out, header.name.level);
  append_u64(out, header.name.first);
  append_u64(out, header.name.last);
  append_u64(out, header.file_id);
  append_u64(out, static_cast<uint64_t>(header.created));
  append_u64(out, header.next_id);
  append_checksum(out, begin);
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() != SegmentHeader::kBytes || !checksum_holds(bytes)) return std::nullopt;
  ByteReader in(bytes);
  if (in.take(kHeaderMagic.size()) != kHeaderMagic || in.u16() != kVersion) return std::nullopt;
  in.u16();
  SegmentHeader header;
  header.name.level = in.u32();
  header.name.first = in.u64();
  header.name.last = in.u64();
  header.file_id = in.u64();
  header.created = static_cast<Nanos>(in.u64());
  header.next_id = in.u64();
  if (header.name.last < header.name.first) return std::nullopt;
  return header;
}

void append_envelope(const BlockEnvelope& envelope, std::string& out) {
  const size_t begin = out.size();
  append_u8(out, static_cast<uint8_t>(EntryType::block));
  out.append(kEntryMagic);
  append_u32(out, envelope.length);
  append_u64(out, envelope.file_id);
  append_u64(out, envelope.checksum);
  append_summary(envelope.summary, out);
  append_checksum(out, begin);
}

std::optional<BlockEnvelope> decode_envelope(std::string_view bytes) {
  // The cheap tests first: a search for the next entry tries every magic it meets.
  if (bytes.size() != BlockEnvelope::kBytes) return std::nullopt;
  ByteReader in(bytes);
  if (in.u8() != static_cast<uint8_t>(EntryType::block)) return std::nullopt;
  if (in.take(kEntryMagic.size()) != kEntryMagic || !checksum_holds(bytes)) return std::nullopt;
  BlockEnvelope envelope;
  envelope.length = in.u32();
  envelope.file_id = in.u64();
  envelope.checksum = in.u64();
  envelope.summary = take_summary(in);
  if (envelope.length > kMaxEncodedBlockBytes) return std::nullopt;
  return envelope;
}

void append_index_and_footer(const std::vector<SegmentEntry>& entries, uint64_t file_id, uint64_t index_offset,
                             std::string& out) {
  const size_t begin = out.size();
  append_u8(out, static_cast<uint8_t>(EntryType::index));
  out.append(kEntryMagic);
  append_u32(out, static_cast<uint32_t>(entries.size()));
  append_u64(out, file_id);
  for (const SegmentEntry& entry : entries) {
    append_u64(out, entry.offset);
    append_u32(out, entry.length);
    append_u32(out, 0);
    append_u64(out, entry.checksum);
    append_summary(entry.summary, out);
  }
  const std::string_view index = std::string_view(out).substr(begin);
  const SegmentFooter footer{index_offset, index.size(), checksum64(index)};

  const size_t footer_begin = out.size();
  append_u64(out, footer.index_offset);
  append_u64(out, footer.index_length);
  append_u64(out, footer.index_checksum);
  append_checksum(out, footer_begin);
  out.append(kFooterMagic);
}

std::optional<SegmentFooter> decode_footer(std::string_view bytes) {
  if (bytes.size() != SegmentFooter::kBytes || !bytes.ends_with(kFooterMagic)) return std::nullopt;
  if (!checksum_holds(bytes.substr(0, bytes.size() - kFooterMagic.size()))) return std::nullopt;
  ByteReader in(bytes);
  SegmentFooter footer;
  footer.index_offset = in.u64();
  footer.index_length = in.u64();
  footer.index_checksum = in.u64();
  return footer;
}

std::optional<std::vector<SegmentEntry>> decode_index(std::string_view bytes, uint64_t file_id) {
  ByteReader in(bytes);
  if (in.u8() != static_cast<uint8_t>(EntryType::index) || in.take(kEntryMagic.size()) != kEntryMagic) {
    return std::nullopt;
  }
  const uint64_t count = in.u32();
  if (in.u64() != file_id || in.left() != count * SegmentEntry::kBytes) return std::nullopt;
  std::vector<SegmentEntry> entries(count);
  for (SegmentEntry& entry : entries) {
    entry.offset = in.u64();
    entry.length = in.u32();
    in.u32();
    entry.checksum = in.u64();
    entry.summary = take_summary(in);
    if (entry.length > kMaxEncodedBlockBytes) return std::nullopt;
  }
  if (!in.ok()) return std::nullopt;
  return entries;
}

}  // namespace sluice
