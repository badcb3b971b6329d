#include "core/dedupe/dedupe_window.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/base/mutex.h"
#include "core/dedupe/bloom_filter.h"
#include "core/dedupe/fingerprint_ring.h"

namespace sluice {
namespace {

constexpr size_t kGroup = 32;              // lines looked up together; see check_group()
constexpr size_t kMinCapacity = 64;        // entries; below that nothing is remembered long enough to matter
constexpr size_t kMaxCapacity = 1u << 31;  // entries; links are 32 bits
constexpr Nanos kMaxWindow = Nanos{1} << 60;

size_t bytes_for(size_t capacity, uint32_t bloom_bits) {
  return FingerprintRing::bytes_for(capacity) + 2 * BloomFilter::bytes_for(capacity, bloom_bits);
}

// The largest capacity that fits. The index grows in powers of two, so the sum is not a plain division; it does grow
// with the capacity.
size_t capacity_for(const DedupeOptions& options) {
  size_t low = kMinCapacity;
  size_t high = std::clamp<uint64_t>(options.max_bytes / sizeof(FingerprintRing::Entry), kMinCapacity, kMaxCapacity);
  while (low < high) {
    const size_t middle = low + (high - low + 1) / 2;
    if (bytes_for(middle, options.bloom_bits_per_entry) <= options.max_bytes) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// |a - b| without overflow.
uint64_t distance(Nanos a, Nanos b) {
  const auto difference = static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
  return a >= b ? difference : 0 - difference;
}

// Times as 32-bit ticks that wrap around. A tick is the smallest power of two nanoseconds for which the window has at
// most 2^28 ticks (128 ns for 30 s): differences up to seven windows are then exact.
class TickScale {
 public:
  explicit TickScale(Nanos window)
      : shift_(std::max(0, static_cast<int>(std::bit_width(static_cast<uint64_t>(window))) - 28)),
        window_((static_cast<uint64_t>(window) + (uint64_t{1} << shift_) - 1) >> shift_) {}

  uint32_t tick(Nanos time) const { return static_cast<uint32_t>(time >> shift_); }
  uint32_t between(uint32_t a, uint32_t b) const {
    const uint32_t forward = a - b;
    return std::min(forward, 0 - forward);
  }
  bool within_window(uint32_t a, uint32_t b) const { return between(a, b) < window_; }
  Nanos nanos(uint32_t ticks) const { return static_cast<Nanos>(ticks) << shift_; }

 private:
  int shift_;
  uint64_t window_;
};

}  // namespace

class DedupeWindow::Impl {
 public:
  explicit Impl(DedupeOptions options)
      : account_(options.account),
        window_(std::clamp<Nanos>(options.window, 1, kMaxWindow)),
        scale_(window_),
        ring_(capacity_for(options)),
        filters_{BloomFilter(ring_.capacity(), options.bloom_bits_per_entry),
                 BloomFilter(ring_.capacity(), options.bloom_bits_per_entry)} {
    stats_.capacity = ring_.capacity();
    stats_.bytes = ring_.bytes() + filters_[0].bytes() + filters_[1].bytes();
    if (account_ != nullptr) account_->charge(stats_.bytes);
  }
  ~Impl() {
    if (account_ != nullptr) account_->release(stats_.bytes);
  }

  void check(std::span<DedupeLine> lines, Nanos now) {
    MutexLock lock(mutex_);
    expire(now);
    for (const DedupeLine& line : lines.first(std::min(lines.size(), kGroup))) prefetch(line.fingerprint);
    for (size_t at = 0; at < lines.size(); at += kGroup) {
      const auto group = lines.subspan(at, std::min(kGroup, lines.size() - at));
      const auto rest = lines.subspan(at + group.size());
      check_group(group, rest.first(std::min(rest.size(), kGroup)), now);
    }
    stats_.checked += lines.size();
  }

  void learn(std::span<const DedupeLine> lines, Nanos received) {
    MutexLock lock(mutex_);
    expire(received);
    const uint32_t tick = scale_.tick(received);
    for (const DedupeLine& line : lines) remember(line, filters_[0].probe(line.fingerprint), tick);
  }

  Stats stats() const {
    MutexLock lock(mutex_);
    Stats stats = stats_;
    stats.entries = ring_.size();
    if (ring_.size() > 0) {
      const uint32_t age = scale_.between(scale_.tick(last_now_), ring_.oldest().tick);
      stats.effective_window = std::min(window_, scale_.nanos(age));
    }
    return stats;
  }

 private:
  BloomFilter& active() REQUIRES(mutex_) { return filters_[active_]; }
  BloomFilter& previous() REQUIRES(mutex_) { return filters_[1 - active_]; }

  [[gnu::always_inline]] void prefetch(const Hash128& fingerprint) REQUIRES(mutex_) {
    const BloomFilter::Probe probe = filters_[0].probe(fingerprint);
    filters_[0].prefetch(probe);
    filters_[1].prefetch(probe);
    ring_.prefetch(fingerprint);
  }

  // Memory answers far slower than a line is checked, so a group's answers are awaited together: what the filters and
  // the chains' heads of the next group need is fetched while this one is asked about, and the entries of this one's
  // "maybe" lines while the filters are asked about the others.
  void check_group(std::span<DedupeLine> group, std::span<const DedupeLine> next, Nanos now) REQUIRES(mutex_) {
    std::array<BloomFilter::Probe, kGroup> probes;
    std::array<bool, kGroup> maybe;
    for (size_t i = 0; i < group.size(); ++i) {
      if (i < next.size()) prefetch(next[i].fingerprint);
      probes[i] = filters_[0].probe(group[i].fingerprint);  // both filters are of one shape
      maybe[i] = BloomFilter::either_may_contain(filters_[0], filters_[1], probes[i]);
      if (maybe[i]) ring_.prefetch_newest(group[i].fingerprint);
    }
    const uint32_t tick = scale_.tick(now);
    size_t appended = 0;
    for (size_t i = 0; i < group.size(); ++i) {
      DedupeLine& line = group[i];
      // The filters were asked before this group's new lines were inserted. Those are looked for in the ring.
      const bool known = maybe[i] || ring_.chain_changed(line.fingerprint, appended);
      line.first_id = known && !line.keep ? first_of(line, maybe[i], tick) : line.id;
      if (line.first_id != line.id) continue;
      remember(line, probes[i], tick);
      ++appended;
    }
  }

  // The id of the copy that `line` repeats, or its own.
  uint64_t first_of(const DedupeLine& line, bool maybe, uint32_t tick) REQUIRES(mutex_) {
    const FingerprintRing::Entry* first = ring_.find(line.fingerprint);
    stats_.maybe += maybe;
    stats_.false_positives += maybe && first == nullptr;
    if (first == nullptr || !scale_.within_window(tick, first->tick)) return line.id;
    ++stats_.duplicates;
    return first->id;
  }

  void remember(const DedupeLine& line, const BloomFilter::Probe& probe, uint32_t tick) REQUIRES(mutex_) {
    rotate_if_possible();
    active().insert(probe);
    ring_.append(line.fingerprint, line.id, tick);
  }

  // A key can't be taken out of a filter, so there are two, and the older is emptied once everything in the ring is
  // also in the newer one. That comes true at the latest when the newer one holds a full ring; before it is half full
  // emptying the other is not worth its cost.
  void rotate_if_possible() REQUIRES(mutex_) {
    const uint64_t inserted = active().inserted();
    if (inserted < ring_.capacity() / 2 || inserted < ring_.size()) return;
    active_ = 1 - active_;
    active().clear();
  }

  // Forgets from the oldest end what is outside the window. The front entry was inside the window at every later
  // insertion, so any two entries are less than one window apart and none is two windows from `last_now_`: hence a
  // jump of the clock by three windows, in either direction, outdates everything, and smaller ones stay within what
  // ticks can tell.
  void expire(Nanos now) REQUIRES(mutex_) {
    if (distance(now, last_now_) / 3 >= static_cast<uint64_t>(window_)) ring_.drop_all();
    last_now_ = now;
    const uint32_t tick = scale_.tick(now);
    while (ring_.size() > 0 && !scale_.within_window(tick, ring_.oldest().tick)) ring_.drop_oldest();
  }

  MemoryAccount* const account_;
  const Nanos window_;
  const TickScale scale_;

  mutable Mutex mutex_;
  FingerprintRing ring_ GUARDED_BY(mutex_);
  std::array<BloomFilter, 2> filters_ GUARDED_BY(mutex_);
  size_t active_ GUARDED_BY(mutex_) = 0;  // the filter that takes new keys
  Nanos last_now_ GUARDED_BY(mutex_) = 0;
  Stats stats_ GUARDED_BY(mutex_);  // `entries` and `effective_window` are filled in by stats()
};

DedupeWindow::DedupeWindow(DedupeOptions options) : impl_(std::make_unique<Impl>(options)) {}
DedupeWindow::~DedupeWindow() = default;
void DedupeWindow::check(std::span<DedupeLine> lines, Nanos now) { impl_->check(lines, now); }
void DedupeWindow::learn(std::span<const DedupeLine> lines, Nanos received) { impl_->learn(lines, received); }
DedupeWindow::Stats DedupeWindow::stats() const { return impl_->stats(); }

}  // namespace sluice
