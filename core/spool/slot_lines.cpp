#include "core/spool/slot_lines.h"

#include <algorithm>
#include <cstring>

#include "core/base/address.h"
#include "core/frame/framer.h"
#include "core/frame/gelf_chunks.h"
#include "core/frame/relp_codec.h"
#include "core/spool/datagram_rounds.h"

namespace sluice {
namespace {

void cut_stream(Slot& slot, bool rest_went_on, InternId peer, SlotLines& lines) {
  const SlotHeader& header = header_of(slot);
  FramingState state;
  std::memcpy(&state, header.framing, sizeof state);
  // More than there is can't have been looked at.
  state.scanned = std::min(state.scanned, static_cast<uint32_t>(header.stream_bytes()));
  Framer framer({.max_frame_bytes = header.max_frame_bytes, .peer = peer}, state);
  const std::string_view bytes(slot.data(), header.stream_bytes());
  const size_t used = framer.cut(bytes, 0, lines.frames);
  if (rest_went_on || framer.error() != FramingError::none) return;
  framer.finish(bytes.substr(used), static_cast<uint32_t>(used), lines.end);
  if (header.end_id != 0 && header.cut_short == 0) return;
  for (FrameRef& frame : lines.end) frame.flags |= kFrameCutShort;
}

// A command that was not whole was not answered: its sender has it.
void cut_relp(Slot& slot, InternId peer, SlotLines& lines) {
  const SlotHeader& header = header_of(slot);
  RelpCodec::State state;
  std::memcpy(&state, header.framing, sizeof state);
  RelpCodec codec({.max_frame_bytes = header.max_frame_bytes, .peer = peer}, state);
  std::vector<RelpTransaction> transactions;
  codec.cut({slot.data(), header.stream_bytes()}, 0, lines.frames, transactions);
}

// Lines lie in the order of their places, as the reader handed them over.
void cut_datagrams(Slot& slot, Interner& interner, SlotLines& lines) {
  const SlotHeader& header = header_of(slot);
  const bool gelf = header.framing[0] == kLooksForGelf;
  const auto visit = [&](const sockaddr_in6& sender, uint32_t offset, uint32_t length, mmsghdr& message) {
    if (gelf && GelfDatagrams::is_encoded({slot.data() + offset, length})) {
      lines.pending.push_back({sender, offset, length, &message});
      return;
    }
    sockaddr_storage address{};
    std::memcpy(&address, &sender, sizeof sender);
    FrameRef frame{offset, length, interner.intern(address_text(address)), kFrameWhole};
    if (length > header.max_frame_bytes || message.msg_len > length) {
      frame.length = std::min(length, header.max_frame_bytes);
      frame.flags = kFrameTruncated;
    }
    lines.frames.push_back(frame);
  };
  lines.damaged = !for_each_datagram(header, slot.data(), visit);
}

}  // namespace

SlotLines cut_slot(Slot& slot, bool rest_went_on, Interner& interner) {
  SlotLines lines;
  const SlotHeader& header = header_of(slot);
  const InternId peer = interner.intern(header.peer_text());
  switch (header.kind) {
    case SlotKind::stream:
      if (header.stream_bytes() > slot.size()) break;
      cut_stream(slot, rest_went_on, peer, lines);
      return lines;
    case SlotKind::datagrams:
      cut_datagrams(slot, interner, lines);
      return lines;
    case SlotKind::relp:
      if (header.stream_bytes() > slot.size()) break;
      cut_relp(slot, peer, lines);
      return lines;
    case SlotKind::none:
      break;
  }
  lines.damaged = true;
  return lines;
}

}  // namespace sluice
