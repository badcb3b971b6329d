// Random blocks against a model: whatever was added is what is read, in one go and through a merge.
#include <gtest/gtest.h>

#include <random>

#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

// A StoredRecord that owns its texts.
struct Model {
  uint64_t id;
  Nanos time, received;
  uint32_t flags, time_shape;
  CommonLayout layout;
  std::string listener, peer, hostname, app_name, proc_id, msg_id, structured_data, message, frame;

  friend bool operator==(const Model&, const Model&) = default;
};

Model model_of(const StoredRecord& r) {
  return {r.id,
          r.time,
          r.received,
          r.flags.bits(),
          r.time_shape.packed(),
          r.layout,
          std::string(r.listener),
          std::string(r.peer),
          std::string(r.hostname),
          std::string(r.app_name),
          std::string(r.proc_id),
          std::string(r.msg_id),
          std::string(r.structured_data),
          std::string(r.message),
          raw_of(r)};
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) { wild_ = below(4) == 0; }

  uint64_t below(uint64_t n) { return random_() % n; }
  // Few distinct values, as real fields have; sometimes anything.
  std::string text(size_t kinds, size_t longest) {
    if (!wild_ && below(20) != 0) return "text-" + std::to_string(below(kinds));
    std::string s(below(below(30) == 0 ? 5 * longest : longest + 1), '\0');
    for (char& c : s) c = static_cast<char>(wild_ ? random_() : 'a' + below(26));
    return s;
  }
  Nanos time() {
    switch (below(wild_ ? 4 : 2)) {
      case 0:
        return time_ += static_cast<Nanos>(below(2'000'000'000));
      case 1:
        return time_ += static_cast<Nanos>(below(100)) * kMillisecond;
      case 2:
        return time_ -= static_cast<Nanos>(below(1'000'000'000'000));
      default:
        return static_cast<Nanos>(random_());
    }
  }

  Event event(SpannedEvent& spanned) {
    Event e;
    if (below(3) == 0) {
      e = raw_event({});
      frame_ = text(50, 100);
      e.frame = e.message = frame_;
    } else {
      const size_t layout = below(wild_ ? 1000 : 4);
      spanned.literal("L" + std::to_string(layout));
      for (const Piece piece : {Piece::hostname, Piece::value, Piece::app_name, Piece::proc_id, Piece::value,
                                Piece::msg_id, Piece::structured_data, Piece::message, Piece::value}) {
        if (layout % 2 == 0 || piece == Piece::hostname) spanned.piece(piece, text(10, 40)).literal(",");
      }
      e = spanned.event();
    }
    e.time = time();
    e.facility = below(24);
    e.severity = below(8);
    e.format = static_cast<Format>(below(5));
    e.flags = static_cast<uint32_t>(below(4)) << 20;
    e.time_shape = {TimeForm::rfc3339_offset, static_cast<uint8_t>(below(3) * 3), static_cast<int16_t>(below(3) * 60)};
    return e;
  }

 private:
  std::mt19937_64 random_;
  bool wild_;
  Nanos time_ = kTestTime;
  std::string frame_;
};

class BlockModel : public RecordTest, public testing::WithParamInterface<uint32_t> {};

TEST_P(BlockModel, WhatWasAddedIsRead) {
  Generator make(GetParam());
  std::vector<Model> models;
  const size_t rows = 1 + make.below(make.below(4) == 0 ? 3000 : 200);
  const size_t peers = 1 + make.below(20);
  uint64_t id = make.below(1'000'000);
  std::string listener, peer;
  Nanos received = kTestTime;
  for (size_t row = 0; row < rows; ++row) {
    if (row == 0 || make.below(10) == 0) {
      listener = "listener-" + std::to_string(make.below(3));
      received += static_cast<Nanos>(make.below(kSecond));
      block_.begin_batch(interner_.intern(listener), received);
    }
    if (row == 0 || make.below(5) == 0) peer = "192.0.2." + std::to_string(make.below(peers));
    id += make.below(3) == 0 ? make.below(100) : 1;
    SpannedEvent spanned;
    const Event e = make.event(spanned);
    block_.add(e, id, interner_.intern(peer));
    models.push_back({id, e.time, received, PackedFlags::of(e).bits(), e.time_shape.packed(), e.layout, listener, peer,
                      std::string(e.hostname), std::string(e.app_name), std::string(e.proc_id), std::string(e.msg_id),
                      std::string(e.structured_data), std::string(e.message), std::string(e.frame)});
  }
  const BlockReader reader = read(encode(make.below(4) == 0 ? 6 : 1));
  ASSERT_EQ(reader.rows(), rows);
  OpenBlock merged(cache_, interner_);
  for (uint32_t row = 0; row < rows; ++row) {
    EXPECT_EQ(model_of(reader.record(row)), models[row]) << "seed " << GetParam() << " row " << row;
    merged.add(reader.record(row));
  }
  BlockEncoder encoder;
  EncodedBlock encoded;
  encoder.encode(merged, encoded);
  EXPECT_EQ(encoded.summary.raw_bytes, reader.summary().raw_bytes);
  const BlockReader again = read(encoded.bytes);
  for (uint32_t row = 0; row < rows; ++row) EXPECT_EQ(model_of(again.record(row)), models[row]) << row;
}

INSTANTIATE_TEST_SUITE_P(Seeds, BlockModel, testing::Range(1u, 41u));

}  // namespace
}  // namespace sluice
