// Columns: how a block's integers and texts become bytes (block_format.md has the layouts). Two kinds: integers are
// modelled, split into byte planes and each plane compressed alone; bytes are compressed as a whole.
//
//   Compressor compressor(1);
//   append_integers(times, {.delta = true}, compressor, scratch, out);
//   ColumnCodec codec = compressor.append(text, Compressor::Kind::text, out);
//
//   Decompressor decompressor;
//   if (!read_integers(stored, rows, decompressor, times)) ...         // damaged
//
// Errors:  readers give false for bytes no writer makes; what they allocate is bounded by the row count and the raw
//          size, which the caller has checked.
// Threads: one thread each.
// Memory:  zstd contexts are kept: no allocation per column in the steady state.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/coding.h"
#include "core/record/buffer.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace sluice {

// Stored: never renumber.
enum class ColumnCodec : uint8_t { plain = 0, zstd = 1, integers = 2, templates = 3 };

class Compressor {
 public:
  explicit Compressor(int level);
  ~Compressor();

  // What is in the bytes: long texts want long matches and little memory of the past, planes neither.
  enum class Kind { text, plane };
  // Appends `raw`, compressed when that makes it smaller.
  ColumnCodec append(std::string_view raw, Kind kind, Buffer& out);
  // Whether a writer may try more than one way: not at the levels at which lines are received.
  bool has_time() const { return level_ >= kUnhurriedLevel; }
  size_t bytes() const;
  void shrink();

 private:
  static constexpr int kUnhurriedLevel = 3;
  int level_;
  std::unique_ptr<ZSTD_CCtx_s, size_t (*)(ZSTD_CCtx_s*)> context_;
};

class Decompressor {
 public:
  Decompressor();
  // False when `stored` is not zstd of exactly `raw_size` bytes. REQUIRES: raw_size is bounded by the caller
  bool decompress(std::string_view stored, size_t raw_size, char* to);

 private:
  std::unique_ptr<ZSTD_DCtx_s, size_t (*)(ZSTD_DCtx_s*)> context_;
};

void append_varint(Buffer& out, uint64_t v);

// Bytes behind their stored size, compressed where that gains: varint (bytes << 1 | compressed), then the bytes. `packed`
// is scratch. Whoever reads them knows how many they are.
void append_packed(std::string_view raw, Compressor::Kind kind, Compressor& compressor, Buffer& packed, Buffer& out);
// Fills `raw`, whose size is the bytes' own; false when they are not that many.
bool read_packed(ByteReader& in, Decompressor& decompressor, std::span<char> raw);

struct IntegerModel {
  bool delta = false;  // differences to the value before instead of values
  bool scale = false;  // look for a common factor of 1e9, 1e6 or 1e3 (times)
  int64_t step = 0;    // the difference to expect
};

struct IntegerScratch {
  std::vector<uint64_t> coded;
  std::string plane;
  Buffer packed;
  size_t bytes() const { return coded.capacity() * sizeof(uint64_t) + plane.capacity() + packed.capacity(); }
};

void append_integers(std::span<const int64_t> values, IntegerModel model, Compressor& compressor,
                     IntegerScratch& scratch, Buffer& out);
// Indices in a dictionary: as above without a model.
void append_indices(std::span<const uint32_t> values, Compressor& compressor, IntegerScratch& scratch, Buffer& out);

bool read_integers(std::string_view stored, size_t rows, Decompressor& decompressor, std::vector<int64_t>& values);
// The same, and every value is below `limit`.
bool read_indices(std::string_view stored, size_t rows, uint32_t limit, Decompressor& decompressor,
                  std::vector<uint32_t>& values);

}  // namespace sluice
