#include "core/memory/buffer_pool.h"

#include <sys/mman.h>

#include <atomic>
#include <cassert>
#include <cstring>
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

constexpr uint64_t kChunk = kSlotBytes[static_cast<size_t>(SlotSize::medium)];  // what residency is counted in

// Makes fresh pages ready in one system call: faulting them in one by one while the kernel copies to them costs several
// times as much. Only advice: a kernel before 5.14 does not know it, and its pages fault as ever.
void populate([[maybe_unused]] char* at, [[maybe_unused]] size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  madvise(at, bytes, MADV_POPULATE_WRITE);
#endif
}

}  // namespace

class BufferPool::Impl {
 public:
  explicit Impl(const BufferPoolOptions& options)
      : options_(options),
        own_(options.region ? 0 : options.max_bytes),
        region_(options.region ? options.region : own_.data()),
        arena_(options.max_bytes),
        handles_(options.max_bytes / kSlotUnit),
        left_(options.max_bytes / kSlotUnit),
        resident_((options.max_bytes + kChunk - 1) / kChunk) {
    stats_.bytes = arena_.bytes();
    note_free();
    ASAN_POISON_MEMORY_REGION(region_, options.max_bytes);
  }

  ~Impl() {
    ASAN_UNPOISON_MEMORY_REGION(region_, options_.max_bytes);
    for ([[maybe_unused]] const auto& level : stats_.levels) {
      assert(level.in_use == 0 && "BUG: a Slot outlives its BufferPool");
    }
    if (options_.account != nullptr) options_.account->release(stats_.resident);
  }

  char* acquire(SlotSize size, Reserve reserve) {
    bool fresh = false;
    char* const base = take(size, reserve, fresh);
    if (fresh && size >= SlotSize::medium && !options_.write) populate(base, kSlotBytes[static_cast<size_t>(size)]);
    return base;
  }

  char* adopt(uint64_t offset, SlotSize size) {
    const auto i = static_cast<size_t>(size);
    MutexLock lock(mutex_);
    if (offset % kSlotUnit != 0 || offset >= options_.max_bytes) return nullptr;
    const auto unit = static_cast<uint32_t>(offset / kSlotUnit);
    if (!arena_.take_at(unit, size)) return nullptr;
    touch(unit, i);
    return hand_out(unit, i);
  }

  void share(char* base) {
    MutexLock lock(mutex_);
    ++handles_[unit_of(base)];
  }

  void give_back(char* base, SlotSize size, bool leave) {
    const uint32_t unit = unit_of(base);
    const auto i = static_cast<size_t>(size);
    MutexLock lock(mutex_);
    if (leave) left_[unit] = true;
    if (--handles_[unit] > 0) return;
    --stats_.levels[i].in_use;
    if (left_[unit]) return;
    constexpr uint64_t kNothing = 0;
    write(base, {reinterpret_cast<const char*>(&kNothing), sizeof kNothing});  // before anybody can take any part of it
    ASAN_POISON_MEMORY_REGION(base, kSlotBytes[i]);
    arena_.give_back(unit, size);
    note_free();
  }

  void write(char* to, std::string_view bytes) {
    if (options_.write) return options_.write(to, bytes);
    std::memcpy(to, bytes.data(), bytes.size());
  }

  // The free pages are taken as if they were in use while the kernel works, which may take milliseconds: readers go on
  // meanwhile with what is left.
  void trim() {
    std::vector<uint32_t> taken;
    {
      MutexLock lock(mutex_);
      std::vector<uint32_t> cold;
      while (const auto unit = arena_.take(SlotSize::medium))
        (resident_[*unit / kMedium] ? taken : cold).push_back(*unit);
      for (const uint32_t unit : cold) arena_.give_back(unit, SlotSize::medium);
      note_free();
    }
    for (const uint32_t unit : taken) madvise(region_ + unit * kSlotUnit, kChunk, MADV_DONTNEED);
    MutexLock lock(mutex_);
    for (const uint32_t unit : taken) {
      resident_[unit / kMedium] = false;
      arena_.give_back(unit, SlotSize::medium);
    }
    stats_.resident -= taken.size() * kChunk;
    if (options_.account != nullptr && !taken.empty()) options_.account->release(taken.size() * kChunk);
    note_free();
  }

  bool scarce() const { return free_.load(std::memory_order_relaxed) < options_.max_bytes * 3 / 8; }
  uint64_t free_bytes() const { return free_.load(std::memory_order_relaxed); }
  uint64_t max_bytes() const { return options_.max_bytes; }

  Stats stats() const {
    MutexLock lock(mutex_);
    Stats stats = stats_;
    stats.free_bytes = arena_.free_bytes();
    return stats;
  }

 private:
  static constexpr uint32_t kMedium = SlotArena::units_of(static_cast<size_t>(SlotSize::medium));
  static constexpr uint64_t kReserveParts = 4;

