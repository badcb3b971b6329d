// Integers as bytes: little-endian fixed width, varint and zigzag. The one place that knows how.
//
// Writers append to the caller's string. ByteReader takes them off again and never reads past its end:
// after a short or malformed read ok() is false, every further read gives 0, and the caller checks once.
//
//   append_varint(out, 300);
//   ByteReader in(out);
//   uint64_t n = in.varint();
//   if (!in.ok()) return Unexpected(...);
//
// Varints are LEB128 (seven bits a byte, low bits first, as in protocol buffers), at most 10 bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice {

static_assert(std::endian::native == std::endian::little, "formats are little-endian; add byte swaps to coding.h");

inline void append_u8(std::string& out, uint8_t v) { out.push_back(static_cast<char>(v)); }
inline void append_u16(std::string& out, uint16_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }
inline void append_u32(std::string& out, uint32_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }
inline void append_u64(std::string& out, uint64_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }

inline constexpr size_t kMaxVarintBytes = 10;

// Writes at most kMaxVarintBytes at `to` and returns the end of what it wrote.
inline char* put_varint(char* to, uint64_t v) {
  while (v >= 0x80) {
    *to++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *to++ = static_cast<char>(v);
  return to;
}

inline void append_varint(std::string& out, uint64_t v) {
  char buffer[kMaxVarintBytes];
  out.append(buffer, static_cast<size_t>(put_varint(buffer, v) - buffer));
}

// Length first, then the bytes.
inline void append_bytes(std::string& out, std::string_view bytes) {
  append_varint(out, bytes.size());
  out.append(bytes);
}

inline uint64_t zigzag(int64_t v) { return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63); }
inline int64_t unzigzag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

template <class Integer>
inline Integer load_le(const char* from) {
  Integer v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }

  uint8_t u8() { return fixed<uint8_t>(); }
  uint16_t u16() { return fixed<uint16_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }

  uint64_t varint() {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      v |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    return fail();
  }

  // A view of the next `size` bytes; empty after a short read.
  std::string_view take(size_t size) {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view v(at_, size);
    at_ += size;
    return v;
  }

  // What append_bytes() wrote.
  std::string_view bytes() {
    const uint64_t size = varint();
    if (size > left()) {
      fail();
      return {};
    }
    return take(static_cast<size_t>(size));
  }

 private:
  template <class Integer>
  Integer fixed() {
    if (left() < sizeof(Integer)) return static_cast<Integer>(fail());
    const auto v = load_le<Integer>(at_);
    at_ += sizeof(Integer);
    return v;
  }
  uint64_t fail() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace sluice
