#include "core/query/literal_finder.h"

#include <cstring>

#include "core/base/ascii.h"

namespace sluice {
namespace {

using Vector = uint8_t __attribute__((vector_size(16)));
constexpr size_t kVectors = 4;  // looked at together: most often none of them holds anything
constexpr size_t kStride = kVectors * sizeof(Vector);

Vector load(const char* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

bool any(Vector v) {
  uint64_t halves[2];
  std::memcpy(halves, &v, sizeof v);
  return (halves[0] | halves[1]) != 0;
}

// The commoner a byte is in logs, the higher.
int commonness(unsigned char c) {
  constexpr std::string_view kLetters = "zjqxkvbywgfphmucdlsrnioate";  // rare ones first
  if (c == ' ') return 40;
  if (ascii::is_digit(c)) return 30;
  const size_t place = kLetters.find(ascii::lower(static_cast<char>(c)));
  if (place == std::string_view::npos) return c < 0x80 ? 12 : 20;  // of UTF-8 the first bytes are mostly the same
  return ascii::is_upper(c) ? 8 : 10 + static_cast<int>(place);
}

}  // namespace

LiteralFinder::LiteralFinder(std::string literal, bool ignores_case)
    : literal_(std::move(literal)), ignores_case_(ignores_case) {
  if (ignores_case_) {
    for (char& c : literal_) c = ascii::lower(c);
  }
  size_t rarest = 0;
  for (size_t i = 1; i < literal_.size(); ++i) {
    if (commonness(static_cast<unsigned char>(literal_[i])) <
        commonness(static_cast<unsigned char>(literal_[rarest]))) {
      rarest = i;
    }
  }
  size_t next = rarest == 0 ? literal_.size() - 1 : 0;
  for (size_t i = 0; i < literal_.size(); ++i) {
    if (i == rarest || literal_[i] == literal_[rarest]) continue;
    if (commonness(static_cast<unsigned char>(literal_[i])) < commonness(static_cast<unsigned char>(literal_[next]))) {
      next = i;
    }
  }
  first_ = probe_at(rarest);
  second_ = probe_at(next);
}

LiteralFinder::Probe LiteralFinder::probe_at(size_t offset) const {
  const auto c = static_cast<unsigned char>(literal_[offset]);
  return {offset, c, static_cast<uint8_t>(ignores_case_ && ascii::is_alpha(c) ? 0x20 : 0)};
}

bool LiteralFinder::stands_at(const char* at) const {
  if (!ignores_case_) return std::memcmp(at, literal_.data(), literal_.size()) == 0;
  return ascii::equal_ignoring_case({at, literal_.size()}, literal_);
}

size_t LiteralFinder::find(std::string_view text, size_t from) const {
  if (text.size() < literal_.size()) return npos;
  const size_t end = text.size() - literal_.size() + 1;  // of the places where it can begin
  size_t at = from;
  const Vector value1 = Vector{} + first_.value, fold1 = Vector{} + first_.fold;
  const Vector value2 = Vector{} + second_.value, fold2 = Vector{} + second_.fold;
  for (; at + kStride <= end; at += kStride) {
    const char* const one = text.data() + at + first_.offset;
    const char* const two = text.data() + at + second_.offset;
    Vector found[kVectors];
    for (size_t i = 0; i < kVectors; ++i) {
      found[i] = reinterpret_cast<Vector>(((load(one + i * sizeof(Vector)) | fold1) == value1) &
                                          ((load(two + i * sizeof(Vector)) | fold2) == value2));
    }
    if (!any(found[0] | found[1] | found[2] | found[3])) continue;
    uint8_t places[kStride];
    std::memcpy(places, found, sizeof places);
    for (size_t i = 0; i < kStride; ++i) {
      if (places[i] != 0 && stands_at(text.data() + at + i)) return at + i;
    }
  }
  for (; at < end; ++at) {
    if (stands_at(text.data() + at)) return at;
  }
  return npos;
}

}  // namespace sluice
