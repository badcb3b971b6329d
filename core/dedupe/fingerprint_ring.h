// FingerprintRing: the last `capacity` fingerprints in order of arrival, and an index to find one among them.
//
// Entries are appended one after the other and leave at the other end, so that writing is sequential and forgetting
// costs nothing: the index is not told. It is a table of chain heads; each entry links to the one before it in its
// chain. A link is trusted only if it leads further back in time and not past the oldest entry; a link into a place that
// was written again since leads to a newer entry or to one with another fingerprint, and is harmless.
//
//   FingerprintRing ring(1000);
//   ring.append(fingerprint, id, tick);               // overwrites the oldest when full
//   if (const auto* entry = ring.find(fingerprint))   // the newest with this fingerprint
//   while (ring.size() > 0 && too_old(ring.oldest())) ring.drop_oldest();
//
// Threads: as plain memory.
// Memory:  32 bytes an entry and 2 to 4 for the index; reserved at construction, touched as it fills.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/hash.h"
#include "core/memory/mapped_region.h"

namespace sluice {

class FingerprintRing {
 public:
  struct Entry {
    Hash128 fingerprint;
    uint64_t id;
    uint32_t tick;      // time, in units of the user's choice
    uint32_t previous;  // link to the entry before it in its chain
  };
  static_assert(sizeof(Entry) == 32, "two entries share a cache line");

  // REQUIRES: 1 <= capacity < 2^32 - 1
  explicit FingerprintRing(size_t capacity);

  // Fetches the chain's head, which both find() and append() read first.
  // always_inline for the reason given in bloom_filter.h.
  [[gnu::always_inline]] void prefetch(const Hash128& fingerprint) const { __builtin_prefetch(head(fingerprint), 1); }

  // Fetches the chain's newest entry, which find() reads next. Pays when the head has been fetched before.
  [[gnu::always_inline]] void prefetch_newest(const Hash128& fingerprint) const {
    const uint32_t link = *head(fingerprint);
    if (link != kNoLink) __builtin_prefetch(entries() + (link - 1));
  }

  // Whether find() would meet one of the last `count` appended entries: never, unless it is among them.
  bool chain_changed(const Hash128& fingerprint, size_t count) const {
    const uint32_t link = *head(fingerprint);
    return link != kNoLink && age_of(link - 1) <= count;
  }

  // Valid until the next append() or drop.
  const Entry* find(const Hash128& fingerprint) const {
    size_t age = 0;
    for (uint32_t link = *head(fingerprint); link != kNoLink;) {
      const size_t slot = link - 1;
      const size_t slot_age = age_of(slot);
      if (slot_age <= age || slot_age > size_) break;
      const Entry& entry = entries()[slot];
      if (entry.fingerprint == fingerprint) return &entry;
      age = slot_age;
      link = entry.previous;
    }
    return nullptr;
  }

  void append(const Hash128& fingerprint, uint64_t id, uint32_t tick) {
    uint32_t* link = head(fingerprint);
    entries()[next_] = {fingerprint, id, tick, *link};
    *link = static_cast<uint32_t>(next_ + 1);
    if (++next_ == capacity_) next_ = 0;
    if (size_ < capacity_) ++size_;
  }

  // REQUIRES: size() > 0
  const Entry& oldest() const { return entries()[next_ >= size_ ? next_ - size_ : next_ + capacity_ - size_]; }
  void drop_oldest() { --size_; }
  void drop_all() { size_ = 0; }

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  size_t bytes() const { return entries_.size() + heads_.size(); }
  static size_t bytes_for(size_t capacity);

 private:
  static constexpr uint32_t kNoLink = 0;  // a link is slot + 1, so that fresh pages hold none

  // 1 for the entry appended last, `capacity` for the slot that is written next.
  size_t age_of(size_t slot) const { return next_ > slot ? next_ - slot : next_ + capacity_ - slot; }
  Entry* entries() const { return reinterpret_cast<Entry*>(entries_.data()); }
  uint32_t* head(const Hash128& fingerprint) const {
    return reinterpret_cast<uint32_t*>(heads_.data()) + (fingerprint.high & mask_);
  }

  const size_t capacity_;
  const uint64_t mask_;  // number of chains - 1
  size_t next_ = 0;      // slot written next
  size_t size_ = 0;
  MappedRegion entries_;
  MappedRegion heads_;
};

}  // namespace sluice
