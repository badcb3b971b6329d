// The process dies, or the machine, at every single change to the disk. Whatever was acknowledged must be there
// exactly once: to a reader before anything is repaired, to the store that is opened next, and after it has merged.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/store/store.h"
#include "tests/core/store/store_fixture.h"

namespace sluice {
namespace {

enum class Crash { process, power, torn_power, zeros_power };

class StoreCrashTest : public StoreFixture {
 protected:
  StoreCrashTest() {
    options_.sync_interval = 0;  // so that what is acknowledged is durable
    options_.small_blocks = 3;
    options_.block_bytes = 64 << 10;
    options_.pack_bytes = 128 << 10;
  }

  static std::string line(uint64_t id) { return "line " + std::to_string(id) + " of many"; }

  // Appends a block of two lines and a note, and remembers whether it was acknowledged.
  bool try_append() {
    const uint64_t id = next_id_;
    next_id_ += 2;
    const auto block = maker_.make({{id, line(id)}, {id + 1, line(id + 1)}},
                                   {{.first_id = id, .count = 3, .first_time = 1, .last_time = 2}}, clock_.now());
    if (!store_->append(block)) return false;
    acknowledged_.insert(id);
    return true;
  }

  // Ten rolls, several merges of merges, and retention if it is on.
  void work() {
    auto opened = Store::open(options_, fs_, clock_, nullptr);
    if (!opened) return;
    store_ = std::move(*opened);
    for (int i = 0; i < 30 && !fs_.dead(); ++i) {
      if (!try_append()) break;
      clock_.advance(kSecond);
      for (int calls = 0; calls < 3; ++calls) store_->maintain();
      if (i % 10 == 9) clock_.advance(61 * kSecond);
    }
    for (int calls = 0; calls < 200 && store_->maintain(); ++calls) {
    }
    merges_ = store_->stats().merges;
  }

  void fail(Crash crash) {
    fs_.die();
    store_.reset();
    if (crash == Crash::process) fs_.restart();
    if (crash == Crash::power) fs_.power_cut(PowerCut::nothing);
    if (crash == Crash::torn_power) fs_.power_cut(PowerCut::torn);
    if (crash == Crash::zeros_power) fs_.power_cut(PowerCut::zeros);
  }

  void expect_acknowledged_once(const std::string& when) {
    const Contents found = read_store(fs_);
    EXPECT_EQ(found.shown_twice, 0u) << when;
    for (const uint64_t id : acknowledged_) {
      if (id < removed_before_) continue;
      ASSERT_EQ(found.lines.contains(id), true) << when << ", line " << id;
      EXPECT_EQ(found.lines.at(id), line(id));
      EXPECT_EQ(found.lines.at(id + 1), line(id + 1));
      EXPECT_EQ(found.repeats.at(id), 3u) << when << ", line " << id;
    }
    // A block whose append failed may be there, but whole.
    for (const auto& [id, text] : found.lines) EXPECT_TRUE(found.lines.contains(id % 2 == 1 ? id + 1 : id - 1));
  }

  // Runs the work once without a crash to count its changes, then once for each of them.
  void crash_everywhere(Crash crash, const std::function<void()>& check) {
    const uint64_t before = fs_.changes();
    work();
    store_.reset();
    const uint64_t changes = fs_.changes() - before;
    ASSERT_GT(changes, 150u);
    ASSERT_GE(merges_, least_merges_);
    for (uint64_t k = 0; k < changes; ++k) {
      SCOPED_TRACE("crash at change " + std::to_string(k));
      wipe();
      fs_.fail_after(k);
      work();
      fail(crash);
      check();
      if (HasFatalFailure()) return;
    }
  }
  void wipe() {
    for (const std::string& name : files()) ASSERT_TRUE(fs_.remove(kDir + "/" + name));
    (void)fs_.sync_directory(kDir);
    next_id_ = 1;
    removed_before_ = 0;
    acknowledged_.clear();
  }

  void expect_nothing_lost() {
    (void)fs_.make_directory(kDir);
    expect_acknowledged_once("read before repair");
    open();
    if (!store_) return;
    expect_acknowledged_once("after open");
    EXPECT_EQ(told(StoreEvent::Kind::damaged), std::vector<std::string>{});
    next_id_ = std::max(next_id_, store_->next_id());
    next_id_ += 1 - next_id_ % 2;
    ASSERT_TRUE(try_append());
    expect_acknowledged_once("after another append");
    for (int i = 0; i < 3; ++i) settle();
    expect_acknowledged_once("after merging");
    for (const std::string& name : files()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
    EXPECT_LE(files().size(), 2u);
    close();
    auto reader = StoreReader::open(fs_, kDir);
    EXPECT_TRUE((*reader)->verify().empty());
    EXPECT_TRUE((*reader)->torn_tails().empty());
  }

  uint64_t next_id_ = 1;
  uint64_t removed_before_ = 0;
  uint64_t merges_ = 0, least_merges_ = 3;
  std::set<uint64_t> acknowledged_;
};

TEST_F(StoreCrashTest, NothingIsLostOrDoubledWhereverTheProcessDies) {
  crash_everywhere(Crash::process, [this] { expect_nothing_lost(); });
}

TEST_F(StoreCrashTest, NothingIsLostOrDoubledWhereverThePowerGoes) {
  crash_everywhere(Crash::power, [this] { expect_nothing_lost(); });
}

TEST_F(StoreCrashTest, NothingIsLostOrDoubledWhenAPowerCutTearsWhatWasNotSynced) {
  crash_everywhere(Crash::torn_power, [this] { expect_nothing_lost(); });
}

TEST_F(StoreCrashTest, NothingIsLostOrDoubledWhenAPowerCutLeavesZeros) {
  crash_everywhere(Crash::zeros_power, [this] { expect_nothing_lost(); });
}

TEST_F(StoreCrashTest, RetentionRemovesFromTheOldEndOnlyWhereverTheProcessDies) {
  options_.retention_bytes = 8'000;
  least_merges_ = 0;  // segments are too short for any
  for (const Crash crash : {Crash::process, Crash::power}) {
    crash_everywhere(crash, [this] {
      (void)fs_.make_directory(kDir);
      const Contents found = read_store(fs_);
      removed_before_ = found.lines.empty() ? next_id_ : found.lines.begin()->first;
      expect_acknowledged_once("read before repair");
      const uint64_t last = acknowledged_.empty() ? 0 : *acknowledged_.rbegin() + 1;
      open();
      EXPECT_GT(store_->next_id(), last) << "ids are used again";
      expect_acknowledged_once("after open");
      close();
    });
  }
}

}  // namespace
}  // namespace sluice
