#include "core/store/store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/store/store_impl.h"

namespace sluice {
namespace {

constexpr Nanos kFilterAge = 600 * kSecond;  // after this long a segment gets its filters even while lines keep coming
constexpr Nanos kMergeRetry = 60 * kSecond;  // after a merge that could not be written
constexpr int kRetentionParts = 8;           // segments are kept this much smaller than what retention keeps of them
constexpr uint64_t kMinBlockBytes = 64 << 10;

StoreOptions within_limits(StoreOptions options) {
  options.block_bytes = std::clamp<uint64_t>(options.block_bytes, kMinBlockBytes, kMaxBlockTarget);
  if (options.pack_bytes > 0) {
    options.pack_bytes = std::clamp<uint64_t>(options.pack_bytes, options.block_bytes, kMaxBlockTarget);
  }
  if (options.retention_bytes > 0) {
    options.segment_bytes = std::min(options.segment_bytes, options.retention_bytes / kRetentionParts);
  }
  return options;
}

}  // namespace

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(StoreOptions options, FileSystem& fs, const Clock& clock,
                                           Reporter reporter) {
  auto impl = std::make_unique<Impl>(within_limits(std::move(options)), fs, clock, std::move(reporter));
  if (auto locked = impl->lock(); !locked) return Unexpected(locked.error());
  if (auto recovered = impl->recover(); !recovered) return Unexpected(recovered.error());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<void> Store::append(const EncodedBlock& block) { return impl_->append(block); }
bool Store::maintain() { return impl_->maintain(); }
Result<void> Store::sync() { return impl_->sync(); }
uint64_t Store::appended() const { return impl_->appended(); }
uint64_t Store::synced() const { return impl_->synced(); }
uint64_t Store::next_id() const { return impl_->next_id(); }
StoreStats Store::stats() const { return impl_->stats(); }
void Store::keep_collapsed_from(uint64_t id) { impl_->keep_collapsed_from(id); }
void Store::pause_merging(bool pause) { impl_->pause_merging(pause); }

Store::Impl::Impl(StoreOptions options, FileSystem& fs, const Clock& clock, Reporter reporter)
    : options_(std::move(options)), fs_(fs), clock_(clock), reporter_(std::move(reporter)) {}

Store::Impl::~Impl() {
  merge_.reset();
  if (open_ && !open_->entries().empty()) roll();
}

Result<void> Store::Impl::lock() {
  if (auto made = fs_.make_directory(options_.path); !made) return made;
  const std::string path = options_.path + "/lock";
  auto lock = fs_.lock(path);
  if (!lock) {
    if (lock.error().sys != EWOULDBLOCK) return Unexpected(lock.error());
    char text[32] = {};
    auto holder = fs_.open_read(path);
    if (holder) (void)(*holder)->read_at(0, text, sizeof text - 1);
    const std::string pid(text, std::find(text, text + sizeof text, '\n'));
    return Unexpected(Error{"store " + options_.path + " is in use by another process" +
                                (pid.empty() ? std::string() : " (pid " + pid + ")"),
                            EWOULDBLOCK});
  }
  lock_ = std::move(*lock);
  auto written = lock_->truncate(0);
  if (written) written = lock_->append(std::to_string(::getpid()) + "\n");
  if (!written && written.error().sys != ENOSPC) return written;  // on a full disk the pid is merely not told
  return {};
}

Result<void> Store::Impl::append(const EncodedBlock& block) {
  if (!open_) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  auto written = open_->append(block.bytes, block.summary);
  if (!written) {
    if (open_->left_torn()) abandon_open();
    return written;
  }
  if (options_.sync_interval <= 0) {
    if (auto synced = sync_open(); !synced) {
      (void)open_->take_back();  // what can't be taken back now is before the next append
      return synced;
    }
  }
  const Nanos now = clock_.monotonic();
  if (open_facts_.blocks == 0) opened_at_ = now;
  if (!unsynced_since_ && options_.sync_interval > 0) unsynced_since_ = now;
  last_append_ = now;
  if (!is_small_block(block.summary, options_.block_bytes)) last_large_append_ = now;
  open_facts_.add(open_->entries().back(), sizes_);
  open_facts_.stored_bytes = open_->bytes();
  next_id_ = std::max(next_id_, block.end_id);
  ++appended_;
  if (options_.sync_interval <= 0) synced_ = appended_;
  update_stats([&](StoreStats& s) {
    ++s.blocks_written;
    s.bytes_written += BlockEnvelope::kBytes + block.bytes.size();
  });
  return {};
}

Result<void> Store::Impl::begin_segment() {
  const SegmentName name{next_number_, next_number_, 0};
  const SegmentHeader header{.name = name,
                             .file_id = new_file_id(name, static_cast<uint64_t>(clock_.now())),
                             .created = clock_.now(),
                             .next_id = next_id_};
  auto writer = SegmentWriter::create(fs_, segment_path(options_.path, name), header);
  if (!writer) {
    if (writer.error().sys == EEXIST) ++next_number_;
    return Unexpected(writer.error());
  }
  ++next_number_;
  open_ = std::move(*writer);
  open_facts_ = SegmentFacts(name, header.created);
  open_facts_.stored_bytes = open_->bytes();
  directory_changed_ = true;
  return {};
}

Result<void> Store::Impl::sync_open() {
  while (!unsynced_left_.empty()) {
    if (auto synced = unsynced_left_.back()->sync(); !synced) return synced;
    unsynced_left_.pop_back();
  }
  if (open_) {
    auto synced = open_->sync();
    note_sync_trouble();
    if (!synced) return synced;
    update_stats([](StoreStats& s) { ++s.syncs; });
  }
  return sync_directory();
}

Result<void> Store::Impl::sync_directory() {
  if (!directory_changed_) return {};
  auto synced = fs_.sync_directory(options_.path);
  if (synced) directory_changed_ = false;
  if (!synced) update_stats([](StoreStats& s) { ++s.sync_errors; });
  return synced;
}

// What a failed sync of the open segment cost: it is counted, and blocks that are lost are told and no longer summed up.
void Store::Impl::note_sync_trouble() {
  const SegmentWriter::SyncTrouble trouble = open_->take_sync_trouble();
  if (trouble.failed_syncs > 0) update_stats([&](StoreStats& s) { s.sync_errors += trouble.failed_syncs; });
  if (trouble.lost.empty()) return;
  SegmentFacts left(open_facts_.name, open_->header().created);
  for (const SegmentEntry& entry : open_->entries()) left.add(entry, sizes_);
  left.stored_bytes = open_->bytes();
  left.mergeable = false;
  open_facts_ = left;
  for (const Damage& block : trouble.lost) report(StoreEvent::Kind::damaged, to_text(block));
  update_stats([&](StoreStats& s) { s.damaged_blocks += trouble.lost.size(); });
}

Result<void> Store::Impl::sync() {
  auto synced = sync_open();
  if (synced) {
    unsynced_since_.reset();
    synced_ = appended_;
  }
  return synced;
}

bool Store::Impl::roll() {
  auto finished = open_->finish();
  note_sync_trouble();
  if (!finished) {
    trouble("index", finished.error());
    if (open_->left_torn()) abandon_open();
    return false;
  }
  seal_open();
  if (unsynced_left_.empty() && sync_directory()) {
    unsynced_since_.reset();
    synced_ = appended_;
  }  // if not now, then with the next sync
  return true;
}

// The open segment stays behind without its index: it can be read by scanning, up to its torn tail.
void Store::Impl::abandon_open() {
  if (open_->entries().empty()) {
    obsolete_.push_back(open_->path());
    open_.reset();
  } else {
    auto synced = open_->sync();
    if (!synced) trouble("sync", synced.error());
    note_sync_trouble();
    auto writer = seal_open();
    if (!synced) unsynced_left_.push_back(std::move(writer));
  }
}

std::unique_ptr<SegmentWriter> Store::Impl::seal_open() {
  open_facts_.stored_bytes = open_->bytes();
  sealed_.push_back(open_facts_);
  return std::move(open_);
}

bool Store::Impl::maintain() {
  const Nanos now = clock_.monotonic();
  if (unsynced_since_ && now - *unsynced_since_ >= options_.sync_interval) {
    auto synced = sync();
    if (synced) {
      settle("sync");
    } else {
      unsynced_since_ = now;  // tried again after another interval
      trouble("sync", synced.error());
    }
  }
  if (roll_is_due(now) && roll()) settle("index");
  apply_retention();
  remove_obsolete();
  const bool more = merge_some(now);
  update_stats([](StoreStats&) {});
  return more;
}

bool Store::Impl::roll_is_due(Nanos now) const {
  if (!open_ || open_facts_.blocks == 0) return false;
  if (open_facts_.stored_bytes >= options_.segment_bytes || now - opened_at_ >= options_.segment_age) return true;
  if (!options_.merge || merging_paused_.load(std::memory_order_relaxed)) return false;
  if (sizes_.packed > 0 && open_facts_.unpacked_weight >= sizes_.packed && is_calm(now)) return true;
  const Nanos idle = now - last_append_;
  // So that its blocks get their filters.
  if (idle >= options_.merge_quiet && open_facts_.unfiltered_stored_bytes >= options_.segment_bytes / kWorthFiltering) {
    return true;
  }
  // A few small blocks among large ones gain too little.
  if (open_facts_.small_blocks == 0 || open_facts_.small_stored_bytes * 8 < open_facts_.stored_bytes) return false;
  constexpr uint64_t kIdleBlocks = 4;  // fewer wait until it is quiet: a file for each would be worse
  return open_facts_.small_blocks >= options_.small_blocks || idle >= options_.merge_quiet ||
         (open_facts_.small_blocks >= kIdleBlocks && idle >= options_.merge_idle);
}

// Blocks are sealed by their age and not by their size: the workers have time to spare.
bool Store::Impl::is_calm(Nanos now) const { return now - last_large_append_ >= options_.merge_idle; }

Nanos Store::Impl::time_for_retention() {
  const Nanos now = time_->look();
  const bool doubted = time_->doubted();
  if (stats().clock_doubted == doubted) return now;
  update_stats([&](StoreStats& s) { s.clock_doubted = doubted; });
  if (options_.retention_age == 0) return now;
  if (doubted) {
    report(StoreEvent::Kind::trouble, "the clock is " + std::to_string(time_->ahead() / kSecond) +
                                          " s ahead of what was expected: for an hour retention by age goes by the "
                                          "expected time; if the clock is wrong, set it right before then");
  } else {
    report(StoreEvent::Kind::recovered, "the clock is believed again");
  }
  return now;
}

void Store::Impl::apply_retention() {
  const RetentionLimits limits{options_.retention_bytes, options_.retention_age};
  const auto overdue = overdue_segments(sealed_, open_ ? open_facts_.stored_bytes : 0, time_for_retention(), limits);
  if (overdue.empty()) return;
  // The newest file's header carries the numbers on. When it goes, another one must stand there.
  if (!open_) {
    auto begun = begin_segment();
    if (begun) begun = sync_open();
    if (!begun) return trouble("retention", begun.error());
  }
  for (auto i = overdue.rbegin(); i != overdue.rend(); ++i) {
    const SegmentFacts facts = sealed_[*i];
    if (merge_) {
      const auto& inputs = merge_->inputs();
      if (std::find(inputs.begin(), inputs.end(), facts.name) != inputs.end()) merge_.reset();
    }
    obsolete_.push_back(segment_path(options_.path, facts.name));
    sealed_.erase(sealed_.begin() + static_cast<ptrdiff_t>(*i));
    report(StoreEvent::Kind::removed, "retention removes " + segment_file_name(facts.name) + " (" +
                                          std::to_string(facts.rows) + " lines, " + std::to_string(facts.stored_bytes) +
                                          " bytes)");
    update_stats([](StoreStats& s) { ++s.segments_removed; });
  }
  settle("retention");
}

// Files that no longer count. Should one stay for now, nobody reads it.
void Store::Impl::remove_obsolete() {
  if (obsolete_.empty()) return;
  if (auto synced = sync_directory(); !synced) return trouble("remove", synced.error());
  std::erase_if(obsolete_, [&](const std::string& path) {
    auto removed = fs_.remove(path);
    if (removed || removed.error().sys == ENOENT) return true;
    trouble("remove", removed.error());
    return false;
  });
}

bool Store::Impl::merge_some(Nanos now) {
  if (!options_.merge || merging_paused_.load(std::memory_order_relaxed)) {
    merge_.reset();
    return false;
  }
  if (!merge_) return now >= merge_after_ && begin_merge(now);
  switch (merge_->step()) {
    case Merge::State::working:
      return true;
    case Merge::State::done:
      take_merge_result();
      break;
    case Merge::State::failed:
      update_stats([&](StoreStats& s) { s.sync_errors += merge_->take_failed_syncs(); });
      trouble("merge", merge_->error());
      merge_after_ = now + kMergeRetry;
      break;
    case Merge::State::damaged:
      report(StoreEvent::Kind::damaged, "not merged: " + merge_->error().message);
      for (SegmentFacts& facts : sealed_) {
        if (facts.name == merge_->damaged_input()) facts.mergeable = false;
      }
      update_stats([](StoreStats& s) { ++s.damaged_blocks; });
      break;
  }
  merge_.reset();
  return now >= merge_after_;
}

bool Store::Impl::begin_merge(Nanos now) {
  MergeLimits limits{.segment_bytes = options_.segment_bytes, .span = options_.retention_age / kRetentionParts};
  const Nanos idle = now - last_append_;
  if (idle >= options_.merge_idle) limits.pace = MergePace::idle;
  if (idle >= options_.merge_quiet) limits.pace = MergePace::quiet;
  limits.filter_before = time_->look() - kFilterAge;
  auto run = plan_merge(sealed_, limits);
  const bool pack = !run && sizes_.packed > 0 && is_calm(now);
  if (pack) run = plan_packing(sealed_, limits, sizes_.packed);
  const bool packs = pack && run.has_value();
  if (!run) run = plan_filtering(sealed_, limits);
  if (!run) return false;
  std::vector<SegmentName> inputs;
  for (size_t i = run->begin; i < run->end; ++i) inputs.push_back(sealed_[i].name);
  const MergeOptions options{.sizes = sizes_,
                             .pack = packs,
                             .level = packs ? options_.pack_level : options_.merge_level,
                             .filter_from = options_.filter_from,
                             .keep_collapsed_from = keep_collapsed_from_,
                             .account = options_.account};
  merge_ = std::make_unique<Merge>(fs_, options_.path, std::move(inputs), options);
  return true;
}

void Store::Impl::take_merge_result() {
  const auto& inputs = merge_->inputs();
  directory_changed_ = true;  // the new name must be durable before the old files go
  const auto is_input = [&](const SegmentFacts& facts) { return merge_->result().replaces(facts.name); };
  const auto begin = std::find_if(sealed_.begin(), sealed_.end(), is_input);
  const auto at = sealed_.erase(begin, std::find_if_not(begin, sealed_.end(), is_input));
  sealed_.insert(at, merge_->facts());
  for (const SegmentName& input : inputs) obsolete_.push_back(segment_path(options_.path, input));
  report(StoreEvent::Kind::merged,
         "merged " + std::to_string(inputs.size()) + " segments into " + segment_file_name(merge_->result()) + " (" +
             std::to_string(merge_->facts().rows) + " lines, " + std::to_string(merge_->facts().blocks) + " blocks)");
  update_stats([&](StoreStats& s) {
    ++s.merges;
    s.blocks_merged += merge_->blocks_merged();
  });
  settle("merge");
  remove_obsolete();
}

}  // namespace sluice
