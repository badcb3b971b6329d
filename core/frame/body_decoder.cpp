#include "core/frame/body_decoder.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr int kGzipOnly = 15 + 16;        // largest window; zlib's own header is not HTTP's gzip
constexpr size_t kGzipBytes = 48 << 10;   // what zlib allocates: its window of 32 KiB, tables and state
constexpr size_t kMostAtOnce = 1U << 30;  // zlib counts in 32 bits

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

BodyError zstd_error(size_t code) {
  switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation:
      return BodyError::no_memory;
    case ZSTD_error_frameParameter_windowTooLarge:
      return BodyError::window_too_large;
    default:
      return BodyError::corrupt;
  }
}

}  // namespace

struct BodyDecoder::Gzip {
  z_stream z{};
  bool ready = false;

  Gzip() { ready = inflateInit2(&z, kGzipOnly) == Z_OK; }
  ~Gzip() {
    if (ready) inflateEnd(&z);
  }
};

struct BodyDecoder::Zstd {
  ZSTD_DCtx* context = ZSTD_createDCtx();

  Zstd() {
    if (context) ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, kWindowLog);
  }
  ~Zstd() { ZSTD_freeDCtx(context); }
};

std::optional<BodyCoding> body_coding(std::string_view content_encoding) {
  if (content_encoding.empty() || equal_ignoring_case(content_encoding, "identity")) return BodyCoding::identity;
  if (equal_ignoring_case(content_encoding, "gzip") || equal_ignoring_case(content_encoding, "x-gzip")) {
    return BodyCoding::gzip;
  }
  if (equal_ignoring_case(content_encoding, "zstd")) return BodyCoding::zstd;
  return std::nullopt;
}

std::string_view body_error_text(BodyError error) {
  switch (error) {
    case BodyError::none:
      return "no error";
    case BodyError::corrupt:
      return "the body is not what its Content-Encoding says, or was damaged";
    case BodyError::cut_short:
      return "the body ends before its compressed data does";
    case BodyError::too_large:
      return "the body is larger than allowed once it is decompressed";
    case BodyError::window_too_large:
      return "the body needs a zstd window over 8 MiB: compress it at a level up to 19 and without --long";
    case BodyError::no_memory:
      return "there is no memory to decompress the body";
  }
  return "unknown error of a body";
}

BodyDecoder::BodyDecoder(BodyCoding coding, uint64_t max_bytes) : coding_(coding), max_bytes_(max_bytes) {
  if (coding_ == BodyCoding::gzip) {
    gzip_ = std::make_unique<Gzip>();
    if (!gzip_->ready) error_ = BodyError::no_memory;
  } else if (coding_ == BodyCoding::zstd) {
    zstd_ = std::make_unique<Zstd>();
    if (!zstd_->context) error_ = BodyError::no_memory;
  }
}

BodyDecoder::~BodyDecoder() = default;

BodyDecoder::Step BodyDecoder::decode(std::string_view input, std::span<char> room) {
  // One byte more than allowed tells "exactly the limit" from "over it".
  const uint64_t left = max_bytes_ - written_;
  if (left < room.size()) room = room.first(static_cast<size_t>(left) + 1);
  Step step;
  switch (coding_) {
    case BodyCoding::identity:
      step = copy(input, room);
      break;
    case BodyCoding::gzip:
      step = inflate(input, room);
      break;
    case BodyCoding::zstd:
      step = decompress(input, room);
      break;
  }
  if (step.written > left) {
    error_ = BodyError::too_large;
    step.written = static_cast<size_t>(left);
  }
  written_ += step.written;
  holds_output_ = error_ == BodyError::none && coding_ != BodyCoding::identity && step.written == room.size();
  return step;
}

BodyError BodyDecoder::finish() {
  const bool whole = coding_ == BodyCoding::identity || (begun_ && !inside_);
  if (error_ == BodyError::none && !whole) error_ = BodyError::cut_short;
  return error_;
}

size_t BodyDecoder::bytes() const {
  if (gzip_) return sizeof *this + kGzipBytes;
  return sizeof *this + (zstd_ ? ZSTD_sizeof_DCtx(zstd_->context) : 0);
}

BodyDecoder::Step BodyDecoder::copy(std::string_view input, std::span<char> room) {
  const size_t size = std::min(input.size(), room.size());
  if (size > 0) std::memcpy(room.data(), input.data(), size);
  return {size, size};
}

BodyDecoder::Step BodyDecoder::inflate(std::string_view input, std::span<char> room) {
  z_stream& z = gzip_->z;
  input = input.substr(0, kMostAtOnce);
  room = room.first(std::min(room.size(), kMostAtOnce));
  // zlib does not write to its input, its interface only fails to say so.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  z.avail_in = static_cast<uInt>(input.size());
  z.next_out = reinterpret_cast<Bytef*>(room.data());
  z.avail_out = static_cast<uInt>(room.size());
  for (;;) {
    if (!inside_) {
      if (z.avail_in == 0) break;
      if (begun_ && inflateReset(&z) != Z_OK) error_ = BodyError::corrupt;  // the next member
      inside_ = begun_ = true;
    }
    const int status = ::inflate(&z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      inside_ = false;
      continue;
    }
    if (status == Z_MEM_ERROR) error_ = BodyError::no_memory;
    if (status != Z_OK && status != Z_BUF_ERROR && status != Z_MEM_ERROR) error_ = BodyError::corrupt;
    if (status != Z_OK || z.avail_out == 0 || z.avail_in == 0) break;
  }
  return {input.size() - z.avail_in, room.size() - z.avail_out};
}

BodyDecoder::Step BodyDecoder::decompress(std::string_view input, std::span<char> room) {
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  ZSTD_outBuffer out{room.data(), room.size(), 0};
  while (error_ == BodyError::none) {
    if (!inside_ && in.pos == in.size) break;
    inside_ = begun_ = true;
    const size_t left = ZSTD_decompressStream(zstd_->context, &out, &in);
    if (ZSTD_isError(left)) {
      error_ = zstd_error(left);
    } else if (left == 0) {
      inside_ = false;  // a frame has ended and all of it is written
    }
    // With room left and nothing to read it has written all it can, and takes another call for a mistake.
    if (out.pos == out.size || in.pos == in.size) break;
  }
  return {in.pos, out.pos};
}

}  // namespace sluice
