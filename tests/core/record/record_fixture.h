// What the tests of records share: events written by hand, and a block with everything it needs.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/intern/interner.h"
#include "core/record/block.h"
#include "core/record/open_block.h"

namespace sluice {

inline constexpr Nanos kTestTime = 1'767'323'045 * kSecond;  // 2026-01-02T03:04:05Z

// An event of layout `none` from its frame in parts: literals and, between them, pieces with their text.
class SpannedEvent {
 public:
  SpannedEvent& literal(std::string_view text) {
    frame_ += text;
    return *this;
  }
  SpannedEvent& piece(Piece piece, std::string_view text) {
    spans_.push_back({static_cast<uint32_t>(frame_.size()), static_cast<uint32_t>(text.size()), piece});
    frame_ += text;
    return *this;
  }
  // Valid while this object lives and is not added to.
  Event event() const {
    Event e;
    e.frame = frame_;
    e.time = kTestTime;
    for (const Span& span : spans_) {
      const std::string_view text = e.frame.substr(span.offset, span.length);
      e.add_span(text, span.piece);
      switch (span.piece) {
        case Piece::hostname:
          e.hostname = text;
          break;
        case Piece::app_name:
          e.app_name = text;
          break;
        case Piece::proc_id:
          e.proc_id = text;
          break;
        case Piece::msg_id:
          e.msg_id = text;
          break;
        case Piece::structured_data:
          e.structured_data = text;
          break;
        case Piece::message:
          e.message = text;
          break;
        default:
          break;
      }
    }
    return e;
  }

 private:
  std::string frame_;
  std::vector<Span> spans_;
};

inline Event raw_event(std::string_view frame) {
  Event e;
  e.frame = e.message = frame;
  e.time = kTestTime;
  e.layout = CommonLayout::raw;
  return e;
}

inline std::string raw_of(const StoredRecord& record) {
  std::string raw;
  append_raw(record, raw);
  return raw;
}

class RecordTest : public testing::Test {
 protected:
  explicit RecordTest(InternerOptions options = {})
      : interner_(options), cache_(interner_), block_(cache_, interner_) {}

  void begin(std::string_view listener = "tcp", Nanos received = kTestTime) {
    block_.begin_batch(interner_.intern(listener), received);
  }
  void add(const Event& event, std::string_view peer = "192.0.2.7") {
    frames_.emplace_back(event.frame);
    block_.add(event, ++last_id_, interner_.intern(peer));
  }
  std::string encode(int level = 1) {
    BlockEncoder encoder({.level = level});
    EncodedBlock encoded;
    encoder.encode(block_, encoded);
    return encoded.bytes;
  }
  static BlockReader read(std::string bytes) {
    BlockReader reader;
    const auto opened = reader.open(std::move(bytes));
    EXPECT_TRUE(opened) << opened.error().message;
    const auto loaded = reader.load_all();
    EXPECT_TRUE(loaded) << loaded.error().message;
    return reader;
  }
  // Everything added comes back byte for byte, in order.
  BlockReader expect_frames_come_back() {
    BlockReader reader = read(encode());
    EXPECT_EQ(reader.rows(), frames_.size());
    for (uint32_t row = 0; row < reader.rows(); ++row) EXPECT_EQ(raw_of(reader.record(row)), frames_[row]) << row;
    return reader;
  }

  Interner interner_;
  InternCache cache_;
  OpenBlock block_;
  std::vector<std::string> frames_;
  uint64_t last_id_ = 0;
};

}  // namespace sluice
