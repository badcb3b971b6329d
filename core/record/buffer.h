// Buffer: bytes that are appended to by the million. Like std::string, but room that is about to be written is not
// filled with zeros first, and it never gives room back on its own.
//
//   char* to = buffer.room(limit);           // at least `limit` bytes at the end, not yet part of it
//   buffer.commit(write(to));                // now they are
//   buffer.append(text);
//
// Memory: doubles when full; clear() keeps the room, release() gives it back.
// Threads: one thread.
//
// put_text(), put_text_with_slack(), same_text(): for the short texts that records are made of, where a call of memcpy
// or memcmp costs more than the work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace sluice {

// Returns the end of what it wrote.
inline char* put_text(char* to, std::string_view text) {
  const char* const from = text.data();
  const size_t size = text.size();
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {  // two words that overlap where the text is shorter than both
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = from[i];
  }
  return to + size;
}

// The same where both sides have kTextSlack bytes more: no branch on the exact size.
inline constexpr size_t kTextSlack = 32;
inline char* put_text_with_slack(char* to, const char* from, size_t size) {
  if (size > 128) {
    std::memcpy(to, from, size);
    return to + size;
  }
  for (size_t at = 0; at < size; at += kTextSlack) std::memcpy(to + at, from + at, kTextSlack);
  return to + size;
}

inline bool same_text(const char* a, const char* b, size_t size) {
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  const auto word = [](const char* at) {
    uint64_t v;
    std::memcpy(&v, at, sizeof v);
    return v;
  };
  for (size_t at = 0; at + 8 < size; at += 8) {
    if (word(a + at) != word(b + at)) return false;
  }
  return word(a + size - 8) == word(b + size - 8);
}

class Buffer {
 public:
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  const char* data() const { return bytes_.get(); }
  char* data() { return bytes_.get(); }
  std::string_view view() const { return {bytes_.get(), size_}; }

  char* room(size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
    return bytes_.get() + size_;
  }
  void commit(size_t bytes) { size_ += bytes; }  // REQUIRES: room() gave at least that much
  void truncate(size_t size) { size_ = size; }   // REQUIRES: size <= size()

  void append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(room(text.size()), text.data(), text.size());
    size_ += text.size();
  }

  void clear() { size_ = 0; }
  void release() {
    bytes_.reset();
    size_ = capacity_ = 0;
  }

 private:
  void grow(size_t bytes) {
    const size_t capacity = std::max<size_t>({4096, capacity_ * 2, size_ + bytes});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ != 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace sluice
