// BufferPool: the slots that `recv` fills, in three sizes, reused last-in first-out so that they stay in the cache.
//
//   Slot slot = pool.acquire(SlotSize::medium);       // empty handle when the pool is at its limit
//   ssize_t n = recv(fd, slot.data(), slot.size(), 0);
//   ... hand over by moving; it goes back to its pool when the last owner lets go.
//
// Limits:  `max_bytes` over all sizes, in use and kept. acquire() never waits: who gets no slot applies backpressure.
// Threads: safe from any thread; one short lock per acquire and release, that is per batch.
// Memory:  charged to the account given while it is mapped, in use or kept for reuse. trim() gives back what is kept.
// Later:   the same slots become ranges of the spool's file (docs/architecture.md, "Room left").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/memory/allocation_tracker.h"

namespace sluice {

enum class SlotSize : uint8_t { small, medium, large };
inline constexpr size_t kSlotSizes = 3;
inline constexpr std::array<size_t, kSlotSizes> kSlotBytes{4 << 10, 64 << 10, 1 << 20};

class BufferPool;

// A move-only handle of one slot.
class Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot();

  explicit operator bool() const { return data_ != nullptr; }
  char* data() const { return data_; }
  size_t size() const { return data_ ? kSlotBytes[static_cast<size_t>(size_)] : 0; }
  void reset();

 private:
  friend class BufferPool;
  Slot(BufferPool* pool, char* data, SlotSize size) : pool_(pool), data_(data), size_(size) {}
  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
  SlotSize size_ = SlotSize::small;
};

struct BufferPoolOptions {
  uint64_t max_bytes = 64 << 20;
  MemoryAccount* account = nullptr;  // may be null
};

class BufferPool {
 public:
  explicit BufferPool(BufferPoolOptions options);
  ~BufferPool();  // REQUIRES: every Slot has been returned

  Slot acquire(SlotSize size);
  void trim();  // unmaps the slots kept for reuse

  struct Stats {
    struct Level {
      uint64_t in_use = 0;
      uint64_t kept = 0;     // free, ready for reuse
      uint64_t hits = 0;     // acquire served from a kept slot
      uint64_t misses = 0;   // acquire that mapped a new one
      uint64_t refused = 0;  // acquire at the limit
    };
    std::array<Level, kSlotSizes> levels;
  };
  Stats stats() const;

 private:
  friend class Slot;
  void give_back(char* data, SlotSize size);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
