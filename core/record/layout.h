// Layout: the text between the pieces of a frame and the order of the pieces. Frames of one program share it, so that a
// block keeps it once and each record keeps only what varies.
//
//   {"host":"web-1","level":"info"}   ->   {"host":"  hostname  ","level":"  value  "}  end
//
// A layout text is: (varint length of a literal, the literal, u8 Piece) repeated; the last piece is Piece::end. Stored
// in blocks: never change its meaning.
//
//   LayoutTable table;                                  // of one open block
//   uint32_t index = table.index_of(event);             // the same for frames of the same layout
//   LayoutCursor cursor(table.text(index));
//   while (cursor.next(literal, piece)) ...             // the end is included; false when done or damaged
//
// Limits:  a table holds any number of layouts; they are part of the block, and die with it. A sender whose frames all
//          differ makes the block's table as large as its frames, no larger thing.
// Threads: one thread.
// Memory:  a known layout costs no allocation and, when it was seen lately, no hash.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/coding.h"
#include "core/parse/event.h"
#include "core/record/buffer.h"
#include "core/record/id_table.h"

namespace sluice {

class LayoutCursor {
 public:
  explicit LayoutCursor(std::string_view text) : in_(text) {}

  // False after Piece::end, and where the text is damaged.
  bool next(std::string_view& literal, Piece& piece) {
    if (done_) return false;
    literal = in_.bytes();
    piece = static_cast<Piece>(in_.u8());
    done_ = !in_.ok() || piece == Piece::end;
    return in_.ok();
  }

 private:
  ByteReader in_;
  bool done_ = false;
};

class LayoutTable {
 public:
  // REQUIRES: event.layout is `none`; its spans ascend, do not overlap and lie inside its frame
  uint32_t index_of(const Event& event);
  uint32_t index_of(std::string_view layout_text);

  uint32_t size() const { return hashes_.size(); }
  std::string_view text(uint32_t index) const { return {texts_.data() + begins_[index], length(index)}; }

  void clear();
  void release();
  size_t bytes() const;

 private:
  size_t length(uint32_t index) const {
    return (index + 1 < begins_.size() ? begins_[index + 1] : texts_.size()) - begins_[index];
  }
  bool fits(uint32_t index, const Event& event) const;

  static constexpr size_t kRecent = 64;  // a program writes few layouts, and a listener hears few programs
  static constexpr uint32_t kNone = UINT32_MAX;

  IdTable hashes_;  // of the texts
  Buffer texts_;
  std::vector<size_t> begins_;
  Buffer scratch_;
  std::array<uint32_t, kRecent> recent_ =
      fresh();  // by number of pieces and bytes between them: the last layout like that
  static std::array<uint32_t, kRecent> fresh() {
    std::array<uint32_t, kRecent> none;
    none.fill(kNone);
    return none;
  }
};

}  // namespace sluice
