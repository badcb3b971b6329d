#include "core/spool/spool.h"

#include <random>
#include <set>

#include "tests/core/spool/spool_fixture.h"
#include "tests/support/temp_directory.h"

namespace sluice {
namespace {

using Texts = std::vector<std::string>;

class SpoolTest : public SpoolFile {
 protected:
  // A process that receives these and dies.
  void leave(std::unique_ptr<Spool> spool, const Texts& streams) {
    for (const std::string& bytes : streams) {
      Slot slot = spool->pool().acquire(SlotSize::small);
      fill_stream(slot, bytes, spool->next_sequence());
      slot.leave();
    }
  }
  void leave_committed(Spool& spool, std::string_view bytes, uint64_t first_id, uint32_t lines,
                       SlotSize size = SlotSize::small) {
    Slot slot = spool.pool().acquire(size);
    fill_stream(slot, bytes, spool.next_sequence(), true);
    commit_lines(slot, first_id, lines);
    slot.leave();
  }
};

TEST_F(SpoolTest, ANewOneHasNothingAndAllOfItsRoom) {
  auto spool = open(file_);
  EXPECT_TRUE(spool->take_found().empty());
  EXPECT_FALSE(spool->found().after_power_cut);
  EXPECT_EQ(spool->pool().free_bytes(), kSmallestRegion);
  EXPECT_EQ(spool->file_id(), kTestFileId);
}

TEST_F(SpoolTest, WhatAKilledProcessReceivedIsFoundInTheOrderInWhichItCame) {
  leave(open(file_), {"one\n", "two\n", "three"});
  auto spool = open(file_);
  EXPECT_EQ(spool->found().slots, 3u);
  EXPECT_EQ(spool->pool().free_bytes(), kSmallestRegion - 3 * kSlotBytes[0]);
  EXPECT_EQ(lines_found(*spool), (Texts{"one", "two", "three"}));
  EXPECT_EQ(spool->pool().free_bytes(), kSmallestRegion) << "they are as any slots";
  EXPECT_GT(spool->next_sequence(), 3u);
}

TEST_F(SpoolTest, WhatWasFreedIsNotFound) {
  {
    auto spool = open(file_);
    Slot freed = spool->pool().acquire(SlotSize::small);
    fill_stream(freed, "gone\n", 1);
    Slot left = spool->pool().acquire(SlotSize::small);
    fill_stream(left, "here\n", 2);
    freed.reset();
    left.leave();
  }
  EXPECT_EQ(lines_found(*open(file_)), (Texts{"here"}));
}

TEST_F(SpoolTest, WhatIsFoundIsFoundAgainUntilItIsFreed) {
  leave(open(file_), {"one\n"});
  for (int start = 0; start < 3; ++start) {
    auto spool = open(file_);
    auto found = spool->take_found();
    ASSERT_EQ(found.size(), 1u);
    found[0].leave();
  }
  EXPECT_EQ(lines_found(*open(file_)), (Texts{"one"}));
  EXPECT_TRUE(lines_found(*open(file_)).empty());
}

TEST_F(SpoolTest, AfterACleanEndTheRegionIsNotSearched) {
  leave(open(file_), {"one\n"});
  char* const at = file_.data() + Spool::kHeadBytes;
  const std::string slot(at, 4096);
  {
    auto spool = open(file_);
    EXPECT_EQ(spool->take_found().size(), 1u);
    spool->close_clean();
  }
  std::memcpy(at, slot.data(), slot.size());
  EXPECT_EQ(open(file_)->found().slots, 0u);
  EXPECT_EQ(lines_found(*open(file_)), (Texts{"one"})) << "that start was not ended in good order";
}

TEST_F(SpoolTest, AfterAPowerCutOnlyWhatWasCommittedAndIsWholeCounts) {
  auto spool = open(file_);
  leave_committed(*spool, "promised\n", 7, 1);
  leave_committed(*spool, "promised and spoiled\n", 8, 1);
  leave(std::move(spool), {"not committed\n"});
  file_.data()[Spool::kHeadBytes + kSlotBytes[0] + kSlotHeaderBytes + 3] ^= 1;
  auto next = open(file_, "boot 2");
  EXPECT_TRUE(next->found().after_power_cut);
  EXPECT_EQ(next->found().slots, 1u);
  EXPECT_EQ(next->found().distrusted, 2u);
  for (Slot& slot : next->take_found()) slot.leave();
  next.reset();
  // They do not count for the process after that either.
  EXPECT_EQ(lines_found(*open(file_, "boot 2")), (Texts{"promised"}));
}

TEST_F(SpoolTest, WithoutABootIdEveryStartIsAsAfterAPowerCut) {
  leave(open(file_, ""), {"not committed\n"});
  EXPECT_TRUE(lines_found(*open(file_, "")).empty());
}

TEST_F(SpoolTest, WhatWasSyncedOutlivesAPowerCutWhateverTheDiskMadeOfTheRest) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    PowerCutSpool file(Spool::file_bytes(kSmallestRegion));
    auto spool = open(file);
    leave_committed(*spool, "first\nsecond\n", 1, 2);
    leave_committed(*spool, std::string(20'000, 'l') + "\n", 3, 1, SlotSize::medium);
    ASSERT_TRUE(spool->sync());
    leave_committed(*spool, "committed, not synced\n", 4, 1);
    leave_committed(*spool, std::string(20'000, 'm') + "\n", 5, 1, SlotSize::medium);
    leave(std::move(spool), {"neither\n"});
    file.power_cut(seed);
    auto next = open(file, "boot 2");
    const Texts lines = lines_found(*next);
    const std::set<std::string> texts(lines.begin(), lines.end());
    ASSERT_EQ(texts.size(), lines.size()) << seed;
    ASSERT_TRUE(texts.contains("first") && texts.contains("second") && texts.contains(std::string(1000, 'l')));
    ASSERT_FALSE(texts.contains("neither"));
    for (const std::string& text : texts) {
      ASSERT_TRUE(text == "first" || text == "second" || text == "committed, not synced" ||
                  text == std::string(1000, 'l') || text == std::string(1000, 'm'))
          << seed << ": " << text;
    }
  }
}

TEST_F(SpoolTest, ASlotWhoseRoomWasGivenToOthersIsForgotten) {
  auto spool = open(file_);
  Slot old = spool->pool().acquire(SlotSize::medium);
  fill_stream(old, "old\n", spool->next_sequence(), true);
  commit_lines(old, 1, 1);
  ASSERT_TRUE(spool->sync());
  const std::string stale(old.header(), 4096);  // what a disk may still have after a power cut
  char* const at = old.header();
  old.reset();
  Slot around =
      spool->pool().adopt(static_cast<uint64_t>(at - file_.data()) - Spool::kHeadBytes + 4096, SlotSize::small);
  ASSERT_TRUE(around);
  fill_stream(around, "new\n", spool->next_sequence(), true);
  commit_lines(around, 2, 1);
  around.leave();
  spool.reset();
  std::memcpy(at, stale.data(), stale.size());

  spool = open(file_, "boot 2");
  EXPECT_EQ(lines_found(*spool), (Texts{"new"}));
  EXPECT_EQ(spool->found().distrusted, 1u);
  spool.reset();
  EXPECT_TRUE(lines_found(*open(file_, "boot 2")).empty()) << "the old one is not found when the new one is gone";
}

TEST_F(SpoolTest, WhatWasStoredIsToldToTheNextProcessButNotToTheNextBoot) {
  {
    auto spool = open(file_);
    Slot slot = spool->pool().acquire(SlotSize::small);
    fill_stream(slot, "a line\n", 1, true);
    commit_lines(slot, 1, 1);
    header_of(slot).stored = SlotHeader::kLinesStored;
    slot.leave();
  }
  {
    auto spool = open(file_);
    auto found = spool->take_found();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(header_of(found[0]).stored, SlotHeader::kLinesStored);
    found[0].leave();
  }
  auto spool = open(file_, "boot 2");
  auto found = spool->take_found();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(header_of(found[0]).stored, 0);
}

// ---- damage ----

TEST_F(SpoolTest, EveryFlippedBitOfTheHeadIsFound) {
  leave(open(file_), {"one\n"});
  for (size_t bit = 0; bit < 112 * 8; ++bit) {
    file_.data()[bit / 8] = static_cast<char>(file_.data()[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(Spool::open(file_.open(), {.boot_id = "boot 1"})) << "bit " << bit;
    file_.data()[bit / 8] = static_cast<char>(file_.data()[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_EQ(lines_found(*open(file_)), (Texts{"one"}));
}

TEST_F(SpoolTest, AFileOfAnotherSizeIsNoSpool) {
  open(file_);
  for (const uint64_t region : {2 * kSmallestRegion, kSmallestRegion + kSlotUnit}) {
    PowerCutSpool other(Spool::file_bytes(region));
    std::memcpy(other.data(), file_.data(), 4096);
    const auto spool = Spool::open(other.open(), {.boot_id = "boot 1"});
    ASSERT_FALSE(spool);
    EXPECT_NE(spool.error().message.find("should have"), std::string::npos);
  }
  PowerCutSpool small(Spool::kHeadBytes + kSlotUnit);
  EXPECT_FALSE(Spool::open(small.open(), {.boot_id = "boot 1"}));
}

TEST_F(SpoolTest, AFileOfAnythingElseIsNoSpool) {
  std::memset(file_.data(), 'x', file_.size());
  EXPECT_FALSE(Spool::open(file_.open(), {.boot_id = "boot 1"}));
}

TEST_F(SpoolTest, GarbageInTheRegionIsNoSlot) {
  std::mt19937_64 random(7);
  leave(open(file_), {"one\n"});
  for (uint64_t at = Spool::kHeadBytes + kSlotUnit; at < file_.size(); at += 8) {
    const uint64_t garbage = random();
    std::memcpy(file_.data() + at, &garbage, 8);
  }
  auto spool = open(file_);
  EXPECT_EQ(spool->found().slots, 1u);
  EXPECT_EQ(lines_found(*spool), (Texts{"one"}));
}

// Only who knows the file's id can make these: whatever a header says, the start goes on.
TEST_F(SpoolTest, AHeaderThatLiesInAnyPlaceHarmsNobody) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 100; ++round) {
    PowerCutSpool file(Spool::file_bytes(kSmallestRegion + (64 << 10)));
    open(file);
    for (int n = 0; n < 30; ++n) {
      BufferPool pool({.max_bytes = 1 << 20});
      Slot slot = pool.acquire(static_cast<SlotSize>(random() % 3));
      fill_stream(slot, "a\nb\nc", random() % 20, random() % 2);
      describe_slot(slot,
                    {.file_id = kTestFileId,
                     .max_frame_bytes = static_cast<uint32_t>(random() % 3 ? random() : random() % 10),
                     .kind = static_cast<SlotKind>(random() % 5),
                     .acknowledged = random() % 2 == 0},
                    random() % 20, 0, std::string(24, static_cast<char>(random() % 5)),
                    {.previous = random() % 20, .bytes = static_cast<uint32_t>(random() % 4000)});
      header_of(slot).message.msg_len = static_cast<unsigned>(random() % 2 ? random() : random() % 4000);
      header_of(slot).rounds_end = static_cast<uint32_t>(random() % 2 ? random() : random() % 4000);
      const uint64_t units = (file.size() - Spool::kHeadBytes) / kSlotUnit;
      std::memcpy(file.data() + Spool::kHeadBytes + random() % units * kSlotUnit, slot.header(), 4096);
    }
    auto spool = open(file);
    uint64_t bytes = 0;
    auto found = spool->take_found();
    for (Slot& slot : found) {
      bytes += slot.bytes();
      const SlotLines lines = cut_slot(slot, random() % 2, interner_);
      for (const auto& part : {lines.frames, lines.end}) {
        for (const FrameRef& frame : part) ASSERT_LE(size_t{frame.offset} + frame.length, slot.size());
      }
    }
    EXPECT_EQ(spool->pool().free_bytes() + bytes, file.size() - Spool::kHeadBytes);
  }
}

// One flipped bit in every byte of a small spool of committed slots: it opens or says that it can't, and after a power cut
// shows every line of every slot that was not hit, and no line that nobody sent.
TEST_F(SpoolTest, AFlippedBitCostsTheSlotThatItHitsAndNothingElse) {
  const Texts sent{"the first slot", "has two lines", "the second is short", "the third one"};
  {
    auto spool = open(file_);
    leave_committed(*spool, sent[0] + "\n" + sent[1] + "\n", 1, 2);
    leave_committed(*spool, sent[2] + "\n", 3, 1);
    leave_committed(*spool, sent[3] + "\n", 4, 1);
    ASSERT_TRUE(spool->sync());
  }
  const uint64_t end = Spool::kHeadBytes + 3 * kSlotBytes[0];
  // A start changes only the head, marks and `stored`: put back what it may have changed instead of the whole file.
  const std::string before(file_.data(), end);
  for (uint64_t at = 0; at < end; ++at) {
    if (at >= 128 && at < Spool::kHeadBytes) continue;  // not used
    if (at % 4096 >= kSlotHeaderBytes + 100) continue;  // likewise: behind what was received
    file_.data()[at] = static_cast<char>(file_.data()[at] ^ (1 << at % 8));
    for (const char* boot : {"boot 1", "boot 2"}) {
      auto spool = Spool::open(file_.open(), {.boot_id = boot});
      const bool in_head = at < 112;
      ASSERT_EQ(spool.has_value(), !in_head) << at;
      if (!spool) continue;
      const size_t hit = at < Spool::kHeadBytes ? 9 : (at - Spool::kHeadBytes) / kSlotBytes[0];
      const Texts lines = lines_found(**spool);
      const std::multiset<std::string> texts(lines.begin(), lines.end());
      const bool after_power_cut = std::string_view(boot) == "boot 2";
      for (size_t line = 0; line < sent.size(); ++line) {
        const size_t its_slot = line < 2 ? 0 : line - 1;
        ASSERT_TRUE(its_slot == hit || texts.count(sent[line]) == 1) << at << " " << boot << ": " << sent[line];
      }
      for (const std::string& text : lines) {
        const bool known = std::find(sent.begin(), sent.end(), text) != sent.end();
        ASSERT_TRUE(known || !after_power_cut) << at << ": " << text;
      }
      spool->reset();
      // What was found is free now; so that the next start sees it again:
      const char flipped = file_.data()[at];
      std::memcpy(file_.data(), before.data(), 4096);
      for (uint64_t slot = Spool::kHeadBytes; slot < end; slot += kSlotBytes[0]) {
        std::memcpy(file_.data() + slot, before.data() + slot, sizeof(SlotHeader));
      }
      if (after_power_cut) continue;
      file_.data()[at] = at >= Spool::kHeadBytes ? static_cast<char>(before[at] ^ (1 << at % 8)) : flipped;
    }
    std::memcpy(file_.data() + at / 4096 * 4096, before.data() + at / 4096 * 4096, 4096);
  }
}

// ---- the real file ----

TEST(SpoolFileTest, ARealFileIsAllocatedInFullAndFoundAgain) {
  TempDirectory directory;
  const std::string path = directory.path() + "/spool";
  EXPECT_EQ(spool_file_bytes(path), 0u);
  for (int start = 0; start < 3; ++start) {
    const SpoolSyncs syncs = start == 2 ? SpoolSyncs::often : SpoolSyncs::seldom;
    auto medium = open_spool_file(path, Spool::file_bytes(kSmallestRegion), syncs);
    ASSERT_TRUE(medium) << medium.error().message;
    auto spool = Spool::open(std::move(*medium), {.boot_id = boot_id()});
    ASSERT_TRUE(spool) << spool.error().message;
    EXPECT_EQ((*spool)->found().slots, start == 0 ? 0u : 1u);
    for (Slot& slot : (*spool)->take_found()) EXPECT_EQ(std::string_view(slot.data(), 4), "one\n");
    Slot slot = (*spool)->pool().acquire(SlotSize::large);
    const FramingState state{.mode = static_cast<uint8_t>(FramingMode::newline)};
    describe_slot(slot, {.file_id = (*spool)->file_id()}, (*spool)->next_sequence(), 0, bytes_of(state));
    std::memcpy(slot.data(), "one\n", 4);
    header_of(slot).message.msg_len = 4;
    EXPECT_TRUE((*spool)->sync());
    slot.leave();
  }
  EXPECT_EQ(spool_file_bytes(path), Spool::file_bytes(kSmallestRegion));
  EXPECT_FALSE(boot_id().empty());
}

TEST(SpoolFileTest, WhatIsWrittenToTheFileIsInTheSlot) {
  TempDirectory directory;
  const auto open = [path = directory.path() + "/spool"] {
    auto medium = open_spool_file(path, Spool::file_bytes(kSmallestRegion), SpoolSyncs::often);
    EXPECT_TRUE(medium);
    return Spool::open(std::move(*medium), {.boot_id = boot_id()});
  };
  auto spool = open();
  ASSERT_TRUE(spool) << spool.error().message;
  Slot slot = (*spool)->pool().acquire(SlotSize::large);
  describe_slot(slot, {.file_id = (*spool)->file_id()}, (*spool)->next_sequence(), 0, {});
  std::memset(slot.data(), '.', 10);
  (*spool)->write(slot.data() + 3, "bytes");
  EXPECT_EQ(std::string_view(slot.data(), 10), "...bytes..");
  slot.write_header(offsetof(SlotHeader, stored), "\x01");
  EXPECT_EQ(header_of(slot).stored, 1);

  slot.reset();
  *spool = nullptr;
  spool = open();
  ASSERT_TRUE(spool) << spool.error().message;
  EXPECT_EQ((*spool)->found().slots, 0u) << "a free slot describes nothing";
}

TEST(SpoolFileTest, AFileThatCanNotBeMadeIsTold) {
  const auto medium = open_spool_file("/nowhere/spool", Spool::file_bytes(kSmallestRegion));
  ASSERT_FALSE(medium);
  EXPECT_NE(medium.error().message.find("/nowhere/spool"), std::string::npos);
}

}  // namespace
}  // namespace sluice
