#include "core/query/message_search.h"

#include <algorithm>

namespace sluice {
namespace {

// A letter that a character outside ASCII folds to.
bool has_foldable(const std::string& literal) { return literal.find_first_of("skSK") != std::string::npos; }

// The last place at `place` or behind it whose message begins at `at` or before it. Mostly a near one.
uint32_t place_at(const BlockReader& block, uint32_t place, const char* at) {
  const auto begins_behind = [&](uint32_t p) { return block.message_at(p).data() > at; };
  uint32_t step = 1;
  uint32_t low = place;
  while (low + step < block.rows() && !begins_behind(low + step)) {
    low += step;
    step *= 2;
  }
  uint32_t high = static_cast<uint32_t>(std::min<uint64_t>(uint64_t{low} + step, block.rows()));
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    (begins_behind(middle) ? high : low) = middle;
  }
  return low;
}

}  // namespace

// Whether a message that matches holds, as it is stored, what the finders look for. (Escaped ones are not asked about.)
bool MessageSearch::finders_tell(std::string_view messages) const {
  const auto& finders = scan_.finders();
  const bool foldable = scan_.literals().folded && std::any_of(finders.begin(), finders.end(), [](const auto& finder) {
                          return has_foldable(finder.literal());
                        });
  return !finders.empty() && (!foldable || !holds_odd_letters(messages));
}

void MessageSearch::mark(const BlockReader& block, std::string_view messages, const LiteralFinder& finder) {
  uint32_t place = 0;
  for (size_t at = 0; (at = finder.find(messages, at)) != LiteralFinder::npos;) {
    const char* const found = messages.data() + at;
    place = place_at(block, place, found);
    const std::string_view text = block.message_at(place);
    if (found + finder.literal().size() <= text.data() + text.size()) {
      found_[place] = 1;
      if (++place == block.rows()) return;
      at = static_cast<size_t>(block.message_at(place).data() - messages.data());
    } else {
      ++at;  // it lies across the end of a message
    }
  }
}

Result<void> MessageSearch::keep_matching(BlockReader& block, std::vector<uint32_t>& rows) {
  const auto escaped = block.has_escaped_messages();
  if (!escaped) return Unexpected(escaped.error());
  if (!*escaped && scan_.asks_templates()) {
    const auto wanted = [&](std::string_view text) { return scan_.may_match_template(text); };
    if (auto r = block.load_messages(wanted); !r) return r;
  }
  auto messages = block.message_bytes();
  if (!messages) return Unexpected(messages.error());
  const bool told = finders_tell(*messages);
  if (told && !*escaped && !scan_.finders_find(*messages)) {
    rows.clear();
    return {};
  }
  if (auto r = block.load(kClassPart | kMessagePart); !r) return r;
  messages = block.message_bytes();
  if (!messages) return Unexpected(messages.error());
  const auto fits = [&](uint32_t row) { return scan_.matches_message(block.record(row), scratch_); };
  if (!told) {
    std::erase_if(rows, [&](uint32_t row) { return !fits(row); });
    return {};
  }
  const PatternLiterals& literals = scan_.literals();
  found_.assign(block.rows(), 0);
  const size_t wanted = literals.all_of.empty() ? scan_.finders().size() : 1;  // the longest, or each
  for (size_t i = 0; i < wanted; ++i) mark(block, *messages, scan_.finders()[i]);
  std::erase_if(rows, [&](uint32_t row) {
    if (*escaped && block.record(row).flags.has(kMessageEscaped)) return !fits(row);
    return found_[block.place_of(row)] == 0 || (!literals.exact && !fits(row));
  });
  return {};
}

}  // namespace sluice
