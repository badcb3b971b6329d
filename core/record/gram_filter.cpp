#include "core/record/gram_filter.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/base/coding.h"

namespace sluice {
namespace {

// All stored: never change.
constexpr size_t kGramBytes = 5;
constexpr unsigned kNumberBits = 23;  // of a gram's number
constexpr uint8_t kForm = 1;
constexpr size_t kHeadBytes = 4;  // form, bits (log2), sampling (log2), flags
constexpr uint8_t kOddLetters = 1;

constexpr unsigned kLeastBitsLog = 9;
constexpr unsigned kMostSampling = 3;  // below one gram in eight a search finds too few to ask for
constexpr uint64_t kRawBytesOfOne = 128;

// The byte as it stands in a gram; 0 where a word ends.
constexpr std::array<uint8_t, 256> kWordByte = [] {
  std::array<uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool word = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80 || c == '_' || c == '-' ||
                      c == '.' || c == ':' || c == '/';
    table[c] = static_cast<uint8_t>(!word ? 0 : upper ? c + 32 : c);
  }
  return table;
}();

uint32_t number_of(uint64_t gram) {
  gram *= 0x9e3779b97f4a7c15u;
  gram ^= gram >> 32;
  gram *= 0x9e3779b97f4a7c15u;
  return static_cast<uint32_t>(gram >> (64 - kNumberBits));
}

// Calls use(number) for each gram of the text until it says false.
template <class Use>
void each_gram(std::string_view text, Use use) {
  constexpr uint64_t kMask = (uint64_t{1} << (8 * kGramBytes)) - 1;
  uint64_t gram = 0;
  size_t run = 0;
  for (const char c : text) {
    const uint8_t byte = kWordByte[static_cast<uint8_t>(c)];
    gram = (gram << 8 | byte) & kMask;
    run = byte == 0 ? 0 : run + 1;
    if (run >= kGramBytes && !use(number_of(gram))) return;
  }
}

// How many bits and how few grams: as many bits as there are grams, and where that is more than there may be, every
// second gram, every fourth ... left out. Half to two thirds of the bits are then set, which says the most a bit.
struct Shape {
  unsigned bits_log = kLeastBitsLog;
  unsigned sampling = 0;
};

Shape shape_for(uint64_t grams, uint64_t raw_bytes) {
  const uint64_t most = std::max<uint64_t>(raw_bytes / kRawBytesOfOne * 8, uint64_t{1} << kLeastBitsLog);
  const auto most_log = std::min(static_cast<unsigned>(std::bit_width(most)) - 1, kNumberBits - kMostSampling);
  Shape shape;
  while (shape.bits_log < most_log && uint64_t{1} << shape.bits_log < grams) ++shape.bits_log;
  while (shape.sampling < kMostSampling && grams >> shape.sampling > uint64_t{1} << shape.bits_log) ++shape.sampling;
  return shape;
}

}  // namespace

bool holds_odd_letters(std::string_view text) {
  // Most logs are ASCII: eight bytes at a time say so.
  uint64_t all = 0;
  size_t at = 0;
  for (; at + sizeof all <= text.size(); at += sizeof all) all |= load_le<uint64_t>(text.data() + at);
  for (; at < text.size(); ++at) all |= static_cast<uint8_t>(text[at]);
  return (all & 0x8080808080808080u) != 0 &&
         (text.find("\xc5\xbf") != std::string_view::npos || text.find("\xe2\x84\xaa") != std::string_view::npos);
}

GramFilterBuilder::GramFilterBuilder() : seen_((size_t{1} << kNumberBits) / 64) {}

void GramFilterBuilder::add(std::string_view text) {
  each_gram(text, [&](uint32_t number) {
    seen_[number / 64] |= uint64_t{1} << number % 64;
    return true;
  });
  odd_letters_ = odd_letters_ || holds_odd_letters(text);
}

void GramFilterBuilder::finish(uint64_t raw_bytes, std::string& out) {
  uint64_t grams = 0;
  for (const uint64_t word : seen_) grams += static_cast<uint64_t>(std::popcount(word));
  if (grams != 0) {
    const Shape shape = shape_for(grams, raw_bytes);
    append_u8(out, kForm);
    append_u8(out, static_cast<uint8_t>(shape.bits_log));
    append_u8(out, static_cast<uint8_t>(shape.sampling));
    append_u8(out, odd_letters_ ? kOddLetters : 0);
    const size_t from = out.size();
    out.resize(from + (size_t{1} << shape.bits_log) / 8);
    const uint32_t unsampled = (1u << shape.sampling) - 1;
    const uint32_t mask = (1u << shape.bits_log) - 1;
    for (size_t i = 0; i < seen_.size(); ++i) {
      for (uint64_t word = seen_[i]; word != 0; word &= word - 1) {
        const auto number = static_cast<uint32_t>(i * 64 + static_cast<size_t>(std::countr_zero(word)));
        if ((number & unsampled) != 0) continue;
        const uint32_t bit = number >> shape.sampling & mask;
        out[from + bit / 8] = static_cast<char>(static_cast<uint8_t>(out[from + bit / 8]) | 1u << bit % 8);
      }
    }
  }
  std::fill(seen_.begin(), seen_.end(), 0);
  odd_letters_ = false;
}

std::optional<GramFilter> GramFilter::parse(std::string_view bytes) {
  ByteReader in(bytes);
  GramFilter filter;
  const uint8_t form = in.u8();
  filter.bits_log_ = in.u8();
  filter.sampling_ = in.u8();
  filter.odd_letters_ = (in.u8() & kOddLetters) != 0;
  if (!in.ok() || form != kForm || filter.bits_log_ < 3 || filter.bits_log_ + filter.sampling_ > kNumberBits) {
    return std::nullopt;
  }
  filter.bits_ = bytes.substr(kHeadBytes);
  if (filter.bits_.size() != (size_t{1} << filter.bits_log_) / 8) return std::nullopt;
  return filter;
}

bool GramFilter::may_hold(std::string_view literal, bool ignores_case) const {
  if (ignores_case && odd_letters_ && literal.find_first_of("skSK") != std::string_view::npos) return true;
  bool all = true;
  each_gram(literal, [&](uint32_t number) {
    if ((number & ((1u << sampling_) - 1)) != 0) return true;
    const uint32_t bit = number >> sampling_ & ((1u << bits_log_) - 1);
    all = (static_cast<uint8_t>(bits_[bit / 8]) >> bit % 8 & 1) != 0;
    return all;
  });
  return all;
}

}  // namespace sluice
