// SlotHeader: what stands before a slot's bytes, so that another process can make the same lines of them. Byte by byte in
// spool_format.md.
//
// A header goes through three hands:
//   the reader describes the slot (describe_stream(), describe_datagrams()) before it receives into it,
//   the kernel writes how much was received (`message.msg_len`: see slot_receive.h),
//   Pipeline::submit() notes the lines' ids, and for acknowledged senders the reader commits bytes with a checksum.
// Each step leaves a header that can be read at any moment: a process may die between any two instructions.
//
// Threads: the slot's one owner at a time.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "core/base/clock.h"
#include "core/memory/buffer_pool.h"

namespace sluice {

// Stored: never renumber.
enum class SlotKind : uint8_t {
  none = 0,
  stream = 1,     // bytes of a stream as `Framer` cuts it
  relp = 2,       // bytes of a stream as `RelpCodec` cuts it
  datagrams = 3,  // rounds of datagrams (datagram_rounds.h)
};

inline constexpr size_t kMaxSourceName = 64;
inline constexpr size_t kMaxPeerText = 46;  // the longest IPv6 address as text

struct SlotHeader {
  static constexpr uint64_t kLive = 0x31746f6c53636c53;  // "SlcSlot1"

  // Written when the slot is described, with `checksum` over all of it. `mark` is 0 in a slot that describes nothing,
  // and is set last.
  uint64_t mark;             // kLive ^ file id
  uint64_t sequence;         // slots in the order in which they were described
  uint64_t previous;         // sequence of the slot whose partial frame this one begins with; 0: none
  uint32_t tail_bytes;       // of that partial frame, copied here before anything was received
  uint32_t max_frame_bytes;  // the listener's limit
  SlotKind kind;
  uint8_t level;         // SlotSize
  uint8_t acknowledged;  // its senders wait for an answer: committed bytes count after a power cut
  uint8_t source_length;
  uint8_t peer_length;
  uint8_t reserved[3];
  char framing[24];  // FramingState or RelpState before the first byte
  char source[kMaxSourceName];
  char peer[kMaxPeerText + 2];
  uint64_t checksum;

  // Written as it goes.
  mmsghdr message;           // streams: msg_len is what the kernel received behind the tail
  int64_t received;          // wall clock; until submit(), when the slot was described
  uint64_t first_id;         // the lines' ids count from here; 0: not yet handed over
  uint64_t end_id;           // the id of what the stream's end made of the rest; 0: it did not end here
  uint64_t commit_checksum;  // of the committed bytes and of what makes lines of them
  uint32_t lines;            // handed over with first_id
  uint32_t committed;        // bytes
  uint32_t rounds_end;       // datagrams: bytes taken by rounds, the one being received included
  uint8_t given_up;          // the lines were dropped and counted
  uint8_t tail_taken;        // the partial frame at the end has gone on in another slot
  uint8_t cut_short;         // it has not, and end_id is what a start after a crash made of it
  uint8_t stored;  // kLinesStored, kEndStored: nothing of it is to be stored again after a crash of the process

  static constexpr uint8_t kLinesStored = 1;
  static constexpr uint8_t kEndStored = 2;

  size_t stream_bytes() const { return size_t{tail_bytes} + message.msg_len; }
  std::string_view source_name() const { return {source, source_length}; }
  std::string_view peer_text() const { return {peer, peer_length}; }
};
static_assert(sizeof(SlotHeader) <= kSlotHeaderBytes);
static_assert(std::is_trivially_copyable_v<SlotHeader>);

inline SlotHeader& header_of(const Slot& slot) { return *reinterpret_cast<SlotHeader*>(slot.header()); }

// Who fills slots, said once and copied into each.
struct SlotOrigin {
  uint64_t file_id = 0;  // of the spool; 0: plain memory
  std::string_view source;
  std::string_view peer;  // streams: its address
  uint32_t max_frame_bytes = 0;
  SlotKind kind = SlotKind::stream;
  bool acknowledged = false;
};

// How a stream goes on in this slot: its state, and the partial frame that was copied to the slot's beginning.
struct SlotTail {
  uint64_t previous = 0;
  uint32_t bytes = 0;
};

// Described from nothing: nothing received, no ids.
void describe_slot(Slot& slot, const SlotOrigin& origin, uint64_t sequence, Nanos now, std::string_view framing,
                   SlotTail tail = {});

// Whether a region of `bytes` holds a described slot at its beginning.
bool is_described(const SlotHeader& header, uint64_t file_id, uint64_t bytes);

// Notes what a stream has received into the slot as committed: a power cut after the next sync leaves it.
void commit_slot(Slot& slot);
bool commit_is_whole(const SlotHeader& header, const char* data);

}  // namespace sluice
