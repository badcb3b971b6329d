// ChunkSlots: keeps the slots in which chunks of GELF messages lie until their messages are complete or given up, so that a
// crash loses no chunk whose siblings are still to come.
//
//   chunks.add(datagram, peer, slot, header, now);     // this chunk waits for its siblings
//   chunks.done(datagram, peer);                       // its message is a line now, or malformed: none of them waits
//   chunks.expire(now);                                // now and then
//
// Limits:  `max_bytes` of slots; over it the oldest are let go: their chunks would not survive a crash.
// Threads: one. Memory: some 100 bytes a waiting chunk, and their slots.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/intern/intern_id.h"
#include "core/memory/buffer_pool.h"

namespace sluice {

class ChunkSlots {
 public:
  explicit ChunkSlots(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  static bool is_chunk(std::string_view datagram) {
    return datagram.size() >= kIdEnd && datagram.starts_with("\x1e\x0f");
  }

  void add(std::string_view chunk, InternId peer, const Slot& slot, mmsghdr* header, Nanos now) {
    waiting_.push_back({id_of(chunk), peer, slot.share(), header, now});
    bytes_ += slot.bytes();
    while (bytes_ > max_bytes_) let_go_oldest();
  }

  void done(std::string_view chunk, InternId peer) {
    const uint64_t id = id_of(chunk);
    for (Entry& entry : waiting_) {
      if (entry.id == id && entry.peer == peer) let_go(entry);
    }
    std::erase_if(waiting_, [](const Entry& entry) { return !entry.slot; });
  }

  // GelfDatagrams gives messages up after five seconds, and looks every second.
  void expire(Nanos now) {
    while (!waiting_.empty() && now - waiting_.front().since > 7 * kSecond) let_go_oldest();
  }

  void leave_all() {
    for (Entry& entry : waiting_) entry.slot.leave();
    waiting_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr size_t kIdAt = 2, kIdEnd = 10;
  struct Entry {
    uint64_t id;
    InternId peer;
    Slot slot;
    mmsghdr* header;
    Nanos since;  // monotonic
  };

  static uint64_t id_of(std::string_view chunk) {
    uint64_t id;
    std::memcpy(&id, chunk.data() + kIdAt, sizeof id);
    return id;
  }
  void let_go(Entry& entry) {
    entry.header->msg_len = 0;
    bytes_ -= entry.slot.bytes();
    entry.slot.reset();
  }
  void let_go_oldest() {
    let_go(waiting_.front());
    waiting_.pop_front();
  }

  const uint64_t max_bytes_;
  std::deque<Entry> waiting_;  // in the order they came
  uint64_t bytes_ = 0;
};

}  // namespace sluice
