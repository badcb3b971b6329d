#include "core/memory/buffer_pool.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/memory/mapped_region.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_ASAN 1
#endif
#endif
#ifdef SLUICE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

namespace sluice {
namespace {

// All slots of one size, carved from one reservation. A slot is in use, kept (its pages are there, ready for reuse)
// or cold (no pages behind it). Under ASan every slot that is not in use is poisoned.
class Shelf {
 public:
  Shelf(size_t slot_bytes, uint64_t max_bytes)
      : slot_bytes_(slot_bytes), slots_(max_bytes / slot_bytes), region_(slots_ * slot_bytes) {
    kept_.reserve(slots_);  // so that giving back never allocates; pages of it that are never used cost nothing
    cold_.reserve(slots_);
    ASAN_POISON_MEMORY_REGION(region_.data(), region_.size());
  }
  ~Shelf() { ASAN_UNPOISON_MEMORY_REGION(region_.data(), region_.size()); }

  size_t slot_bytes() const { return slot_bytes_; }
  size_t kept() const { return kept_.size(); }

  char* take_kept() {
    if (kept_.empty()) return nullptr;
    return hand_out(pop(kept_));
  }

  char* take_cold() {
    if (!cold_.empty()) return hand_out(pop(cold_));
    if (fresh_ == slots_) return nullptr;
    return hand_out(fresh_++);
  }

  void keep(char* data) {
    ASAN_POISON_MEMORY_REGION(data, slot_bytes_);
    const auto offset = static_cast<size_t>(data - region_.data());
    assert(offset < region_.size() && offset % slot_bytes_ == 0);
    kept_.push_back(static_cast<uint32_t>(offset / slot_bytes_));
  }

  // Takes the kept slots away, to be chilled without the pool's lock and then returned with add_cold().
  std::vector<uint32_t> take_all_kept() {
    std::vector<uint32_t> all(kept_);
    kept_.clear();  // keeps its capacity
    return all;
  }
  void chill(std::vector<uint32_t>& slots) {
    std::sort(slots.begin(), slots.end());
    for (size_t i = 0, next; i < slots.size(); i = next) {
      next = i + 1;
      while (next < slots.size() && slots[next] == slots[next - 1] + 1) ++next;
      region_.give_back(slots[i] * slot_bytes_, (next - i) * slot_bytes_);
    }
  }
  void add_cold(const std::vector<uint32_t>& slots) { cold_.insert(cold_.end(), slots.rbegin(), slots.rend()); }

  void chill_one() {
    const uint32_t slot = pop(kept_);
    region_.give_back(slot * slot_bytes_, slot_bytes_);
    cold_.push_back(slot);
  }

 private:
  static uint32_t pop(std::vector<uint32_t>& from) {
    const uint32_t slot = from.back();
    from.pop_back();
    return slot;
  }
  char* hand_out(uint32_t slot) {
    char* data = region_.data() + slot * slot_bytes_;
    ASAN_UNPOISON_MEMORY_REGION(data, slot_bytes_);
    return data;
  }

  const size_t slot_bytes_;
  const size_t slots_;
  MappedRegion region_;
  std::vector<uint32_t> kept_;  // the last one returned is the next one handed out
  std::vector<uint32_t> cold_;
  uint32_t fresh_ = 0;  // slots from here on were never used
};

}  // namespace

class BufferPool::Impl {
 public:
  explicit Impl(BufferPoolOptions options)
      : options_(options),
        shelves_{Shelf(kSlotBytes[0], options.max_bytes), Shelf(kSlotBytes[1], options.max_bytes),
                 Shelf(kSlotBytes[2], options.max_bytes)} {}

  ~Impl() {
    for ([[maybe_unused]] const auto& level : stats_.levels) {
      assert(level.in_use == 0 && "BUG: a Slot outlives its BufferPool");
    }
    if (options_.account != nullptr) options_.account->release(bytes_);
  }

  char* acquire(SlotSize size) {
    const auto i = static_cast<size_t>(size);
    MutexLock lock(mutex_);
    Stats::Level& level = stats_.levels[i];
    char* data = shelves_[i].take_kept();
    if (data != nullptr) {
      ++level.hits;
    } else if (make_room(kSlotBytes[i]) && (data = shelves_[i].take_cold()) != nullptr) {
      ++level.misses;
      bytes_ += kSlotBytes[i];
      if (options_.account != nullptr) options_.account->charge(kSlotBytes[i]);
    } else {
      ++level.refused;
      return nullptr;
    }
    ++level.in_use;
    return data;
  }

  void give_back(char* data, SlotSize size) {
    const auto i = static_cast<size_t>(size);
    MutexLock lock(mutex_);
    shelves_[i].keep(data);
    --stats_.levels[i].in_use;
  }

  void trim() {
    for (Shelf& shelf : shelves_) {
      std::vector<uint32_t> slots;
      {
        MutexLock lock(mutex_);
        slots = shelf.take_all_kept();
      }
      // The kernel may take milliseconds for many pages: readers go on meanwhile. Nobody else knows these slots, and
      // they stay charged until their pages are gone.
      shelf.chill(slots);
      MutexLock lock(mutex_);
      shelf.add_cold(slots);
      uncharge(slots.size() * shelf.slot_bytes());
    }
  }

  Stats stats() const {
    MutexLock lock(mutex_);
    Stats stats = stats_;
    for (size_t i = 0; i < kSlotSizes; ++i) stats.levels[i].kept = shelves_[i].kept();
    return stats;
  }

 private:
  // What is kept in other sizes must not keep a size from being served: it goes, the largest first.
  bool make_room(size_t bytes) REQUIRES(mutex_) {
    for (size_t i = kSlotSizes; i-- > 0;) {
      while (bytes_ + bytes > options_.max_bytes && shelves_[i].kept() > 0) {
        shelves_[i].chill_one();
        uncharge(kSlotBytes[i]);
      }
    }
    return bytes_ + bytes <= options_.max_bytes;
  }

  void uncharge(uint64_t bytes) REQUIRES(mutex_) {
    bytes_ -= bytes;
    if (options_.account != nullptr && bytes != 0) options_.account->release(bytes);
  }

  const BufferPoolOptions options_;
  mutable Mutex mutex_;
  // Guarded by mutex_, but for Shelf::chill(), which touches only pages that no other thread knows of.
  std::array<Shelf, kSlotSizes> shelves_;
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;  // in use and kept
  Stats stats_ GUARDED_BY(mutex_);         // `kept` is filled in by stats()
};

Slot::Slot(Slot&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

Slot& Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    reset();
    pool_ = std::exchange(other.pool_, nullptr);
    data_ = std::exchange(other.data_, nullptr);
    size_ = other.size_;
  }
  return *this;
}

Slot::~Slot() { reset(); }

void Slot::reset() {
  if (data_ != nullptr) pool_->give_back(data_, size_);
  pool_ = nullptr;
  data_ = nullptr;
}

BufferPool::BufferPool(BufferPoolOptions options) : impl_(std::make_unique<Impl>(options)) {}
BufferPool::~BufferPool() = default;

Slot BufferPool::acquire(SlotSize size) {
  char* data = impl_->acquire(size);
  return data == nullptr ? Slot() : Slot(this, data, size);
}

void BufferPool::give_back(char* data, SlotSize size) { impl_->give_back(data, size); }
void BufferPool::trim() { impl_->trim(); }
BufferPool::Stats BufferPool::stats() const { return impl_->stats(); }

}  // namespace sluice
