// The tables of core/spool/spool_format.md against the structures and the bytes that are written.
#include <fstream>
#include <map>
#include <sstream>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/spool/datagram_rounds.h"
#include "tests/core/spool/spool_fixture.h"

namespace sluice {
namespace {

struct Place {
  size_t offset;
  size_t size;
  friend bool operator==(const Place&, const Place&) = default;
};
using Table = std::map<std::string, Place>;

// The fields of the first table behind `heading`: "| offset | size | field | meaning |".
Table table_behind(const std::string& heading) {
  std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/core/spool/spool_format.md");
  Table table;
  std::string line;
  while (std::getline(in, line) && !line.starts_with(heading)) {
  }
  EXPECT_TRUE(in) << heading;
  for (; std::getline(in, line);) {
    if (line.starts_with("|")) {
      std::istringstream words(line);
      std::string bar, field;
      Place place{};
      if (words >> bar >> place.offset >> bar >> place.size >> bar >> field) table[field] = place;
    } else if (!table.empty()) {
      break;
    }
  }
  return table;
}

template <class Member>
Place place_of(size_t offset, const Member&) {
  return {offset, sizeof(Member)};
}
#define PLACE(type, member) {#member, place_of(offsetof(type, member), type{}.member)}

TEST(SpoolFormat, TheDocumentsOffsetsAreThoseOfTheStructures) {
  EXPECT_EQ(table_behind("### Slot header"), (Table{PLACE(SlotHeader, mark),
                                                    PLACE(SlotHeader, sequence),
                                                    PLACE(SlotHeader, previous),
                                                    PLACE(SlotHeader, tail_bytes),
                                                    PLACE(SlotHeader, max_frame_bytes),
                                                    PLACE(SlotHeader, kind),
                                                    PLACE(SlotHeader, level),
                                                    PLACE(SlotHeader, acknowledged),
                                                    PLACE(SlotHeader, source_length),
                                                    PLACE(SlotHeader, peer_length),
                                                    PLACE(SlotHeader, reserved),
                                                    PLACE(SlotHeader, framing),
                                                    PLACE(SlotHeader, source),
                                                    PLACE(SlotHeader, peer),
                                                    PLACE(SlotHeader, checksum),
                                                    PLACE(SlotHeader, message),
                                                    PLACE(SlotHeader, received),
                                                    PLACE(SlotHeader, first_id),
                                                    PLACE(SlotHeader, end_id),
                                                    PLACE(SlotHeader, commit_checksum),
                                                    PLACE(SlotHeader, lines),
                                                    PLACE(SlotHeader, committed),
                                                    PLACE(SlotHeader, rounds_end),
                                                    PLACE(SlotHeader, given_up),
                                                    PLACE(SlotHeader, tail_taken),
                                                    PLACE(SlotHeader, cut_short),
                                                    PLACE(SlotHeader, stored)}));
  EXPECT_EQ(offsetof(SlotHeader, message) + offsetof(mmsghdr, msg_len), 240u);
  EXPECT_EQ(table_behind("`FramingState`, in `framing`"),
            (Table{PLACE(FramingState, mode), PLACE(FramingState, nul_ends_frames), PLACE(FramingState, discarding),
                   PLACE(FramingState, in_frame), PLACE(FramingState, scanned), PLACE(FramingState, kept),
                   PLACE(FramingState, skip)}));
}

TEST(SpoolFormat, TheHeadIsWrittenWhereTheDocumentSays) {
  PowerCutSpool file(Spool::file_bytes(kSmallestRegion));
  auto spool = Spool::open(file.open(), {.boot_id = "b00t", .new_file_id = kTestFileId});
  ASSERT_TRUE(spool);
  Table table = table_behind("## Head");
  const auto field = [&](const char* name) {
    EXPECT_TRUE(table.contains(name)) << name;
    return std::string_view(file.data() + table[name].offset, table[name].size);
  };
  const auto number = [&](const char* name) {
    ByteReader in(field(name));
    return table[name].size == 4 ? in.u32() : in.u64();
  };
  EXPECT_EQ(field("magic"), "SluiceSp");
  EXPECT_EQ(number("version"), 1u);
  EXPECT_EQ(number("unit_bytes"), kSlotUnit);
  EXPECT_EQ(number("file_id"), kTestFileId);
  EXPECT_EQ(number("slot_bytes"), kSmallestRegion);
  EXPECT_EQ(field("boot_id"), std::string("b00t") + std::string(60, '\0'));
  EXPECT_EQ(number("clean"), 0u);
  EXPECT_EQ(number("checksum"), checksum64({file.data(), table["checksum"].offset}));
  EXPECT_EQ(table.size(), 8u);
  (*spool)->close_clean();
  EXPECT_EQ(number("clean"), 1u);
  EXPECT_EQ(number("checksum"), checksum64({file.data(), table["checksum"].offset}));
}

TEST(SpoolFormat, ARoundLiesAsTheDocumentSays) {
  BufferPool pool({.max_bytes = 1 << 20});
  Slot slot = pool.acquire(SlotSize::small);
  describe_slot(slot, {.kind = SlotKind::datagrams}, 1, 0, {});
  DatagramRounds rounds(slot);
  const DatagramRound round = rounds.begin(101, 3);
  EXPECT_EQ(reinterpret_cast<char*>(&round.headers()[1].msg_len) - slot.data(), 8 + 64 + 56);
  EXPECT_EQ(reinterpret_cast<char*>(round.sender(1)) - slot.data(), 8 + 3 * 64 + 32);
  EXPECT_EQ(round.data(1) - slot.data(), 8 + 3 * 64 + 3 * 32 + 101);
  EXPECT_EQ(header_of(slot).rounds_end, (8u + 3 * 64 + 3 * 32 + 3 * 101 + 7) / 8 * 8);
}

}  // namespace
}  // namespace sluice
