#include "core/record/column.h"

#include <zstd.h>

#include <algorithm>
#include <bit>

#include "core/base/coding.h"

namespace sluice {
namespace {

// Below this zstd's own header and tables eat what it could gain.
constexpr size_t kMinCompressed = 64;  // bytes

constexpr size_t kScales = 4;
constexpr int64_t kScale[kScales] = {1, kMicrosecond, kMillisecond, kSecond};

constexpr uint8_t kDeltaForm = 1;

// The largest scale that divides all values. Fails fast: one odd value is enough.
size_t common_scale(std::span<const int64_t> values) {
  for (size_t s = kScales - 1; s > 0; --s) {
    const bool divides = std::all_of(values.begin(), values.end(), [&](int64_t v) { return v % kScale[s] == 0; });
    if (divides) return s;
  }
  return 0;
}

unsigned byte_width(uint64_t highest) { return (static_cast<unsigned>(std::bit_width(highest)) + 7) / 8; }

void append_header(Buffer& out, uint8_t form, size_t scale, unsigned width, int64_t base, int64_t step) {
  char* to = out.room(3);
  to[0] = static_cast<char>(form);
  to[1] = static_cast<char>(scale);
  to[2] = static_cast<char>(width);
  out.commit(3);
  append_varint(out, zigzag(base));
  append_varint(out, zigzag(step));
}

template <class Integer>
void append_planes(std::span<const Integer> coded, unsigned width, Compressor& compressor, std::string& plane,
                   Buffer& packed, Buffer& out) {
  plane.resize(coded.size());
  for (unsigned p = 0; p < width; ++p) {
    for (size_t i = 0; i < coded.size(); ++i) plane[i] = static_cast<char>(coded[i] >> (8 * p));
    append_packed(plane, Compressor::Kind::plane, compressor, packed, out);
  }
}

}  // namespace

// ---- bytes ----

Compressor::Compressor(int level) : level_(level), context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {}
Compressor::~Compressor() = default;

ColumnCodec Compressor::append(std::string_view raw, Kind kind, Buffer& out) {
  if (raw.size() >= kMinCompressed) {
    ZSTD_CCtx* const context = context_.get();
    ZSTD_CCtx_reset(context, ZSTD_reset_parameters);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level_);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);
    // Grouped text repeats what came just before in long pieces: a small table that stays in the cache finds as much as
    // a large one, and short matches between numbers cost more than they give.
    if (kind == Kind::text && level_ > 0 && !has_time() && raw.size() > (64 << 10)) {
      ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 13);
      ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7);
    }
    // Of bytes of numbers short matches are chance.
    if (kind == Kind::plane && level_ > 0 && !has_time()) {
      ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 10);
      ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7);
    }
    const size_t room = ZSTD_compressBound(raw.size());
    const size_t size = ZSTD_compress2(context, out.room(room), room, raw.data(), raw.size());
    if (!ZSTD_isError(size) && size < raw.size()) {
      out.commit(size);
      return ColumnCodec::zstd;
    }
  }
  out.append(raw);
  return ColumnCodec::plain;
}

size_t Compressor::bytes() const { return ZSTD_sizeof_CCtx(context_.get()); }

void Compressor::shrink() { context_.reset(ZSTD_createCCtx()); }

Decompressor::Decompressor() : context_(nullptr, ZSTD_freeDCtx) {}

bool Decompressor::decompress(std::string_view stored, size_t raw_size, char* to) {
  // On first use: most readers of a search look at a header only.
  if (!context_) context_.reset(ZSTD_createDCtx());
  const size_t size = ZSTD_decompressDCtx(context_.get(), to, raw_size, stored.data(), stored.size());
  return !ZSTD_isError(size) && size == raw_size;
}

void append_varint(Buffer& out, uint64_t v) {
  char* const from = out.room(kMaxVarintBytes);
  out.commit(static_cast<size_t>(put_varint(from, v) - from));
}

void append_packed(std::string_view raw, Compressor::Kind kind, Compressor& compressor, Buffer& packed, Buffer& out) {
  packed.clear();
  const ColumnCodec codec = compressor.append(raw, kind, packed);
  append_varint(out, packed.size() << 1 | static_cast<uint64_t>(codec == ColumnCodec::zstd));
  out.append(packed.view());
}

