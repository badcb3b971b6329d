#include "core/record/layout.h"

#include <cstring>

#include "core/base/hash.h"

namespace sluice {
namespace {

// Calls literal_then_piece(literal, piece) for each span, then once for what follows the last with Piece::end.
// Stops and gives false when a call does.
template <class Visit>
bool walk_gaps(const Event& event, Visit visit) {
  uint32_t at = 0;
  for (uint32_t i = 0; i < event.span_count; ++i) {
    const Span& span = event.spans[i];
    if (!visit(event.frame.substr(at, span.offset - at), span.piece)) return false;
    at = span.offset + span.length;
  }
  return visit(event.frame.substr(at), Piece::end);
}

void write_layout(const Event& event, Buffer& out) {
  out.clear();
  out.room(event.frame.size() + (kMaxSpans + 1) * (kMaxVarintBytes + 1));
  walk_gaps(event, [&](std::string_view literal, Piece piece) {
    char* const from = out.room(0);
    char* to = put_text(put_varint(from, literal.size()), literal);
    *to++ = static_cast<char>(piece);
    out.commit(static_cast<size_t>(to - from));
    return true;
  });
}

}  // namespace

uint32_t LayoutTable::index_of(const Event& event) {
  size_t covered = 0;
  for (uint32_t i = 0; i < event.span_count; ++i) covered += event.spans[i].length;
  uint32_t& recent = recent_[(event.frame.size() - covered + 7 * event.span_count) % kRecent];
  if (recent != kNone && fits(recent, event)) return recent;
  write_layout(event, scratch_);
  return recent = index_of(scratch_.view());
}

uint32_t LayoutTable::index_of(std::string_view layout_text) {
  const uint32_t index = hashes_.find_or_add(hash64(layout_text, process_seed()),
                                             [&](uint32_t known) { return text(known) == layout_text; });
  if (index == begins_.size()) {
    begins_.push_back(texts_.size());
    texts_.append(layout_text);
  }
  return index;
}

bool LayoutTable::fits(uint32_t index, const Event& event) const {
  const std::string_view layout = text(index);
  const char* at = layout.data();
  const char* const end = at + layout.size();
  const bool same = walk_gaps(event, [&](std::string_view literal, Piece piece) {
    const size_t size = literal.size();
    if (static_cast<size_t>(end - at) < size + 2) return false;
    if (size < 0x80) {
      if (static_cast<uint8_t>(*at++) != size) return false;
    } else {
      char length[kMaxVarintBytes];
      const auto bytes = static_cast<size_t>(put_varint(length, size) - length);
      if (static_cast<size_t>(end - at) < bytes + size + 1 || !same_text(at, length, bytes)) return false;
      at += bytes;
    }
    if (!same_text(at, literal.data(), size)) return false;
    at += size;
    return *at++ == static_cast<char>(piece);
  });
  return same && at == end;
}

void LayoutTable::clear() {
  hashes_.clear();
  texts_.clear();
  begins_.clear();
  recent_ = fresh();
}

void LayoutTable::release() {
  clear();
  hashes_.release();
  texts_.release();
  scratch_.release();
  begins_ = decltype(begins_)();
}

size_t LayoutTable::bytes() const {
  return hashes_.bytes() + texts_.capacity() + scratch_.capacity() + begins_.capacity() * sizeof(size_t);
}

}  // namespace sluice
