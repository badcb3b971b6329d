// The real `sluicectl logs -f` beside a store that is being written.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/end_to_end/child.h"
#include "tests/support/store_builder.h"

namespace sluice {
namespace {

class CtlFollow : public ::testing::Test {
 protected:
  CtlFollow() : CtlFollow(StoreOptions{}) {}
  explicit CtlFollow(StoreOptions options) : store_(std::move(options)) {}

  std::vector<std::string> command(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {SLUICE_CTL, "logs", "-f", "-o", "cat", "--store", store_.path()});
    return arguments;
  }
  uint64_t add(std::string_view message) {
    return store_.line("<13>1 2026-11-23T10:15:30Z web-1 app - - - " + std::string(message));
  }
  uint64_t add_block(std::string_view message) {
    const uint64_t id = add(message);
    store_.seal();
    return id;
  }

  StoreBuilder store_;
};

TEST_F(CtlFollow, ShowsTheLastTenLinesAndThenNewOnes) {
  for (int i = 1; i <= 12; ++i) add("old " + std::to_string(i));
  store_.seal();
  Child follow(command());
  for (int i = 3; i <= 12; ++i) EXPECT_EQ(follow.line(), "old " + std::to_string(i));
  add_block("new 1");
  EXPECT_EQ(follow.line(), "new 1");
  add_block("new 2");
  EXPECT_EQ(follow.line(), "new 2");
}

TEST_F(CtlFollow, BeginsWithAnEmptyStore) {
  Child follow(command());
  add_block("first");
  EXPECT_EQ(follow.line(), "first");
}

TEST_F(CtlFollow, ShowsOnlyWhatWasAskedFor) {
  add_block("wanted 1");
  Child follow(command({"-g", "wanted"}));
  EXPECT_EQ(follow.line(), "wanted 1");
  add_block("other");
  add_block("wanted 2");
  EXPECT_EQ(follow.line(), "wanted 2");
}

TEST_F(CtlFollow, NoLineIsLostOrShownTwiceWhenSegmentsRollAndMerge) {
  Child follow(command({"-n", "all"}));  // it may begin after the first lines are there
  int shown = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 10; ++i) add_block("line " + std::to_string(round * 10 + i));
    store_.clock().advance(3600 * kSecond);
    while (store_.store().maintain()) {
    }
    if (round % 5 == 4) store_.reopen();
    // Waits now and then, so that the reader sees some merges happen and sleeps through others.
    for (; round % 3 == 0 && shown < round * 10; ++shown) EXPECT_EQ(follow.line(), "line " + std::to_string(shown));
  }
  for (; shown < 200; ++shown) EXPECT_EQ(follow.line(), "line " + std::to_string(shown));
  add_block("end");
  EXPECT_EQ(follow.line(), "end");
  const auto reader = store_.reader();
  EXPECT_TRUE(std::any_of(reader->segments().begin(), reader->segments().end(),
                          [](const StoreReader::SegmentInfo& segment) { return segment.level > 0; }));
}

TEST_F(CtlFollow, ARepeatIsShownAgainOnlyIfAsked) {
  Child all(command({"--repeats"}));
  Child once(command());
  const uint64_t id = add_block("again");
  EXPECT_EQ(all.line(), "again");
  EXPECT_EQ(once.line(), "again");
  store_.repeat(id, 2);
  store_.seal();
  EXPECT_EQ(all.line(), "again");
  EXPECT_EQ(all.line(), "again");
  add_block("other");
  EXPECT_EQ(all.line(), "other");
  EXPECT_EQ(once.line(), "other");
}

TEST_F(CtlFollow, ARepeatNotedBeforeItsLineIsCounted) {
  Child all(command({"--repeats"}));
  add("first");
  store_.repeat(2, 1);
  store_.seal();
  EXPECT_EQ(all.line(), "first");
  add_block("later");
  EXPECT_EQ(all.line(), "later");
  EXPECT_EQ(all.line(), "later");
}

TEST_F(CtlFollow, EndsWhenNobodyReadsOn) {
  add_block("one");
  Child follow(command());
  EXPECT_EQ(follow.line(), "one");
  follow.close_output();  // and nothing more is written to the store
  EXPECT_EQ(follow.wait(), 0);
  EXPECT_EQ(follow.errors(), "");
}

TEST_F(CtlFollow, CtrlCEndsItWithoutAWord) {
  add_block("one");
  Child follow(command());
  EXPECT_EQ(follow.line(), "one");
  follow.send(SIGINT);
  EXPECT_EQ(follow.wait(), -SIGINT);
  EXPECT_EQ(follow.errors(), "");
}

}  // namespace
}  // namespace sluice
