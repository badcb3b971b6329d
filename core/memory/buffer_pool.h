// BufferPool: the slots that `recv` fills, in five sizes, reused last-in first-out so that they stay in the cache.
//
//   Slot slot = pool.acquire(SlotSize::medium);       // empty handle when the pool is at its limit
//   ssize_t n = recv(fd, slot.data(), slot.size(), 0);
//   Slot also = slot.share();                         // it is free when the last handle lets go
//
// A slot begins with kSlotHeaderBytes that belong to whoever describes its contents (core/spool/slot_header.h); data()
// is behind them. The pool itself only knows that a header whose first eight bytes are zero describes nothing, and makes
// them zero when the slot is freed.
//
// The memory is the pool's own, or a region given to it: the spool's file.
//
// Limits:  `max_bytes` over all sizes. acquire() never waits: who gets no slot applies backpressure. The last quarter is
//          kept for those who need a slot in order to free a larger one (`reserve`).
// Threads: safe from any thread; one short lock per acquire and release, that is per batch.
// Memory:  charged to the account by what has been touched, in steps of 64 KiB. trim() gives free pages back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/memory/allocation_tracker.h"
#include "core/memory/slot_arena.h"

namespace sluice {

inline constexpr size_t kSlotHeaderBytes = 320;
// Bytes of each size for what is received.
inline constexpr std::array<size_t, kSlotSizes> kSlotRoom{
    kSlotBytes[0] - kSlotHeaderBytes, kSlotBytes[1] - kSlotHeaderBytes, kSlotBytes[2] - kSlotHeaderBytes,
    kSlotBytes[3] - kSlotHeaderBytes, kSlotBytes[4] - kSlotHeaderBytes};

class BufferPool;

// A handle of one slot. Moved, or shared on purpose.
class Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot();

  explicit operator bool() const { return base_ != nullptr; }
  char* header() const { return base_; }
  char* data() const { return base_ + kSlotHeaderBytes; }
  size_t size() const { return base_ ? kSlotRoom[static_cast<size_t>(level_)] : 0; }    // of data()
  size_t bytes() const { return base_ ? kSlotBytes[static_cast<size_t>(level_)] : 0; }  // with the header
  SlotSize level() const { return level_; }
  // Another handle of the same slot.
  Slot share() const;
  // Changes a few bytes of the header of a slot that was handed over long ago.
  void write_header(size_t offset, std::string_view bytes) const;
  // As reset(), but the slot stays as it is, for the next process.
  void leave();
  void reset();

 private:
  friend class BufferPool;
  Slot(BufferPool* pool, char* base, SlotSize level) : pool_(pool), base_(base), level_(level) {}
  BufferPool* pool_ = nullptr;
  char* base_ = nullptr;
  SlotSize level_ = SlotSize::small;
};

struct BufferPoolOptions {
  uint64_t max_bytes = 64 << 20;
  MemoryAccount* account = nullptr;  // may be null
  char* region = nullptr;            // max_bytes that outlive the pool, page-aligned; null: memory of its own
  // For a region that is often synced: how a few bytes of a header are changed that nobody may have touched for long
  // (core/spool/spool_medium.h). Its fresh pages are then not made ready before they are needed, because that would make
  // all of them new to the disk. Null: as memory.
  std::function<void(char* to, std::string_view bytes)> write;
};

class BufferPool {
 public:
  explicit BufferPool(const BufferPoolOptions& options);
  ~BufferPool();  // REQUIRES: every Slot has been returned

  enum class Reserve : bool { keep, use };
  Slot acquire(SlotSize size, Reserve reserve = Reserve::keep);
  // The slot that begins `offset` bytes into the region; empty when any of it is in use.
  Slot adopt(uint64_t offset, SlotSize size);
  void trim();  // gives back the pages of what is free

  // Slots are getting short: those who hold some should see to it that they become free.
  bool scarce() const;
  uint64_t max_bytes() const;
  uint64_t free_bytes() const;

  struct Stats {
    struct Level {
      uint64_t in_use = 0;
      uint64_t hits = 0;     // acquire served from memory that had been used before
      uint64_t misses = 0;   // acquire that touched new memory
      uint64_t refused = 0;  // acquire at the limit
    };
    std::array<Level, kSlotSizes> levels;
    uint64_t bytes = 0;       // of all slots
    uint64_t free_bytes = 0;  // of them not in use
    uint64_t resident = 0;    // touched and not given back
  };
  Stats stats() const;

 private:
  friend class Slot;
  void share(char* base);
  void write(char* to, std::string_view bytes);
  void give_back(char* base, SlotSize size, bool leave);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
