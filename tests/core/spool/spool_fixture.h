// What the spool's tests share: a file in memory, slots described as the readers do, lines as text.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/frame/framer.h"
#include "core/spool/slot_header.h"
#include "core/spool/slot_lines.h"
#include "core/spool/spool.h"
#include "tests/support/power_cut_medium.h"

namespace sluice {

inline constexpr uint64_t kTestFileId = 0x1122334455667789;
inline constexpr uint64_t kSmallestRegion = 1 << 20;

inline std::string_view bytes_of(const FramingState& state) {
  return {reinterpret_cast<const char*>(&state), sizeof state};
}

inline std::vector<std::string> texts_of(const Slot& slot, const std::vector<FrameRef>& frames) {
  std::vector<std::string> texts;
  for (const FrameRef& frame : frames) texts.emplace_back(slot.data() + frame.offset, frame.length);
  return texts;
}

// What a stream's reader has received into a slot, behind nothing.
inline void fill_stream(Slot& slot, std::string_view bytes, uint64_t sequence = 1, bool acknowledged = false,
                        FramingMode mode = FramingMode::newline, uint32_t max_frame = 1000) {
  const FramingState state{.mode = static_cast<uint8_t>(mode)};
  describe_slot(slot,
                {.file_id = kTestFileId,
                 .source = "in",
                 .peer = "192.0.2.7",
                 .max_frame_bytes = max_frame,
                 .acknowledged = acknowledged},
                sequence, 5 * kSecond, bytes_of(state));
  std::memcpy(slot.data(), bytes.data(), bytes.size());
  header_of(slot).message.msg_len = static_cast<unsigned>(bytes.size());
}

// As Pipeline::submit() does for whoever waits for an answer.
inline void commit_lines(Slot& slot, uint64_t first_id, uint32_t lines) {
  header_of(slot).lines = lines;
  header_of(slot).first_id = first_id;
  commit_slot(slot);
}

class SpoolFile : public testing::Test {
 protected:
  std::unique_ptr<Spool> open(PowerCutSpool& file, const std::string& boot_id = "boot 1") {
    auto spool = Spool::open(file.open(), {.boot_id = boot_id, .new_file_id = kTestFileId});
    EXPECT_TRUE(spool) << (spool ? "" : spool.error().message);
    return spool ? std::move(*spool) : nullptr;
  }
  // All lines that a start finds, in the slots' order.
  std::vector<std::string> lines_found(Spool& spool) {
    std::vector<std::string> lines;
    for (Slot& slot : spool.take_found()) {
      const SlotLines cut = cut_slot(slot, false, interner_);
      for (std::string& text : texts_of(slot, cut.frames)) lines.push_back(std::move(text));
      for (std::string& text : texts_of(slot, cut.end)) lines.push_back(std::move(text));
    }
    return lines;
  }

  Interner interner_;
  PowerCutSpool file_{Spool::file_bytes(kSmallestRegion)};
};

}  // namespace sluice
