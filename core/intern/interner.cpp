#include "core/intern/interner.h"

#include <tsl/robin_set.h>

#include <bit>
#include <cassert>
#include <cstring>

#include "core/base/hash.h"
#include "core/base/mutex.h"

namespace sluice {
namespace {

constexpr size_t kShards = 16;            // a power of two; enough that workers seldom meet in one
constexpr size_t kArenaChunk = 64 << 10;  // bytes
constexpr size_t kTextsPerChunk = 4096;   // 64 KiB of {pointer, length}

struct Text {
  const char* data = nullptr;
  uint32_t length = 0;
  std::string_view view() const { return {data, length}; }
};

// What a shard's table holds. The text itself lies in the arena.
struct Known {
  std::string_view text;
  InternId id;
};

struct KnownHash {
  uint64_t seed;
  size_t operator()(std::string_view text) const { return hash64(text, seed); }
  size_t operator()(const Known& known) const { return hash64(known.text, seed); }
};

struct KnownEqual {
  using is_transparent = void;
  bool operator()(const Known& a, const Known& b) const { return a.text == b.text; }
  bool operator()(std::string_view a, const Known& b) const { return a == b.text; }
  bool operator()(const Known& a, std::string_view b) const { return a.text == b; }
};

using KnownSet = tsl::robin_set<Known, KnownHash, KnownEqual, std::allocator<Known>, true>;
constexpr size_t kBucketBytes = sizeof(Known) + 8;  // and robin_set's distance and hash, for the account

}  // namespace

class Interner::Impl {
 public:
  explicit Impl(InternerOptions options)
      : options_(options), seed_(process_seed()), texts_(options.max_strings / kTextsPerChunk + 1) {
    for (Shard& shard : shards_) shard.known = KnownSet(0, KnownHash{seed_});
  }

  ~Impl() {
    for (auto& chunk : texts_) delete[] chunk.load(std::memory_order_relaxed);
    charge(-static_cast<int64_t>(charged_.load()));
  }

  uint64_t hash(std::string_view text) const { return hash64(text, seed_); }

  InternId intern(std::string_view text, uint64_t hash) {
    if (text.empty()) return kNotInterned;
    if (text.size() > options_.max_length) {
      too_long_.fetch_add(1, std::memory_order_relaxed);
      return kNotInterned;
    }
    // The top bits choose the shard: robin_set takes the low ones.
    Shard& shard = shards_[hash >> (64 - std::bit_width(kShards - 1))];
    MutexLock lock(shard.mutex);
    if (auto it = shard.known.find(text, hash); it != shard.known.end()) {
      ++shard.hits;
      return it->id;
    }
    // A full table stays full: whoever makes up names then costs a look-up, and no common lock.
    const Known known = full_.load(std::memory_order_relaxed) ? Known{{}, kNotInterned} : keep(text);
    if (known.id == kNotInterned) {
      ++shard.refused;
      return kNotInterned;
    }
    const size_t buckets = shard.known.bucket_count();
    shard.known.insert(known);
    charge(static_cast<int64_t>((shard.known.bucket_count() - buckets) * kBucketBytes));
    return known.id;
  }

  std::string_view text(InternId id) const {
    if (id == kNotInterned) return {};
    const size_t chunk = id / kTextsPerChunk;
    assert(chunk < texts_.size());
    const Text* texts = texts_[chunk].load(std::memory_order_acquire);
    assert(texts != nullptr);
    return texts[id % kTextsPerChunk].view();
  }

  Stats stats() const {
    Stats stats{.refused = too_long_.load(std::memory_order_relaxed)};
    for (const Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      stats.hits += shard.hits;
      stats.refused += shard.refused;
    }
    MutexLock lock(new_mutex_);
    stats.strings = strings_;
    stats.bytes = bytes_;
    return stats;
  }

 private:
  struct alignas(64) Shard {
    mutable Mutex mutex;
    KnownSet known GUARDED_BY(mutex);
    uint64_t hits GUARDED_BY(mutex) = 0;
    uint64_t refused GUARDED_BY(mutex) = 0;
  };

