#include "core/parse/structured_data.h"

#include <algorithm>
#include <array>

#include "core/base/hash.h"
#include "core/parse/event.h"

namespace sluice {
namespace {

constexpr uint32_t kMaxNameOctets = 32;     // SD-NAME in RFC 5424
constexpr size_t kMaxPairwiseElements = 8;  // 28 comparisons; beyond that hashing is cheaper

enum : uint8_t { kNameOctet = 1, kPlainInQuotes = 2, kPlainUnquoted = 4 };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool printable = c > 0x20 && c != 0x7f;  // octets of UTF-8 are let through
    if (printable && c != '=' && c != '"' && c != ']') classes[c] |= kNameOctet;
    if (c != '"' && c != '\\' && c != ']') classes[c] |= kPlainInQuotes;
    if (printable && c != '=' && c != '"' && c != ']' && c != '[') classes[c] |= kPlainUnquoted;
  }
  return classes;
}();

bool is(char c, uint8_t kind) { return (kClasses[static_cast<unsigned char>(c)] & kind) != 0; }

bool needs_escape(char c) { return c == '"' || c == '\\' || c == ']'; }

// Reads elements and tells `handler` of each id and parameter. One grammar for measuring and for reading.
template <class Handler>
class Scanner {
 public:
  Scanner(std::string_view text, Handler& handler)
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()), handler_(handler) {}

  SdMeasure run() {
    while (p_ != end_ && *p_ == '[') {
      if (!element()) return {.length = 0, .flags = flags_, .broken = true};
    }
    return {.length = static_cast<uint32_t>(p_ - begin_), .flags = flags_, .broken = false};
  }

 private:
  bool at(char c) const { return p_ != end_ && *p_ == c; }

  std::string_view name() {
    const char* from = p_;
    while (p_ != end_ && is(*p_, kNameOctet)) ++p_;
    if (p_ - from > kMaxNameOctets) flags_ |= kFieldOverlong;
    return {from, static_cast<size_t>(p_ - from)};
  }

  // Returns how many.
  size_t skip_blanks() {
    const char* from = p_;
    while (at(' ')) ++p_;
    return static_cast<size_t>(p_ - from);
  }

  bool element() {
    ++p_;  // '['
    if (skip_blanks() > 0) flags_ |= kSdRepaired;
    if (at(']')) {  // nothing in it, so nothing to tell of
      ++p_;
      flags_ |= kSdRepaired;
      return true;
    }
    const std::string_view id = name();
    if (id.empty() || p_ == end_ || (*p_ != ' ' && *p_ != ']')) return false;
    handler_.element(id);
    for (;;) {
      const size_t blanks = skip_blanks();
      if (at(']')) {
        ++p_;
        if (blanks > 0) flags_ |= kSdRepaired;
        return true;
      }
      if (blanks != 1) flags_ |= kSdRepaired;
      if (!param()) return false;
    }
  }

  bool param() {
    const std::string_view param_name = name();
    if (param_name.empty() || !at('=')) return false;
    ++p_;
    return at('"') ? quoted(param_name) : unquoted(param_name);
  }

  bool quoted(std::string_view param_name) {
    const char* from = ++p_;
    bool escaped = false;
    for (;; ++p_) {
      while (p_ != end_ && is(*p_, kPlainInQuotes)) ++p_;
      if (p_ == end_) return false;
      if (*p_ == '"') break;
      if (*p_ == '\\' && end_ - p_ > 1 && needs_escape(p_[1])) {
        escaped = true;
        ++p_;
      } else {  // a backslash that escapes nothing, or a ']' that should be escaped
        flags_ |= kSdRepaired;
      }
    }
    handler_.param(param_name, {from, static_cast<size_t>(p_ - from)}, escaped);
    ++p_;
    return p_ != end_;
  }

  bool unquoted(std::string_view param_name) {
    const char* from = p_;
    while (p_ != end_ && is(*p_, kPlainUnquoted)) ++p_;
    if (p_ == end_ || (*p_ != ' ' && *p_ != ']')) return false;
    flags_ |= kSdRepaired;
    handler_.param(param_name, {from, static_cast<size_t>(p_ - from)}, false);
    return true;
  }

  const char* const begin_;
  const char* p_;
  const char* const end_;
  Handler& handler_;
  uint32_t flags_ = 0;
};

// Finds out whether an id comes twice, whatever a sender does in time n log n.
struct RepeatFinder {
  explicit RepeatFinder(std::vector<uint64_t>& scratch) : hashes(scratch) {}

  std::vector<uint64_t>& hashes;
  // Set up to `count` only: clearing it would cost more than most messages' structured data.
  const char* id_text[kMaxPairwiseElements];
  size_t id_size[kMaxPairwiseElements];
  size_t count = 0;
  bool repeated = false;

