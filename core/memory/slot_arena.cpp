#include "core/memory/slot_arena.h"

namespace sluice {
namespace {

constexpr uint32_t kParts = 4;

}  // namespace

SlotArena::SlotArena(uint64_t bytes) : units_(bytes / kSlotUnit), nodes_(units_) {
  // Backwards, so that the first slot of the region is taken first.
  uint64_t end = units_;
  for (size_t size = 0; size < kSlotSizes; ++size) {
    const uint64_t of_larger = size + 1 < kSlotSizes ? units_ / units_of(size + 1) * units_of(size + 1) : 0;
    for (; end > of_larger && end >= units_of(size); end -= units_of(size)) {
      const auto unit = static_cast<uint32_t>(end - units_of(size));
      // Its parent is not whole and must never be called free: it counts one part that does not exist.
      if (size + 1 < kSlotSizes) nodes_[parent(unit, size)].used_parts[size + 1] = 1;
      push(unit, size);
    }
  }
  free_units_ = units_;
}

void SlotArena::push(uint32_t unit, size_t size) {
  Node& node = nodes_[unit];
  node.free_as = static_cast<uint8_t>(size);
  node.previous = kNone;
  node.next = first_free_[size];
  if (node.next != kNone) nodes_[node.next].previous = unit;
  first_free_[size] = unit;
}

void SlotArena::remove(uint32_t unit) {
  Node& node = nodes_[unit];
  if (node.previous == kNone) {
    first_free_[node.free_as] = node.next;
  } else {
    nodes_[node.previous].next = node.next;
  }
  if (node.next != kNone) nodes_[node.next].previous = node.previous;
  node.free_as = kSlotSizes;
}

std::optional<uint32_t> SlotArena::take(SlotSize size) {
  const auto unit = take_level(static_cast<size_t>(size));
  if (unit) free_units_ -= units_of(static_cast<size_t>(size));
  return unit;
}

std::optional<uint32_t> SlotArena::take_level(size_t size) {
  if (const uint32_t unit = first_free_[size]; unit != kNone) {
    remove(unit);
    if (size + 1 < kSlotSizes) ++nodes_[parent(unit, size)].used_parts[size + 1];
    return unit;
  }
  if (size + 1 == kSlotSizes) return std::nullopt;
  const auto whole = take_level(size + 1);
  if (whole) split(*whole, size + 1, *whole);
  return whole;
}

// Makes parts of a slot that is in no list; the one at `keep` is in use.
void SlotArena::split(uint32_t unit, size_t size, uint32_t keep) {
  for (uint32_t part = kParts; part-- > 0;) {
    const uint32_t at = unit + part * units_of(size - 1);
    if (at != keep) push(at, size - 1);
  }
  nodes_[unit].used_parts[size] = 1;
}

bool SlotArena::take_at(uint32_t unit, SlotSize size) {
  const auto level = static_cast<size_t>(size);
  if (unit % units_of(level) != 0 || unit + uint64_t{units_of(level)} > units_ || !uncover(unit, level)) return false;
  free_units_ -= units_of(level);
  return true;
}

// Takes the free slot of this size at `unit` out of its list, splitting what it is a part of.
bool SlotArena::uncover(uint32_t unit, size_t size) {
  if (nodes_[unit].free_as == size) {
    remove(unit);
    if (size + 1 < kSlotSizes) ++nodes_[parent(unit, size)].used_parts[size + 1];
    return true;
  }
  if (size + 1 == kSlotSizes || nodes_[unit].free_as < size) return false;
  const uint32_t whole = parent(unit, size);
  if (whole + uint64_t{units_of(size + 1)} > units_ || nodes_[whole].used_parts[size + 1] != 0) return false;
  if (!uncover(whole, size + 1)) return false;
  split(whole, size + 1, unit);
  return true;
}

void SlotArena::give_back(uint32_t unit, SlotSize size) {
  free_units_ += units_of(static_cast<size_t>(size));
  free_level(unit, static_cast<size_t>(size));
}

void SlotArena::free_level(uint32_t unit, size_t size) {
  push(unit, size);
  if (size + 1 == kSlotSizes) return;
  const uint32_t whole = parent(unit, size);
  if (--nodes_[whole].used_parts[size + 1] != 0) return;
  for (uint32_t part = 0; part < kParts; ++part) remove(whole + part * units_of(size));
  free_level(whole, size + 1);
}

}  // namespace sluice
