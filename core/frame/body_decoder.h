// BodyDecoder: undoes the Content-Encoding of an HTTP body piece by piece, straight into the caller's slots.
//
//   BodyDecoder decoder(BodyCoding::gzip, 16 << 20);
//   // for each piece that came:
//   while (!piece.empty() || decoder.holds_output()) {
//     const BodyDecoder::Step step = decoder.decode(piece, room);      // room: the free bytes of a slot, not empty
//     piece.remove_prefix(step.read);  filled += step.written;
//     if (decoder.error() != BodyError::none) ...                      // nothing more can be had from this body
//   }
//   // when the body has ended:
//   if (decoder.finish() != BodyError::none) ...
//
// gzip: several members one after the other are one body, as gzip itself reads them. zstd: several frames are, and
// skippable frames are skipped. What stands between or behind them is corrupt.
//
// Limits:  never writes more than `max_bytes` in all, whatever the body claims; a bomb costs that much and no more. A
//          zstd frame may ask for a window of kMaxWindowBytes, as RFC 9659 allows senders over HTTP.
// Errors:  corrupt, cut_short (only from finish()), too_large, window_too_large, no_memory. An error stays.
// Threads: one thread. Memory: none for identity, about 50 KiB for gzip, 200 KiB and the frame's window for zstd: bytes()
//          says how much, decode() may add to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace sluice {

enum class BodyCoding : uint8_t { identity, gzip, zstd };
// The value of a Content-Encoding header, in any case; empty is identity. Nothing when it is unknown, or more than one.
std::optional<BodyCoding> body_coding(std::string_view content_encoding);

enum class BodyError : uint8_t {
  none = 0,
  corrupt,    // not what the coding says, or a checksum does not fit
  cut_short,  // the body ends before its data does
  too_large,  // over the limit
  window_too_large,
  no_memory,  // the decoder's own
};
// One sentence without a final stop.
std::string_view body_error_text(BodyError error);

class BodyDecoder {
 public:
  static constexpr int kWindowLog = 23;
  static constexpr size_t kMaxWindowBytes = size_t{1} << kWindowLog;

  BodyDecoder(BodyCoding coding, uint64_t max_bytes);
  ~BodyDecoder();

  struct Step {
    size_t read = 0;
    size_t written = 0;
  };
  // Reads until `input` is done with or `room` is full. REQUIRES: room is not empty, error() is none
  Step decode(std::string_view input, std::span<char> room);
  // The last room was filled, so there may be more to write without any more input.
  bool holds_output() const { return holds_output_; }
  // The body has ended. REQUIRES: !holds_output()
  BodyError finish();

  BodyError error() const { return error_; }
  uint64_t written() const { return written_; }
  size_t bytes() const;  // memory held

 private:
  struct Gzip;
  struct Zstd;

  Step copy(std::string_view input, std::span<char> room);
  Step inflate(std::string_view input, std::span<char> room);
  Step decompress(std::string_view input, std::span<char> room);

  const BodyCoding coding_;
  const uint64_t max_bytes_;
  uint64_t written_ = 0;
  BodyError error_ = BodyError::none;
  bool holds_output_ = false;
  bool inside_ = false;  // of a gzip member or zstd frame; an empty body has none and is cut short
  bool begun_ = false;
  std::unique_ptr<Gzip> gzip_;
  std::unique_ptr<Zstd> zstd_;
};

}  // namespace sluice
