// Buffer: bytes that are appended to by the million. Like std::string, but room that is about to be written is not
// filled with zeros first, and it never gives room back on its own.
//
//   char* to = buffer.room(limit);           // at least `limit` bytes at the end, not yet part of it
//   buffer.commit(write(to));                // now they are
//   buffer.append(text);
//
// Memory: doubles when full; clear() keeps the room, release() gives it back.
// Threads: one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace sluice {

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
