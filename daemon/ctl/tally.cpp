#include "daemon/ctl/tally.h"

namespace sluice {

std::vector<Tally::Share> Tally::top(size_t count) const {
  std::vector<Share> shares;
  shares.reserve(places_.size());
  for (const auto& [name, place] : places_) shares.push_back({name, lines_[place]});
  const auto larger = [](const Share& a, const Share& b) {
    return a.lines != b.lines ? a.lines > b.lines : a.name < b.name;
  };
  const size_t kept = std::min(count, shares.size());
  std::partial_sort(shares.begin(), shares.begin() + static_cast<ptrdiff_t>(kept), shares.end(), larger);
  shares.resize(kept);
  return shares;
}

Tally::Rest Tally::rest(size_t count) const {
  Rest rest{.names = places_.size(), .lines = lines_[0]};
  for (const auto& [name, place] : places_) rest.lines += lines_[place];
  for (const Share& share : top(count)) {
    --rest.names;
    rest.lines -= share.lines;
  }
  return rest;
}

}  // namespace sluice
