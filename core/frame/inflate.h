// Inflater: decompresses gzip and zlib bodies, up to a limit.
//
//   Inflater inflater;                                     // reused: keeps zlib's state (about 40 KiB once used)
//   std::string text;
//   switch (inflater.inflate(body, 1 << 20, text)) { ... } // replaces text
//
// Limits:  never writes more than `max_bytes`, whatever the body claims; a bomb costs that much and no more.
// Errors:  corrupt, cut_short, too_large. What follows the compressed data is ignored.
// Threads: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

enum class InflateResult : uint8_t {
  ok,
  corrupt,    // not gzip or zlib, or a checksum does not fit
  cut_short,  // the body ends before its data does
  too_large,  // over the limit
};

// By the first two bytes: gzip's magic number, or a zlib header with its check bits.
bool is_gzip(std::string_view body);
bool is_zlib(std::string_view body);

class Inflater {
 public:
  Inflater();
  ~Inflater();

  InflateResult inflate(std::string_view body, size_t max_bytes, std::string& out);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace sluice
