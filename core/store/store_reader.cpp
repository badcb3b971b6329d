#include "core/store/store_reader.h"

#include <algorithm>
#include <cerrno>
#include <map>

#include "core/store/segment_directory.h"
#include "core/store/segment_reader.h"

namespace sluice {
namespace {

constexpr int kMaxLooks = 100;  // a directory that changes each time it is looked at is read as last seen

struct Sums {
  uint64_t rows = 0, repeats = 0;
  void add(const SegmentReader& segment) {
    for (const SegmentEntry& entry : segment.entries()) {
      rows += entry.summary.rows;
      repeats += entry.summary.repeats;
    }
  }
  friend bool operator==(const Sums&, const Sums&) = default;
};

BlockRef make_ref(const SegmentName& name, const SegmentEntry& entry) {
  return {name.first, entry.offset, entry.length, entry.summary, name.level, entry.checksum};
}

}  // namespace

ShownIds::ShownIds(std::vector<uint64_t> ids) {
  std::sort(ids.begin(), ids.end());
  for (const uint64_t id : ids) {
    if (ranges_.empty() || id > ranges_.back().last + 1) {
      ranges_.push_back({id, id});
    } else {
      ranges_.back().last = id;
    }
  }
}

bool ShownIds::has(uint64_t id) const {
  const auto next =
      std::upper_bound(ranges_.begin(), ranges_.end(), id, [](uint64_t v, const Range& r) { return v < r.first; });
  return next != ranges_.begin() && id <= std::prev(next)->last;
}

class StoreReader::Impl {
 public:
  Impl(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  Result<void> look();
  Result<std::vector<BlockRef>> refresh();
  Result<void> read(const BlockRef& ref, BlockReader& block) const;
  Result<std::string> read_beginning(const BlockRef& ref, uint64_t size) const;
  std::vector<Damage> verify() const;

  std::vector<BlockRef> blocks_;
  std::vector<Damage> damage_, torn_;
  std::vector<std::string> unfinished_, set_aside_;  // paths, as of the last look
  std::vector<SegmentInfo> infos_;

 private:
  using Segments = std::map<SegmentName, std::shared_ptr<SegmentReader>>;

  std::vector<std::string> with_directory(const std::vector<std::string>& names) const;
  void add_unseen(const SegmentName& name, const SegmentReader& segment, std::vector<BlockRef>& fresh) const;
  void add_ids(const SegmentReader& segment, std::vector<uint64_t>& ids) const;
  void describe();
  const SegmentReader* find(const BlockRef& ref) const;

  FileSystem& fs_;
  const std::string path_;
  Segments segments_;
  Segments retired_;                // shown before and replaced or removed since the last look: refs may need them
  std::vector<Damage> unreadable_;  // of the last look: files that can't be opened, merge results that don't count
};

// Lists and opens until nothing changed meanwhile. Only then is it sure that no segment was missed: one that a merge
// replaced after the listing began may be gone from it, and the merge's result not be in it yet.
Result<void> StoreReader::Impl::look() {
  const Segments before = segments_;
  Segments opened = segments_;
  std::vector<std::string> names;
  for (int looks = 0; looks < kMaxLooks; ++looks) {
    auto listed = fs_.list(path_);
    if (!listed) return Unexpected(listed.error());
    if (looks > 0 && *listed == names) break;
    names = std::move(*listed);
    const SegmentListing listing = sort_out_segments(fs_, path_, names);
    unreadable_ = listing.damage;
    unfinished_ = with_directory(listing.unfinished);
    set_aside_ = with_directory(listing.set_aside);
    Segments live;
    for (const SegmentName& name : listing.live) {
      auto known = opened.find(name);
      // One that was still being written when it was opened a moment ago: where the listing has changed since, the writer
      // may have gone on in the next segment, and what came between would be missing. What was known before this look
      // is refresh()'s to extend.
      if (known != opened.end() && looks > 0 && !known->second->indexed() && !before.contains(name)) {
        opened.erase(known);
        known = opened.end();
      }
      if (known == opened.end()) {
        const std::string path = segment_path(path_, name);
        auto segment = SegmentReader::open(fs_, path);
        if (!segment) {
          // Gone since it was listed: the next listing differs.
          if (segment.error().sys != ENOENT) unreadable_.push_back({path, 0, 0, segment.error().message});
          continue;
        }
        known = opened.emplace(name, std::move(*segment)).first;
      }
      live.insert(*known);
    }
    segments_ = std::move(live);
  }
  describe();
  return {};
}

std::vector<std::string> StoreReader::Impl::with_directory(const std::vector<std::string>& names) const {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(path_ + "/" + name);
  return paths;
}

void StoreReader::Impl::describe() {
  blocks_.clear();
  infos_.clear();
  torn_.clear();
  damage_ = unreadable_;
  size_t newer = segments_.size();
  for (const auto& [name, segment] : segments_) {
    for (const SegmentEntry& entry : segment->entries()) blocks_.push_back(make_ref(name, entry));
    damage_.insert(damage_.end(), segment->damage().begin(), segment->damage().end());
    if (segment->tail() == TailKind::torn) torn_.push_back(segment->tail_damage());
    if (segment->tail() == TailKind::index || segment->tail() == TailKind::damaged) {
      damage_.push_back(segment->tail_damage());
    }
    infos_.push_back({name.first, segment->path(), segment->file_bytes(), segment->indexed(), name.last, name.level});
    if (newer-- > kOpenSegments && segment->indexed()) segment->release_file();
  }
}

Result<std::vector<BlockRef>> StoreReader::Impl::refresh() {
  std::vector<BlockRef> fresh;
  // First what the segments already open got since, be they replaced by now or not.
  for (auto& [name, segment] : segments_) {
    auto first_new = segment->extend();
    if (!first_new) continue;  // cut back by the writer while it was read: the next look sees it as it is then
    for (size_t i = *first_new; i < segment->entries().size(); ++i) {
      fresh.push_back(make_ref(name, segment->entries()[i]));
    }
  }
  retired_ = segments_;
  if (auto looked = look(); !looked) return Unexpected(looked.error());
  for (const auto& [name, segment] : segments_) {
    if (!retired_.contains(name)) add_unseen(name, *segment, fresh);
  }
  for (const auto& [name, segment] : segments_) retired_.erase(name);
  return fresh;
}

// A segment not seen before. If it replaced some that were, only what it has beyond them is new.
void StoreReader::Impl::add_unseen(const SegmentName& name, const SegmentReader& segment,
                                   std::vector<BlockRef>& fresh) const {
  Sums seen, all;
  all.add(segment);
  std::vector<const SegmentReader*> replaced;
  for (const auto& [old_name, old] : retired_) {
    if (!name.replaces(old_name)) continue;
    replaced.push_back(old.get());
    seen.add(*old);
  }
  if (!replaced.empty() && seen == all) return;
  std::shared_ptr<const ShownIds> skip;
  if (!replaced.empty()) {
    std::vector<uint64_t> ids;
    for (const SegmentReader* old : replaced) add_ids(*old, ids);
    skip = std::make_shared<ShownIds>(std::move(ids));
  }
  for (const SegmentEntry& entry : segment.entries()) {
    fresh.push_back(make_ref(name, entry));
    fresh.back().skip = skip;
  }
}

void StoreReader::Impl::add_ids(const SegmentReader& segment, std::vector<uint64_t>& ids) const {
  for (const SegmentEntry& entry : segment.entries()) {
    auto bytes = segment.read(entry);
    BlockReader block;
    if (!bytes || !block.open(std::move(*bytes)) || !block.load_filters()) continue;
    for (uint32_t row = 0; row < block.rows(); ++row) ids.push_back(block.record(row).id);
  }
}

const SegmentReader* StoreReader::Impl::find(const BlockRef& ref) const {
  for (const Segments* segments : {&segments_, &retired_}) {
    // A ref has no last number; the names with its first number are few.
    for (auto i = segments->lower_bound({ref.segment, 0, 0}); i != segments->end(); ++i) {
      if (i->first.first != ref.segment) break;
      if (i->first.level == ref.level) return i->second.get();
    }
  }
  return nullptr;
}

Result<void> StoreReader::Impl::read(const BlockRef& ref, BlockReader& block) const {
  const SegmentReader* segment = find(ref);
  if (!segment) return Unexpected(Error{"segment " + std::to_string(ref.segment) + " was removed", ENOENT});
  auto bytes = segment->read({ref.offset, static_cast<uint32_t>(ref.length), ref.checksum, ref.summary});
  if (!bytes) return Unexpected(bytes.error());
  return block.open(std::move(*bytes));
}

Result<std::string> StoreReader::Impl::read_beginning(const BlockRef& ref, uint64_t size) const {
  const SegmentReader* segment = find(ref);
  if (!segment) return Unexpected(Error{"segment " + std::to_string(ref.segment) + " was removed", ENOENT});
  return segment->read_beginning({ref.offset, static_cast<uint32_t>(ref.length), ref.checksum, ref.summary}, size);
}

std::vector<Damage> StoreReader::Impl::verify() const {
  std::vector<Damage> found = damage_;
  for (const std::string& path : set_aside_) {
    auto file = fs_.open_read(path);
    const auto size = file ? (*file)->size() : Result<uint64_t>(Unexpected(file.error()));
    found.push_back({path, 0, size ? *size : 0, "put aside: what is in it could not be read"});
  }
  for (const auto& [name, segment] : segments_) {
    for (const SegmentEntry& entry : segment->entries()) {
      if (auto damage = segment->inspect(entry)) {
        found.push_back(std::move(*damage));
        continue;
      }
      const auto bad = [&](std::string what) {
        found.push_back({segment->path(), entry.offset, entry.end() - entry.offset, std::move(what)});
      };
      auto bytes = segment->read(entry);
      BlockReader block;
      Result<void> decoded = bytes ? block.open(std::move(*bytes)) : Unexpected(bytes.error());
      if (decoded && block.summary() != entry.summary) decoded = Unexpected(Error{"the index tells something else"});
      if (decoded) decoded = block.load_all();
      if (decoded) {
        if (auto notes = block.repeats(); !notes) decoded = Unexpected(notes.error());
      }
      if (!decoded) bad("block: " + decoded.error().message);
    }
  }
  return found;
}

StoreReader::StoreReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::open(FileSystem& fs, const std::string& path) {
  auto impl = std::make_unique<Impl>(fs, path);
  if (auto looked = impl->look(); !looked) return Unexpected(looked.error());
  return std::unique_ptr<StoreReader>(new StoreReader(std::move(impl)));
}

const std::vector<BlockRef>& StoreReader::blocks() const { return impl_->blocks_; }
const std::vector<Damage>& StoreReader::damage() const { return impl_->damage_; }
const std::vector<Damage>& StoreReader::torn_tails() const { return impl_->torn_; }
const std::vector<StoreReader::SegmentInfo>& StoreReader::segments() const { return impl_->infos_; }
Result<void> StoreReader::read(const BlockRef& ref, BlockReader& block) const { return impl_->read(ref, block); }
Result<std::string> StoreReader::read_beginning(const BlockRef& ref, uint64_t size) const {
  return impl_->read_beginning(ref, size);
}
Result<std::vector<BlockRef>> StoreReader::refresh() { return impl_->refresh(); }
const std::vector<std::string>& StoreReader::unfinished() const { return impl_->unfinished_; }
std::vector<Damage> StoreReader::verify() const { return impl_->verify(); }

}  // namespace sluice