bool read_packed(ByteReader& in, Decompressor& decompressor, std::span<char> raw) {
  const uint64_t size = in.varint();
  if (!in.ok() || size >> 1 > in.left()) return false;
  const std::string_view bytes = in.take(static_cast<size_t>(size >> 1));
  if ((size & 1) != 0) return decompressor.decompress(bytes, raw.size(), raw.data());
  if (bytes.size() != raw.size()) return false;
  std::copy(bytes.begin(), bytes.end(), raw.begin());
  return true;
}

// ---- integers ----

void append_integers(std::span<const int64_t> values, IntegerModel model, Compressor& compressor,
                     IntegerScratch& scratch, Buffer& out) {
  const size_t scale = model.scale ? common_scale(values) : 0;
  const auto scaled = [&](size_t i) {
    return static_cast<uint64_t>(scale == 0 ? values[i] : values[i] / kScale[scale]);
  };
  std::vector<uint64_t>& coded = scratch.coded;
  coded.resize(values.size());
  uint64_t base = values.empty() ? 0 : scaled(0);
  uint64_t highest = 0;
  if (model.delta) {
    uint64_t last = base + static_cast<uint64_t>(-model.step);
    for (size_t i = 0; i < values.size(); ++i) {
      const uint64_t value = scaled(i);
      coded[i] = zigzag(static_cast<int64_t>(value - last - static_cast<uint64_t>(model.step)));
      highest |= coded[i];
      last = value;
    }
  } else {
    const int64_t least = values.empty() ? 0 : *std::min_element(values.begin(), values.end()) / kScale[scale];
    base = static_cast<uint64_t>(least);
    for (size_t i = 0; i < values.size(); ++i) highest |= coded[i] = scaled(i) - base;
  }
  const unsigned width = byte_width(highest);
  append_header(out, model.delta ? kDeltaForm : 0, scale, width, static_cast<int64_t>(base), model.step);
  append_planes<uint64_t>(coded, width, compressor, scratch.plane, scratch.packed, out);
}

void append_indices(std::span<const uint32_t> values, Compressor& compressor, IntegerScratch& scratch, Buffer& out) {
  uint32_t highest = 0;
  for (const uint32_t v : values) highest |= v;
  const unsigned width = byte_width(highest);
  append_header(out, 0, 0, width, 0, 0);
  append_planes<uint32_t>(values, width, compressor, scratch.plane, scratch.packed, out);
}

bool read_integers(std::string_view stored, size_t rows, Decompressor& decompressor, std::vector<int64_t>& values) {
  ByteReader in(stored);
  const uint8_t form = in.u8();
  const uint8_t scale = in.u8();
  const uint8_t width = in.u8();
  const auto base = static_cast<uint64_t>(unzigzag(in.varint()));
  const auto step = static_cast<uint64_t>(unzigzag(in.varint()));
  if (!in.ok() || form > kDeltaForm || scale >= kScales || width > 8) return false;

  std::vector<uint64_t> coded(rows);
  std::string plane(width == 0 ? 0 : rows, '\0');
  for (unsigned p = 0; p < width; ++p) {
    if (!read_packed(in, decompressor, plane)) return false;
    for (size_t i = 0; i < rows; ++i) coded[i] |= static_cast<uint64_t>(static_cast<uint8_t>(plane[i])) << (8 * p);
  }
  if (in.left() != 0) return false;

  // Unsigned, so that damaged bytes can only wrap around.
  const auto factor = static_cast<uint64_t>(kScale[scale]);
  values.resize(rows);
  uint64_t last = base - step;
  for (size_t i = 0; i < rows; ++i) {
    last = form == kDeltaForm ? last + step + static_cast<uint64_t>(unzigzag(coded[i])) : base + coded[i];
    values[i] = static_cast<int64_t>(last * factor);
  }
  return true;
}

bool read_indices(std::string_view stored, size_t rows, uint32_t limit, Decompressor& decompressor,
                  std::vector<uint32_t>& values) {
  std::vector<int64_t> wide;
  if (!read_integers(stored, rows, decompressor, wide)) return false;
  values.resize(rows);
  for (size_t i = 0; i < rows; ++i) {
    if (wide[i] < 0 || wide[i] >= static_cast<int64_t>(limit)) return false;
    values[i] = static_cast<uint32_t>(wide[i]);
  }
  return true;
}

}  // namespace sluice
