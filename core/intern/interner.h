// Interner: gives each distinct string a small id that lasts as long as the process.
//
// A log stream repeats the same few thousand hostnames, app_names, listeners and peers. Keeping one copy
// of each lets the later stages compare and store a number instead of text.
//
//   InternId id = interner.intern("web-1");       // same text, same id
//   std::string_view s = interner.text(id);       // valid until the Interner is destroyed
//
//   InternCache cache(interner);                  // one per thread, in front of the shared table
//   InternId id = cache.intern("web-1");          // a hit touches no shared memory
//
// Limits:  at most `max_strings` strings and `max_bytes` of text, each at most `max_length` bytes. What does not
//          fit gives kNotInterned and the caller keeps the text inline. Nothing is evicted, so that an id never
//          changes meaning. The empty string is id kNotInterned, text(kNotInterned) is empty.
// Hashing: seeded per process, so that a sender can't aim for collisions.
// Threads: an Interner is safe from any thread (sharded by hash; one short lock per miss of a cache). text() takes
//          no lock. An InternCache belongs to one thread.
// Memory:  text and table are charged to the account given (see memory/allocation_tracker.h).
// Not for: message bodies. They rarely repeat and would fill the table.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/intern/intern_id.h"
#include "core/memory/allocation_tracker.h"

namespace sluice {

struct InternerOptions {
  size_t max_strings = 1 << 18;     // 262,144; ids are dense from 1
  size_t max_bytes = 16 << 20;      // bytes of text over all strings
  size_t max_length = 4096;         // bytes; longer strings are seldom repeated
  MemoryAccount* account = nullptr; // may be null
};

class Interner {
 public:
  explicit Interner(InternerOptions options = {});
  ~Interner();
  Interner(const Interner&) = delete;
  Interner& operator=(const Interner&) = delete;

  InternId intern(std::string_view text);
  // REQUIRES: id came from intern() of this Interner, or is kNotInterned
  std::string_view text(InternId id) const;

  struct Stats {
    uint64_t strings = 0;
    uint64_t bytes = 0;
    uint64_t hits = 0;      // found in the shared table
    uint64_t refused = 0;   // full or too long
  };
  Stats stats() const;

 private:
  friend class InternCache;
  InternId intern(std::string_view text, uint64_t hash);
  uint64_t hash(std::string_view text) const;

  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A direct-mapped cache of one thread in front of an Interner.
class InternCache {
 public:
  explicit InternCache(Interner& interner, size_t entries = 4096);  // entries: a power of two

  InternId intern(std::string_view text);

  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }

 private:
  struct Entry {
    uint64_t hash = 0;
    const char* text = nullptr;
    uint32_t length = 0;
    InternId id = kNotInterned;
  };
  Interner& interner_;
  std::vector<Entry> entries_;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

}  // namespace sluice
