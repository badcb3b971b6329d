// SlotArena: which parts of one region are slots in use, and which are free. Slots come in five sizes, each four times
// the one below; a free large one is split when smaller ones are asked for, and four free neighbours become one again.
//
//   SlotArena arena(64 << 20);
//   std::optional<uint32_t> unit = arena.take(SlotSize::medium);     // in units of 4 KiB from the region's beginning
//   arena.give_back(*unit, SlotSize::medium);
//   arena.take_at(48, SlotSize::medium);                             // a slot that a former process left in use
//
// The slot freed last is taken first, so that what is reused stays in the cache.
//
// Limits:  under 2^32 units. What does not make up a whole slot of the largest sizes at the end serves smaller ones.
// Threads: as plain memory; BufferPool locks.
// Memory:  20 bytes a unit, half a percent of the region.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice {

enum class SlotSize : uint8_t { small, modest, medium, big, large };
inline constexpr size_t kSlotSizes = 5;
inline constexpr std::array<size_t, kSlotSizes> kSlotBytes{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20};
inline constexpr size_t kSlotUnit = kSlotBytes[0];

class SlotArena {
 public:
  explicit SlotArena(uint64_t bytes);

  std::optional<uint32_t> take(SlotSize size);
  // False when any of it is in use.
  bool take_at(uint32_t unit, SlotSize size);
  void give_back(uint32_t unit, SlotSize size);

  uint64_t free_bytes() const { return free_units_ * kSlotUnit; }
  uint64_t bytes() const { return units_ * kSlotUnit; }

  static constexpr uint32_t units_of(size_t size) { return 1u << (2 * size); }

 private:
  static constexpr uint32_t kNone = ~0u;
  struct Node {
    uint32_t next = kNone;
    uint32_t previous = kNone;
    uint8_t free_as = kSlotSizes;                  // the size of the free slot that begins here; kSlotSizes: none does
    std::array<uint8_t, kSlotSizes> used_parts{};  // of the slot of each size that begins here: parts that are not free
  };

  uint32_t parent(uint32_t unit, size_t size) const { return unit & ~(units_of(size + 1) - 1); }
  void push(uint32_t unit, size_t size);
  void remove(uint32_t unit);
  std::optional<uint32_t> take_level(size_t size);
  void split(uint32_t unit, size_t size, uint32_t keep);
  bool uncover(uint32_t unit, size_t size);
  void free_level(uint32_t unit, size_t size);

  uint64_t units_;
  uint64_t free_units_ = 0;
  std::vector<Node> nodes_;
  std::array<uint32_t, kSlotSizes> first_free_{kNone, kNone, kNone, kNone, kNone};
};

}  // namespace sluice
