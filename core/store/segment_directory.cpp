#include "core/store/segment_directory.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr std::string_view kUnfinished = ".tmp";
constexpr std::string_view kSetAside = ".damaged";
constexpr std::string_view kSpoolSetAside = "spool.damaged";  // and whatever tells several of them apart

// A name can be given to any file; what replaces others must say so in its header too.
bool header_agrees(FileSystem& fs, const std::string& path, const SegmentName& name) {
  auto file = fs.open_read(path);
  if (!file) return false;
  std::string bytes(SegmentHeader::kBytes, '\0');
  auto read = (*file)->read_at(0, bytes.data(), bytes.size());
  if (!read || *read != bytes.size()) return false;
  const auto header = decode_segment_header(bytes);
  return header && header->name == name;
}

}  // namespace

std::string segment_path(const std::string& directory, const SegmentName& name) {
  return directory + "/" + segment_file_name(name);
}

std::string set_aside_path(const std::string& directory, const SegmentName& name) {
  return segment_path(directory, name).append(kSetAside);
}

std::string unfinished_path(const std::string& directory, const SegmentName& name) {
  return segment_path(directory, name).append(kUnfinished);
}

SegmentListing sort_out_segments(FileSystem& fs, const std::string& directory,
                                 const std::vector<std::string>& file_names) {
  SegmentListing listing;
  std::vector<SegmentName> names;
  for (const std::string& file_name : file_names) {
    if (file_name.starts_with(kSpoolSetAside)) listing.set_aside.push_back(file_name);
    std::string_view stem = file_name;
    const bool unfinished = stem.ends_with(kUnfinished);
    const bool set_aside = stem.ends_with(kSetAside);
    if (unfinished) stem.remove_suffix(kUnfinished.size());
    if (set_aside) stem.remove_suffix(kSetAside.size());
    const auto name = parse_segment_file_name(stem);
    if (!name) continue;
    listing.highest = std::max(listing.highest, name->last);
    if (unfinished) listing.unfinished.push_back(file_name);
    if (set_aside) listing.set_aside.push_back(file_name);
    if (!unfinished && !set_aside) names.push_back(*name);
  }

  // Highest level first: what is replaced itself replaces nothing.
  std::sort(names.begin(), names.end(),
            [](const SegmentName& a, const SegmentName& b) { return a.level != b.level ? a.level > b.level : a < b; });
  for (auto name = names.begin(); name != names.end(); ++name) {
    const auto replaces = [&](const SegmentName& other) { return other.replaces(*name); };
    if (std::any_of(listing.live.begin(), listing.live.end(), replaces)) {
      listing.replaced.push_back(*name);
      continue;
    }
    const bool has_inputs =
        std::any_of(name + 1, names.end(), [&](const SegmentName& other) { return name->replaces(other); });
    const std::string path = segment_path(directory, *name);
    if (has_inputs && !header_agrees(fs, path, *name)) {
      listing.damage.push_back({path, 0, SegmentHeader::kBytes, "a merge's result with a damaged header; not used"});
      continue;
    }
    listing.live.push_back(*name);
  }
  std::sort(listing.live.begin(), listing.live.end());
  std::sort(listing.replaced.begin(), listing.replaced.end());
  return listing;
}

}  // namespace sluice
