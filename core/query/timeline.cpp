#include "core/query/timeline.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/query/block_damage.h"
#include "core/query/block_probe.h"
#include "core/query/block_rows.h"
#include "core/query/repeat_sums.h"
#include "core/query/work_ahead.h"

namespace sluice {
namespace {

// The most blocks whose times overlap at one instant.
size_t deepest_overlap(const std::vector<BlockRef>& refs) {
  std::vector<std::pair<Nanos, int>> edges;
  edges.reserve(refs.size() * 2);
  for (const BlockRef& ref : refs) {
    edges.emplace_back(ref.summary.min_time, -1);  // openings sort before endings at the same instant
    edges.emplace_back(ref.summary.max_time, 1);
  }
  std::sort(edges.begin(), edges.end());
  size_t depth = 0, deepest = 0;
  for (const auto& [time, step] : edges) {
    depth -= static_cast<size_t>(step);
    deepest = std::max(deepest, depth);
  }
  return deepest;
}

// Decoding readers that wait for their next block, with the room that they have.
class ReaderPool {
 public:
  BlockReader get() {
    MutexLock lock(mutex_);
    if (free_.empty()) return BlockReader();
    BlockReader reader = std::move(free_.back());
    free_.pop_back();
    return reader;
  }
  void put(BlockReader reader) {
    MutexLock lock(mutex_);
    if (free_.size() < kKept) free_.push_back(std::move(reader));
  }

 private:
  static constexpr size_t kKept = 4;  // a thread uses one; more would only hold memory
  Mutex mutex_;
  std::vector<BlockReader> free_ GUARDED_BY(mutex_);
};

Nanos newest_received(std::span<const BlockRef> refs, const Scan& scan) {
  Nanos newest = std::numeric_limits<Nanos>::min();
  for (const BlockRef& ref : refs) {
    if (scan.may_match(ref.summary)) newest = std::max(newest, ref.summary.max_received);
  }
  return newest;
}

constexpr size_t kAheadOfThread = 2;  // blocks opened and not yet asked for
constexpr uint64_t kAheadShare = 4;   // of the bytes that may be open, what such blocks may take besides

}  // namespace

class Timeline::Impl {
 public:
  Impl(const StoreReader& reader, std::span<const BlockRef> refs, const Scan& scan, TimelineOptions options)
      : Impl(reader, refs, scan, options, scan.query().reverse, false) {
    if (scan.query().last && !reverse_) start_after_older(refs, *scan.query().last);
  }

  const TimelineEntry* next() {
    if (left_ && *left_ == 0) return nullptr;
    if (!step()) return nullptr;
    entry_.record = current_->rows->record();
    entry_.times = current_->rows->times();
    if (skip_times_ != 0) entry_.times -= std::exchange(skip_times_, 0);
    if (left_) {
      if (scan_.query().every_repeat) entry_.times = std::min(entry_.times, *left_);
      *left_ -= scan_.query().every_repeat ? entry_.times : 1;
    }
    return &entry_;
  }

  const std::vector<Damage>& damage() const { return damage_; }
  Stats stats() const { return stats_; }

 private:
  enum class State : uint8_t { waiting, begun, done };
  struct Opened {
    std::unique_ptr<BlockRows> rows;
    Result<void> result;
    bool read = false;  // not told from its beginning that it holds nothing
  };
  struct Cursor {
    BlockRef ref;
    size_t place = 0;     // among the first openings; of blocks that begin at the same row key, which comes first
    RowKey next;          // of its next row, or what no row comes before
    size_t position = 0;  // of its next row, while `rows` is away
    State state = State::waiting;
    bool open = false;  // `rows` holds the decoded block, not a portion
    std::unique_ptr<BlockRows> rows;
  };

  Impl(const StoreReader& reader, std::span<const BlockRef> refs, const Scan& scan, TimelineOptions options,
       bool reverse, bool keys_only)
      : reader_(reader),
        scan_(scan),
        options_(options),
        reverse_(reverse),
        keys_only_(keys_only),
        counts_(reader, refs, newest_received(refs, scan),
                [this](const BlockRef& ref, const Error& error) { report(ref, error); }) {
    for (const BlockRef& ref : refs) {
      if (scan.may_match(ref.summary)) candidates_.push_back(ref);
    }
    if (reverse_ && !keys_only_) left_ = scan.query().last;
    make_cursors();
  }