  // A lasting copy of `text` with the next id, or kNotInterned when there is no room. One lock for all
  // shards: new strings are rare, and so the limits and the ids stay exact.
  Known keep(std::string_view text) {
    MutexLock lock(new_mutex_);
    if (strings_ >= options_.max_strings || text.size() > options_.max_bytes - bytes_) return {{}, kNotInterned};
    const auto id = static_cast<InternId>(strings_ + 1);
    auto& chunk = texts_[id / kTextsPerChunk];
    Text* texts = chunk.load(std::memory_order_relaxed);
    if (texts == nullptr) {
      texts = new Text[kTextsPerChunk];
      charge(kTextsPerChunk * sizeof(Text));
      chunk.store(texts, std::memory_order_release);
    }
    const char* copy = copy_to_arena(text);
    // No reader looks at this element yet: it learns the id from the caller, after this lock or the shard's.
    texts[id % kTextsPerChunk] = Text{copy, static_cast<uint32_t>(text.size())};
    strings_ += 1;
    bytes_ += text.size();
    if (strings_ == options_.max_strings || bytes_ == options_.max_bytes) full_.store(true, std::memory_order_relaxed);
    return {{copy, text.size()}, id};
  }

  const char* copy_to_arena(std::string_view text) REQUIRES(new_mutex_) {
    if (text.size() > arena_left_) {
      const size_t size = std::max(kArenaChunk, text.size());
      arena_.push_back(std::make_unique<char[]>(size));
      arena_at_ = arena_.back().get();
      arena_left_ = size;
      charge(static_cast<int64_t>(size));
    }
    char* to = arena_at_;
    std::memcpy(to, text.data(), text.size());
    arena_at_ += text.size();
    arena_left_ -= text.size();
    return to;
  }

  void charge(int64_t bytes) {
    charged_.fetch_add(static_cast<uint64_t>(bytes), std::memory_order_relaxed);
    if (options_.account == nullptr || bytes == 0) return;
    if (bytes > 0) options_.account->charge(static_cast<uint64_t>(bytes));
    if (bytes < 0) options_.account->release(static_cast<uint64_t>(-bytes));
  }

  const InternerOptions options_;
  const uint64_t seed_;

  std::array<Shard, kShards> shards_;
  std::vector<std::atomic<Text*>> texts_;  // written under new_mutex_ (release), read by text() (acquire)
  std::atomic<uint64_t> too_long_{0};      // a statistic
  std::atomic<bool> full_{false};          // set once, under new_mutex_; a late reader only asks in vain
  std::atomic<uint64_t> charged_{0};       // bytes; written by any, read by the destructor

  mutable Mutex new_mutex_;  // taken inside a shard's mutex
  uint64_t strings_ GUARDED_BY(new_mutex_) = 0;
  uint64_t bytes_ GUARDED_BY(new_mutex_) = 0;
  std::vector<std::unique_ptr<char[]>> arena_ GUARDED_BY(new_mutex_);
  char* arena_at_ GUARDED_BY(new_mutex_) = nullptr;
  size_t arena_left_ GUARDED_BY(new_mutex_) = 0;
};

Interner::Interner(InternerOptions options) : impl_(std::make_unique<Impl>(options)) {}
Interner::~Interner() = default;
InternId Interner::intern(std::string_view text) { return impl_->intern(text, impl_->hash(text)); }
InternId Interner::intern(std::string_view text, uint64_t hash) { return impl_->intern(text, hash); }
std::string_view Interner::text(InternId id) const { return impl_->text(id); }
Interner::Stats Interner::stats() const { return impl_->stats(); }
uint64_t Interner::hash(std::string_view text) const { return impl_->hash(text); }

InternCache::InternCache(Interner& interner, size_t entries) : interner_(interner), entries_(entries) {
  assert(std::has_single_bit(entries));
}

InternId InternCache::intern(std::string_view text) {
  if (text.empty()) return kNotInterned;
  const uint64_t hash = interner_.hash(text);
  Entry& entry = entries_[hash & (entries_.size() - 1)];
  if (entry.hash == hash && entry.length == text.size() && std::memcmp(entry.text, text.data(), text.size()) == 0) {
    ++hits_;
    return entry.id;
  }
  ++misses_;
  const InternId id = interner_.intern(text, hash);
  // What was refused is not remembered: its text has no lasting copy to compare with.
  if (id != kNotInterned) {
    entry = {hash, interner_.text(id).data(), static_cast<uint32_t>(text.size()), id};
  }
  return id;
}

}  // namespace sluice
