#include "core/spool/slot_header.h"

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "core/base/hash.h"

namespace sluice {
namespace {

// From behind the mark, which says that the rest is there.
std::string_view described_part(const SlotHeader& header) {
  constexpr size_t kBegin = offsetof(SlotHeader, sequence);
  return {reinterpret_cast<const char*>(&header) + kBegin, offsetof(SlotHeader, checksum) - kBegin};
}

uint64_t checksum_of_commit(const SlotHeader& header, const char* data) {
  const uint64_t parts[] = {header.checksum,
                            static_cast<uint64_t>(header.received),
                            header.first_id,
                            header.end_id,
                            (uint64_t{header.lines} << 32) | header.committed,
                            (uint64_t{header.rounds_end} << 32) | header.message.msg_len};
  const uint64_t of_header = checksum64({reinterpret_cast<const char*>(parts), sizeof parts});
  const uint64_t both[] = {of_header, checksum64({data, header.committed})};
  return checksum64({reinterpret_cast<const char*>(both), sizeof both});
}

}  // namespace

void describe_slot(Slot& slot, const SlotOrigin& origin, uint64_t sequence, Nanos now, std::string_view framing,
                   SlotTail tail) {
  SlotHeader& header = header_of(slot);
  header.mark = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memset(&header, 0, sizeof header);
  header.sequence = sequence;
  header.previous = tail.previous;
  header.tail_bytes = tail.bytes;
  header.max_frame_bytes = origin.max_frame_bytes;
  header.kind = origin.kind;
  header.level = static_cast<uint8_t>(slot.level());
  header.acknowledged = origin.acknowledged;
  header.source_length = static_cast<uint8_t>(std::min(origin.source.size(), sizeof header.source));
  header.peer_length = static_cast<uint8_t>(std::min(origin.peer.size(), kMaxPeerText));
  framing.copy(header.framing, sizeof header.framing);
  origin.source.copy(header.source, header.source_length);
  origin.peer.copy(header.peer, header.peer_length);
  header.checksum = checksum64(described_part(header));
  header.received = now;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (origin.file_id != 0) header.mark = SlotHeader::kLive ^ origin.file_id;
}

bool is_described(const SlotHeader& header, uint64_t file_id, uint64_t bytes) {
  if (header.mark != (SlotHeader::kLive ^ file_id) || header.level >= kSlotSizes) return false;
  return kSlotBytes[header.level] <= bytes && header.checksum == checksum64(described_part(header)) &&
         header.source_length <= kMaxSourceName && header.peer_length <= kMaxPeerText &&
         header.tail_bytes <= kSlotRoom[header.level];
}

void commit_slot(Slot& slot) {
  SlotHeader& header = header_of(slot);
  header.committed = static_cast<uint32_t>(header.stream_bytes());
  header.commit_checksum = checksum_of_commit(header, slot.data());
}

bool commit_is_whole(const SlotHeader& header, const char* data) {
  return header.committed > 0 && header.committed <= kSlotRoom[header.level] &&
         header.commit_checksum == checksum_of_commit(header, data);
}

}  // namespace sluice
