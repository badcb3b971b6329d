#include "core/pipeline/replay.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "tests/core/pipeline/spooled_life.h"

namespace sluice {
namespace {

// What a random run (crash_test.cpp) meets seldom.
TEST(ReplayTest, APartialFrameThatWentOnElsewhereIsMarkedBeforeAnyLineIsHandedOver) {
  PowerCutFileSystem fs;
  ASSERT_TRUE(fs.make_directory(kLifeStore));
  PowerCutSpool file(Spool::file_bytes(1 << 20));
  ManualClock clock;
  std::unique_ptr<PowerCutSpool> left;
  {
    SpooledLife life(fs, file, clock, {.boot_id = "boot"});
    ASSERT_EQ(life.start(), "");
    LifeStream stream;
    ASSERT_TRUE(life.receive(stream, "<13>begin", SlotSize::small));
    life.on_received = [&](std::string_view) { left = file.snapshot(); };  // killed before the first slot is marked
    ASSERT_TRUE(life.receive(stream, " and more", SlotSize::small));
    stream = LifeStream();
  }
  ASSERT_TRUE(left);
  SpooledLife next(fs, *left, clock, {.boot_id = "boot"});
  ASSERT_EQ(next.start(), "");

  // From here on the slots may be freed in any order, and the process be killed between.
  const auto then = left->snapshot();
  auto spool = Spool::open(then->open(), {.boot_id = "boot"});
  ASSERT_TRUE(spool);
  std::vector<Slot> slots = (*spool)->take_found();
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(header_of(slots[0]).tail_taken, 1);
  EXPECT_EQ(header_of(slots[1]).tail_taken, 0);
}

class NoAcks final : public AckReceiver {
 public:
  void on_ack(uint64_t, bool) override {}
};

// Its line repeats one that lies only in a slot which a power cut would take.
TEST(ReplayTest, AnAnsweredSlotWhoseLinesAreStoredStaysUntilWhatTheyRepeatIsStoredToo) {
  const LifeOptions options{.boot_id = "boot", .pipeline = {.block_age = 3600 * kSecond}};  // nothing is stored
  PowerCutFileSystem fs;
  ASSERT_TRUE(fs.make_directory(kLifeStore));
  PowerCutSpool file(Spool::file_bytes(1 << 20));
  ManualClock clock;
  std::unique_ptr<PowerCutSpool> left;
  std::unique_ptr<PowerCutFileSystem> left_fs;
  {
    SpooledLife life(fs, file, clock, options);
    ASSERT_EQ(life.start(), "");
    LifeStream stream;
    ASSERT_TRUE(life.receive(stream, "<13>a line\n", SlotSize::small));
    ASSERT_TRUE(life.deliver({"<13>a line"}, std::make_shared<NoAcks>(), 1, SlotSize::small));
    left_fs = fs.snapshot([&] { left = file.snapshot(); });
    stream = LifeStream();
  }
  const auto acknowledged = [&](const std::function<void(SlotHeader&)>& visit) {
    auto spool = Spool::open(left->open(), {.boot_id = "boot"});
    EXPECT_TRUE(spool);
    int found = 0;
    for (Slot& slot : (*spool)->take_found()) {
      if (header_of(slot).acknowledged != 0) {
        ++found;
        visit(header_of(slot));
      }
      slot.leave();
    }
    return found;
  };
  // As the store thread leaves it when the repeat was counted in one worker's block, and the line waits in another's.
  ASSERT_EQ(acknowledged([](SlotHeader& header) { header.stored = SlotHeader::kLinesStored; }), 1);
  std::unique_ptr<PowerCutSpool> then;
  {
    SpooledLife next(*left_fs, *left, clock, options);
    ASSERT_EQ(next.start(), "");
    next.replay();
    EXPECT_EQ(next.replayed().lines, 1u);
    EXPECT_EQ(next.replayed().covered, 1u);
    then = left->snapshot();
  }
  left = std::move(then);
  EXPECT_EQ(acknowledged([](SlotHeader&) {}), 1);
}

// A merge forgets that lines were counted as repeats once they are passed; their slot may be needed for what else is in it.
TEST(ReplayTest, ASlotSaysThatItsLinesAreStoredBeforeTheStoreMayForgetIt) {
  const LifeOptions options{.boot_id = "boot", .pipeline = {.block_age = 3600 * kSecond}};
  PowerCutFileSystem fs;
  ASSERT_TRUE(fs.make_directory(kLifeStore));
  PowerCutSpool file(Spool::file_bytes(1 << 20));
  ManualClock clock;
  const auto slot_header = [](PowerCutSpool& left) {
    auto spool = Spool::open(left.open(), {.boot_id = "boot"});
    EXPECT_TRUE(spool);
    std::vector<Slot> slots = (*spool)->take_found();
    EXPECT_EQ(slots.size(), 1u);
    const SlotHeader header = slots.empty() ? SlotHeader{} : header_of(slots.front());
    for (Slot& slot : slots) slot.leave();
    return header;
  };
  std::unique_ptr<PowerCutSpool> left;
  {
    SpooledLife life(fs, file, clock, options);
    ASSERT_EQ(life.start(), "");
    LifeStream stream;
    ASSERT_TRUE(life.receive(stream, "<13>a line\n<13>begin", SlotSize::small));
    left = file.snapshot();  // killed after the store took the line, before the slot said so
    life.drain();
    stream = LifeStream();
  }
  ASSERT_EQ(slot_header(*left->snapshot()).stored, 0);
  SpooledLife next(fs, *left, clock, options);
  ASSERT_EQ(next.start(), "");
  next.replay();
  EXPECT_EQ(next.replayed().covered, 1u);
  EXPECT_EQ(next.replayed().cut_short, 1u);
  EXPECT_EQ(slot_header(*left->snapshot()).stored, SlotHeader::kLinesStored);
}

}  // namespace
}  // namespace sluice
