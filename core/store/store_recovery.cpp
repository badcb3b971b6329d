// What Store::open() finds in its directory, and what it makes of it.
#include <algorithm>

#include "core/store/store_impl.h"

namespace sluice {

Result<void> Store::Impl::recover() {
  auto names = fs_.list(options_.path);
  if (!names) return Unexpected(names.error());
  SegmentListing listing = sort_out_segments(fs_, options_.path, *names);
  next_number_ = listing.highest + 1;
  last_append_ = last_large_append_ = clock_.monotonic();

  for (const std::string& name : listing.unfinished) obsolete_.push_back(options_.path + "/" + name);
  for (const Damage& damage : listing.damage) report(StoreEvent::Kind::damaged, to_text(damage));
  for (const SegmentName& name : listing.live) recover_segment(name, name == listing.live.back());
  settle_found();
  remove_replaced(listing);
  directory_changed_ = true;  // whoever made these names may not have got to sync them
  remove_obsolete();
  std::optional<Nanos> newest;
  for (const SegmentFacts& facts : sealed_) {
    if (facts.rows > 0) newest = std::max(newest.value_or(facts.newest), facts.newest);
  }
  time_.emplace(clock_, newest);
  update_stats([](StoreStats&) {});
  return {};
}

void Store::Impl::recover_segment(const SegmentName& name, bool newest) {
  const std::string path = segment_path(options_.path, name);
  auto opened = SegmentReader::open(fs_, path);
  if (!opened) {
    report(StoreEvent::Kind::damaged, opened.error().message);
    sealed_.emplace_back(name, clock_.now()).mergeable = false;
    return;
  }
  const SegmentReader& found = **opened;
  if (found.header()) {
    next_id_ = std::max(next_id_, found.header()->next_id);
    next_number_ = std::max(next_number_, found.header()->name.last + 1);
  }
  for (const SegmentEntry& entry : found.entries()) {
    if (entry.summary.rows > 0) next_id_ = std::max(next_id_, entry.summary.last_id + 1);
  }
  if (newest) go_beyond_repeats(found);

  if (found.file_bytes() < SegmentHeader::kBytes) {
    obsolete_.push_back(path);  // its writer died while it made the file
  } else if (!found.header() && found.entries().empty()) {
    set_aside(name);
  } else if (!found.header() || found.header()->name != name) {
    report_damage(found);
    if (found.header()) report(StoreEvent::Kind::damaged, path + ": its header has another segment's name");
    keep_sealed(found, name, false);
  } else if (found.indexed()) {
    report_damage(found);
    keep_sealed(found, name, found.damage().empty());
  } else {
    resume_or_finish(found, name, newest);
  }
}

// Ids that no row has may still be named: those of collapsed lines, and after a power cut those of lost lines that others
// were counted as repeats of. Older segments name none above the newest one's header.
void Store::Impl::go_beyond_repeats(const SegmentReader& found) {
  for (const SegmentEntry& entry : found.entries()) {
    if (entry.summary.repeat_notes == 0) continue;
    auto bytes = found.read(entry);
    BlockReader block;
    if (!bytes || !block.open(std::move(*bytes))) continue;  // damage is told by whoever reads its lines
    if (const auto notes = block.repeats()) {
      for (const RepeatNote& note : *notes) next_id_ = std::max(next_id_, note.first_id + 1);
    }
    if (const auto collapsed = block.collapsed()) {
      for (const CollapsedLines& lines : *collapsed) next_id_ = std::max(next_id_, lines.end());
    }
  }
}

// A segment without its index: its writer died, or could not write it.
void Store::Impl::resume_or_finish(const SegmentReader& found, const SegmentName& name, bool newest) {
  report_damage(found);
  const bool whole = found.damage().empty() && found.tail() != TailKind::damaged;
  if (found.entries().empty() && whole && !newest) {
    obsolete_.push_back(found.path());
    return;
  }
  auto writer = SegmentWriter::resume(fs_, found);
  if (!writer) {
    trouble("recovery", writer.error());
    return keep_sealed(found, name, false);
  }
  if (found.tail() == TailKind::torn || found.tail() == TailKind::index) {
    report(StoreEvent::Kind::recovered, "cut off: " + to_text(found.tail_damage()));
  }
  if (found.entries().empty() && whole) {
    open_ = std::move(*writer);
    open_facts_ = SegmentFacts(name, found.header()->created);
    open_facts_.stored_bytes = open_->bytes();
    return;
  }
  auto finished = (*writer)->finish();
  update_stats([&](StoreStats& s) { s.sync_errors += (*writer)->take_sync_trouble().failed_syncs; });
  if (!finished) {
    trouble("recovery", finished.error());
  } else {
    report(StoreEvent::Kind::recovered,
           found.path() + ": index made again (" + std::to_string(found.entries().size()) + " blocks)");
  }
  keep_sealed(found, name, whole);
  sealed_.back().stored_bytes = (*writer)->bytes();
}

void Store::Impl::keep_sealed(const SegmentReader& found, const SegmentName& name, bool mergeable) {
  SegmentFacts& facts = sealed_.emplace_back(name, found.header() ? found.header()->created : clock_.now());
  for (const SegmentEntry& entry : found.entries()) facts.add(entry, sizes_);
  facts.stored_bytes = found.file_bytes();
  facts.mergeable = mergeable;
}

// Nothing in it can be read. It is kept under a name that no segment has, for whoever wants to look.
void Store::Impl::set_aside(const SegmentName& name) {
  const std::string path = segment_path(options_.path, name);
  const std::string aside = set_aside_path(options_.path, name);
  auto renamed = fs_.rename(path, aside);
  report(StoreEvent::Kind::damaged,
         renamed ? path + ": nothing in it can be read; kept as " + aside : renamed.error().message);
  update_stats([](StoreStats& s) { ++s.damaged_blocks; });
}

void Store::Impl::report_damage(const SegmentReader& found) {
  std::vector<Damage> damage = found.damage();
  if (found.tail() == TailKind::damaged) damage.push_back(found.tail_damage());
  for (const Damage& place : damage) {
    report(StoreEvent::Kind::damaged, to_text(place));
    update_stats([](StoreStats& s) { ++s.damaged_blocks; });
  }
}

// A former process may have died between writing and syncing. Who asks this store what it holds forgets what he has of it
// himself, so that all of it must be on the disk first.
void Store::Impl::settle_found() {
  auto synced = fs_.sync_directory(options_.path);
  for (const SegmentFacts& facts : sealed_) {
    if (!synced) break;
    auto file = fs_.open_append(segment_path(options_.path, facts.name));
    if (file) synced = (*file)->sync();
  }
  if (!synced) trouble("recovery", synced.error());
}

// What a merge replaced goes, provided that its result is whole. A damaged result keeps its inputs for a rescue.
void Store::Impl::remove_replaced(const SegmentListing& listing) {
  for (const SegmentName& name : listing.replaced) {
    const bool whole = std::any_of(sealed_.begin(), sealed_.end(), [&](const SegmentFacts& facts) {
      return facts.mergeable && facts.name.replaces(name);
    });
    if (whole) obsolete_.push_back(segment_path(options_.path, name));
  }
}

void Store::Impl::report(StoreEvent::Kind kind, std::string text) const {
  if (reporter_) reporter_({kind, std::move(text)});
}

void Store::Impl::trouble(const std::string& what, const Error& error) {
  if (troubles_.insert(what).second) report(StoreEvent::Kind::trouble, error.message);
}

StoreStats Store::Impl::stats() const {
  MutexLock lock(stats_mutex_);
  return stats_;
}

}  // namespace sluice