  void element(std::string_view id) {
    if (count < kMaxPairwiseElements) {
      for (size_t i = 0; i < count; ++i) repeated = repeated || early_id(i) == id;
      id_text[count] = id.data();
      id_size[count++] = id.size();
      return;
    }
    if (count == kMaxPairwiseElements) {
      hashes.clear();
      for (size_t i = 0; i < kMaxPairwiseElements; ++i) hashes.push_back(hash64(early_id(i), process_seed()));
      ++count;
    }
    hashes.push_back(hash64(id, process_seed()));
  }
  void param(std::string_view, std::string_view, bool) {}
  std::string_view early_id(size_t i) const { return {id_text[i], id_size[i]}; }

  bool found() {
    if (count > kMaxPairwiseElements && !repeated) {
      std::sort(hashes.begin(), hashes.end());
      repeated = std::adjacent_find(hashes.begin(), hashes.end()) != hashes.end();
    }
    return repeated;
  }
};

}  // namespace

struct SdCollector {
  StructuredData& data;
  uint32_t current = 0;

  void element(std::string_view id) { current = data.element_of(id); }

  void param(std::string_view name, std::string_view value, bool escaped) {
    if (escaped) {
      const size_t from = data.unescaped_.size();
      for (size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && needs_escape(value[i + 1])) ++i;
        data.unescaped_.push_back(value[i]);
      }
      value = std::string_view(data.unescaped_).substr(from);
    }
    data.params_.push_back({name, value, current});
  }
};

SdMeasure SdMeasurer::measure(std::string_view text) {
  RepeatFinder finder(id_hashes_);
  SdMeasure result = Scanner<RepeatFinder>(text, finder).run();
  if (!result.broken && finder.found()) result.flags |= kSdIdRepeated;
  return result;
}

bool StructuredData::parse(std::string_view text) {
  elements_.clear();
  params_.clear();
  slots_.clear();
  unescaped_.clear();
  unescaped_.reserve(text.size());
  SdCollector collector{.data = *this};
  const SdMeasure measure = Scanner<SdCollector>(text, collector).run();
  sort_params();
  return !measure.broken && measure.length == text.size();
}

uint32_t StructuredData::element_of(std::string_view id) {
  const auto added = [&] {
    elements_.push_back({.id = id});
    return static_cast<uint32_t>(elements_.size() - 1);
  };
  if (elements_.size() < kMaxPairwiseElements) {
    for (uint32_t i = 0; i < elements_.size(); ++i) {
      if (elements_[i].id == id) return i;
    }
    return added();
  }
  const auto slot_of = [&](std::string_view wanted) -> uint32_t& {
    size_t at = hash64(wanted, process_seed()) & (slots_.size() - 1);
    while (slots_[at] != 0 && elements_[slots_[at] - 1].id != wanted) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  };
  if (slots_.size() < 2 * (elements_.size() + 1)) {  // at most half full, so that a search ends soon
    slots_.assign(std::max<size_t>(4 * kMaxPairwiseElements, 2 * slots_.size()), 0);
    for (uint32_t i = 0; i < elements_.size(); ++i) slot_of(elements_[i].id) = i + 1;
  }
  uint32_t& slot = slot_of(id);
  if (slot == 0) slot = added() + 1;
  return slot - 1;
}

void StructuredData::sort_params() {
  // Names are views into the text: their addresses tell which came first.
  const auto by_element = [](const Param& a, const Param& b) {
    return a.element != b.element ? a.element < b.element : a.name.data() < b.name.data();
  };
  if (!std::is_sorted(params_.begin(), params_.end(), by_element))
    std::sort(params_.begin(), params_.end(), by_element);
  for (uint32_t i = 0; i < params_.size(); ++i) {
    Element& element = elements_[params_[i].element];
    if (element.param_count++ == 0) element.first_param = i;
  }
}

std::optional<std::string_view> StructuredData::find(std::string_view id, std::string_view name) const {
  const Element* found = nullptr;
  if (slots_.empty()) {
    for (const Element& element : elements_) {
      if (element.id == id) found = &element;
    }
  } else {
    size_t at = hash64(id, process_seed()) & (slots_.size() - 1);
    while (slots_[at] != 0 && elements_[slots_[at] - 1].id != id) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at] != 0) found = &elements_[slots_[at] - 1];
  }
  if (found == nullptr) return std::nullopt;
  const std::span<const Param> all = params(*found);
  for (size_t i = all.size(); i > 0; --i) {
    if (all[i - 1].name == name) return all[i - 1].value;
  }
  return std::nullopt;
}

}  // namespace sluice