  void make_cursors() {
    uint64_t raw_bytes = 0;
    ahead_.reset();
    cursors_.clear();
    heap_.clear();
    for (const BlockRef& ref : candidates_) {
      raw_bytes += ref.summary.raw_bytes;
      Cursor cursor{.ref = ref};
      cursor.next = reverse_ ? RowKey{ref.summary.max_time, ref.summary.last_id}
                             : RowKey{ref.summary.min_time, ref.summary.first_id};
      if (first_wanted_) cursor.next = std::max(cursor.next, *first_wanted_);
      heap_.push_back(static_cast<uint32_t>(cursors_.size()));
      cursors_.push_back(std::move(cursor));
    }
    open_ahead();
    std::make_heap(heap_.begin(), heap_.end(), later());
    stats_.blocks = candidates_.size();
    portion_bytes_ = options_.open_bytes;
    if (raw_bytes > options_.open_bytes) {
      portion_bytes_ = std::max(options_.min_portion_bytes, options_.open_bytes / deepest_overlap(candidates_));
    }
  }

  // Blocks are opened for the first time in the order in which the heap comes to them, by `next` and, where that is the
  // same, by `place`: so they can be opened ahead.
  void open_ahead() {
    std::vector<uint32_t> order(cursors_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return before(cursors_[a].next, cursors_[b].next); });
    uint64_t largest = 1;
    for (size_t place = 0; place < order.size(); ++place) {
      cursors_[order[place]].place = place;
      largest = std::max(largest, cursors_[order[place]].ref.summary.raw_bytes);
    }
    const unsigned threads =
        options_.threads != 0 ? options_.threads : std::max(1u, std::thread::hardware_concurrency());
    const uint64_t window = std::min<uint64_t>(kAheadOfThread * threads, options_.open_bytes / kAheadShare / largest);
    // The cursors stay where they are as long as there are jobs about them.
    const size_t count = order.size();
    ahead_.emplace(count, WorkAheadOptions{threads - 1, threads > 1 ? window : 0},
                   [this, order = std::move(order)](size_t place) { return open(cursors_[order[place]].ref); });
  }

  // From any thread.
  Opened open(const BlockRef& ref) {
    if (!may_hold_answer(reader_, ref, scan_)) return {std::make_unique<BlockRows>(), {}};
    Opened opened{std::make_unique<BlockRows>(readers_.get()), {}, true};
    const RowOrder order = reverse_ ? RowOrder::newest_first : RowOrder::oldest_first;
    const BlockParts parts = keys_only_ ? BlockParts{0} : options_.parts;
    opened.result = opened.rows->open(reader_, ref, scan_, {order, parts});
    if (!opened.result || !opened.rows->holds_block()) readers_.put(opened.rows->take_reader());
    return opened;
  }

  // `last` lines, oldest first: counts them from the newest on, to begin where the count is reached.
  void start_after_older(std::span<const BlockRef> refs, uint64_t last) {
    if (last == 0) {
      left_ = 0;
      return;
    }
    Impl newest(reader_, refs, scan_, options_, true, true);
    uint64_t seen = 0;
    RowKey oldest;
    while (seen < last && newest.step()) {
      oldest = newest.current_->rows->key();
      seen += scan_.query().every_repeat ? newest.current_->rows->times() : 1;
    }
    if (seen < last) return;
    skip_times_ = seen - last;
    first_wanted_ = oldest;
    std::erase_if(candidates_, [&](const BlockRef& ref) { return ref.summary.max_time < oldest.time; });
    make_cursors();
  }

  // Moves on to the next row; false at the end. current_ then is the cursor that stands on it.
  bool step() {
    if (current_ != nullptr) {
      current_->rows->advance();
      settle(*current_);
      current_ = nullptr;
    }
    while (!heap_.empty()) {
      Cursor& first = cursors_[heap_.front()];
      if (first.rows) {
        current_ = &first;
        return true;
      }
      load(first);
      settle(first);
    }
    return false;
  }

  // The heap's first cursor changed: gives it its new place, or removes it when it is done.
  void settle(Cursor& first) {
    if (first.rows && first.rows->at_end()) {
      const bool more = first.rows->portion_ended();
      first.position = first.rows->position();
      close(first);
      if (!more) first.state = State::done;
    }
    if (first.rows) {
      first.next = first.rows->key();
    } else if (first.state == State::done) {
      std::pop_heap(heap_.begin(), heap_.end(), later());
      heap_.pop_back();
      return;
    }
    // Most often the next row comes from the same block: then nothing moves.
    if (heap_.size() > 1) {
      const uint32_t left = heap_[1];
      const uint32_t right = heap_.size() > 2 ? heap_[2] : left;
      if (before(first, cursors_[left]) && before(first, cursors_[right])) return;
      std::pop_heap(heap_.begin(), heap_.end(), later());
      std::push_heap(heap_.begin(), heap_.end(), later());
    }
  }