  // Null at the limit. `fresh`: out: some of it was not resident.
  char* take(SlotSize size, Reserve reserve, bool& fresh) {
    const auto i = static_cast<size_t>(size);
    MutexLock lock(mutex_);
    std::optional<uint32_t> unit;
    const uint64_t kept = reserve == Reserve::use ? 0 : arena_.bytes() / kReserveParts;
    if (arena_.free_bytes() >= kept + kSlotBytes[i] || (reserve == Reserve::keep && all_free())) {
      unit = arena_.take(size);
    }
    if (!unit) {
      ++stats_.levels[i].refused;
      return nullptr;
    }
    fresh = touch(*unit, i);
    ++(fresh ? stats_.levels[i].misses : stats_.levels[i].hits);
    return hand_out(*unit, i);
  }

  uint32_t unit_of(const char* base) const {
    return static_cast<uint32_t>((base - region_) / static_cast<ptrdiff_t>(kSlotUnit));
  }
  // A pool too small for a reserve serves one slot at a time all the same.
  bool all_free() const REQUIRES(mutex_) { return arena_.free_bytes() == arena_.bytes(); }

  // True when memory is touched that was not resident.
  bool touch(uint32_t unit, size_t size) REQUIRES(mutex_) {
    uint64_t more = 0;
    const uint32_t end = unit + SlotArena::units_of(size);
    for (uint32_t chunk = unit / kMedium; chunk * kMedium < end; ++chunk) {
      if (resident_[chunk]) continue;
      resident_[chunk] = true;
      more += kChunk;
    }
    if (more == 0) return false;
    stats_.resident += more;
    if (options_.account != nullptr) options_.account->charge(more);
    return true;
  }

  char* hand_out(uint32_t unit, size_t size) REQUIRES(mutex_) {
    char* base = region_ + unit * kSlotUnit;
    ASAN_UNPOISON_MEMORY_REGION(base, kSlotBytes[size]);
    handles_[unit] = 1;
    ++stats_.levels[size].in_use;
    note_free();
    return base;
  }

  void note_free() REQUIRES(mutex_) { free_.store(arena_.free_bytes(), std::memory_order_relaxed); }

  const BufferPoolOptions options_;
  const MappedRegion own_;
  char* const region_;
  mutable Mutex mutex_;
  SlotArena arena_ GUARDED_BY(mutex_);
  std::vector<uint16_t> handles_ GUARDED_BY(mutex_);  // of the slot that begins at this unit
  std::vector<bool> left_ GUARDED_BY(mutex_);         // likewise: it is not to be freed
  std::vector<bool> resident_ GUARDED_BY(mutex_);     // a chunk: touched since it was given back
  Stats stats_ GUARDED_BY(mutex_);                    // `free_bytes` is filled in by stats()
  std::atomic<uint64_t> free_{0};                     // for scarce(), which everybody asks and nobody may wait for
};

Slot::Slot(Slot&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), base_(std::exchange(other.base_, nullptr)), level_(other.level_) {}

Slot& Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    reset();
    pool_ = std::exchange(other.pool_, nullptr);
    base_ = std::exchange(other.base_, nullptr);
    level_ = other.level_;
  }
  return *this;
}

Slot::~Slot() { reset(); }

Slot Slot::share() const {
  if (base_ == nullptr) return {};
  pool_->share(base_);
  return {pool_, base_, level_};
}

void Slot::reset() {
  if (base_ != nullptr) pool_->give_back(base_, level_, false);
  pool_ = nullptr;
  base_ = nullptr;
}

void Slot::write_header(size_t offset, std::string_view bytes) const { pool_->write(base_ + offset, bytes); }

void Slot::leave() {
  if (base_ != nullptr) pool_->give_back(base_, level_, true);
  pool_ = nullptr;
  base_ = nullptr;
}

BufferPool::BufferPool(const BufferPoolOptions& options) : impl_(std::make_unique<Impl>(options)) {}
BufferPool::~BufferPool() = default;

Slot BufferPool::acquire(SlotSize size, Reserve reserve) {
  char* base = impl_->acquire(size, reserve);
  return base == nullptr ? Slot() : Slot(this, base, size);
}

Slot BufferPool::adopt(uint64_t offset, SlotSize size) {
  char* base = impl_->adopt(offset, size);
  return base == nullptr ? Slot() : Slot(this, base, size);
}

void BufferPool::share(char* base) { impl_->share(base); }
void BufferPool::give_back(char* base, SlotSize size, bool leave) { impl_->give_back(base, size, leave); }
void BufferPool::write(char* to, std::string_view bytes) { impl_->write(to, bytes); }
void BufferPool::trim() { impl_->trim(); }
bool BufferPool::scarce() const { return impl_->scarce(); }
uint64_t BufferPool::max_bytes() const { return impl_->max_bytes(); }
uint64_t BufferPool::free_bytes() const { return impl_->free_bytes(); }
BufferPool::Stats BufferPool::stats() const { return impl_->stats(); }

}  // namespace sluice
