#include "core/frame/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace sluice {
namespace {

constexpr int kGzipOrZlib = 15 + 32;    // largest window; the header says which
constexpr size_t kFirstOutput = 16384;  // bytes; most documents fit

InflateResult give_up(InflateResult why, std::string& out) {
  out.clear();
  return why;
}

}  // namespace

struct Inflater::Stream {
  z_stream z{};
  bool ready = false;
};

bool is_gzip(std::string_view body) { return body.starts_with("\x1f\x8b"); }

bool is_zlib(std::string_view body) {
  if (body.size() < 2 || body[0] != 'x') return false;  // deflate with a window of 32 KiB, as everybody writes it
  return (static_cast<uint8_t>(body[0]) * 256 + static_cast<uint8_t>(body[1])) % 31 == 0;
}

Inflater::Inflater() : stream_(std::make_unique<Stream>()) {}

Inflater::~Inflater() {
  if (stream_->ready) inflateEnd(&stream_->z);
}

InflateResult Inflater::inflate(std::string_view body, size_t max_bytes, std::string& out) {
  z_stream& z = stream_->z;
  const int ready = stream_->ready ? inflateReset(&z) : inflateInit2(&z, kGzipOrZlib);
  if (ready != Z_OK) return InflateResult::corrupt;
  stream_->ready = true;

  // zlib does not write to its input, its interface only fails to say so.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  z.avail_in = static_cast<uInt>(body.size());
  const size_t most = max_bytes + 1;  // one more than allowed tells "exactly the limit" from "over it"
  size_t written = 0;
  out.resize(std::min(kFirstOutput, most));
  for (;;) {
    z.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    z.avail_out = static_cast<uInt>(out.size() - written);
    const int status = ::inflate(&z, Z_NO_FLUSH);
    written = out.size() - z.avail_out;
    if (written > max_bytes) return give_up(InflateResult::too_large, out);
    if (status == Z_STREAM_END) break;
    const bool full = z.avail_out == 0;
    if (status == Z_BUF_ERROR && !full) return give_up(InflateResult::cut_short, out);
    if (status != Z_OK && status != Z_BUF_ERROR) return give_up(InflateResult::corrupt, out);
    if (full) out.resize(std::min(out.size() * 2, most));
  }
  out.resize(written);
  return InflateResult::ok;
}

}  // namespace sluice