  // REQUIRES: !cursor.rows. Afterwards it has rows, or is done.
  void load(Cursor& cursor) {
    Opened opened = cursor.state == State::waiting ? ahead_->take(cursor.place) : open(cursor.ref);
    stats_.decoded += opened.read;
    if (!opened.result) {
      report(cursor.ref, opened.result.error());
      cursor.state = State::done;
      return;
    }
    std::unique_ptr<BlockRows>& rows = opened.rows;
    if (scan_.query().every_repeat || (options_.count_repeats && !keys_only_)) rows->count_repeats(cursor.ref, counts_);
    if (cursor.state == State::begun) {
      rows->go_to(cursor.position);
    } else if (first_wanted_) {
      rows->go_to(*first_wanted_, reverse_ ? RowOrder::newest_first : RowOrder::oldest_first);
    }
    cursor.state = rows->at_end() ? State::done : State::begun;
    if (cursor.state == State::done) return;
    cursor.next = rows->key();
    cursor.rows = std::move(rows);
    make_room(cursor);
  }

  // Decides whether a block just decoded stays so or is cut to a portion.
  void make_room(Cursor& cursor) {
    if (!cursor.rows->holds_block()) return;  // its few rows are all that is held
    const uint64_t bytes = cursor.ref.summary.raw_bytes;
    while (open_bytes_ != 0 && open_bytes_ + bytes > options_.open_bytes) {
      Cursor* farthest = nullptr;
      for (Cursor* open : open_) {
        if (farthest == nullptr || before(farthest->next, open->next)) farthest = open;
      }
      const Nanos done_at = reverse_ ? cursor.ref.summary.min_time : cursor.ref.summary.max_time;
      const bool idle = reverse_ ? farthest->next.time < done_at : farthest->next.time > done_at;
      if (!idle) {
        cursor.rows->keep_portion(portion_bytes_);
        readers_.put(cursor.rows->take_reader());
        return;
      }
      farthest->position = farthest->rows->position();
      close(*farthest);
    }
    cursor.open = true;
    open_.push_back(&cursor);
    open_bytes_ += bytes;
    stats_.peak_open_bytes = std::max(stats_.peak_open_bytes, open_bytes_);
  }

  void close(Cursor& cursor) {
    if (cursor.open) readers_.put(cursor.rows->take_reader());
    cursor.rows.reset();
    if (!std::exchange(cursor.open, false)) return;
    std::erase(open_, &cursor);
    open_bytes_ -= cursor.ref.summary.raw_bytes;
  }

  bool before(const RowKey& a, const RowKey& b) const { return reverse_ ? b < a : a < b; }
  bool before(const Cursor& a, const Cursor& b) const {
    return a.next == b.next ? a.place < b.place : before(a.next, b.next);
  }
  struct Later {
    const Impl* timeline;
    bool operator()(uint32_t a, uint32_t b) const {
      return timeline->before(timeline->cursors_[b], timeline->cursors_[a]);
    }
  };
  Later later() const { return {this}; }

  void report(const BlockRef& ref, const Error& error) {
    if (was_removed(error)) return;
    Damage found = block_damage(reader_, ref, error);
    for (const Damage& known : damage_) {
      if (known.offset == found.offset && known.path == found.path) return;  // its notes were unreadable too
    }
    damage_.push_back(std::move(found));
  }

  const StoreReader& reader_;
  const Scan& scan_;
  const TimelineOptions options_;
  const bool reverse_;
  const bool keys_only_;
  RepeatSums counts_;
  std::vector<BlockRef> candidates_;
  std::vector<Cursor> cursors_;  // does not grow while pointers into it are held
  std::vector<uint32_t> heap_;   // of cursors; the next row's is first
  std::vector<Cursor*> open_;
  uint64_t open_bytes_ = 0;
  uint64_t portion_bytes_ = 0;
  Cursor* current_ = nullptr;
  std::optional<RowKey> first_wanted_;
  uint64_t skip_times_ = 0;       // of the first entry: copies older than the last N
  std::optional<uint64_t> left_;  // lines still to give
  TimelineEntry entry_;
  std::vector<Damage> damage_;
  Stats stats_;
  ReaderPool readers_;
  std::optional<WorkAhead<Opened>> ahead_;  // last: its threads use the rest
};

Timeline::Timeline(const StoreReader& reader, std::span<const BlockRef> refs, const Scan& scan, TimelineOptions options)
    : impl_(std::make_unique<Impl>(reader, refs, scan, options)) {}
Timeline::~Timeline() = default;
Timeline::Timeline(Timeline&&) noexcept = default;

const TimelineEntry* Timeline::next() { return impl_->next(); }
const std::vector<Damage>& Timeline::damage() const { return impl_->damage(); }
Timeline::Stats Timeline::stats() const { return impl_->stats(); }

}  // namespace sluice
