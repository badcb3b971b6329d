#include "daemon/service/self_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/support/manual_clock.h"

namespace sluice {
namespace {

using namespace std::string_literals;

class SelfLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/sluice_self_log_XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    close(fd);
    file_ = path;
    open({});
  }
  void TearDown() override {
    log_.reset();
    unlink(file_.c_str());
  }
  void open(SelfLogOptions options) {
    options.file = file_;
    auto log = SelfLog::open(options, clock_);
    ASSERT_TRUE(log.has_value());
    log_ = std::move(*log);
  }
  // What was written, without the time before each line.
  std::vector<std::string> lines() const {
    std::ifstream in(file_);
    std::vector<std::string> result;
    for (std::string line; std::getline(in, line);) result.push_back(line.substr(line.find(' ') + 1));
    return result;
  }

  ManualClock clock_;
  std::string file_;
  std::unique_ptr<SelfLog> log_;
};

using Lines = std::vector<std::string>;

TEST_F(SelfLogTest, WritesLevelAndTextOnOneLine) {
  log_->info("start", "ready");
  log_->error("store", "disk full");
  EXPECT_EQ(lines(), (Lines{"info: ready", "error: disk full"}));
}

TEST_F(SelfLogTest, BeginsALineWithItsTime) {
  log_->info("start", "ready");
  std::ifstream in(file_);
  std::string line;
  std::getline(in, line);
  int year, month, day, hour, minute;
  EXPECT_EQ(sscanf(line.c_str(), "%4d-%2d-%2dT%2d:%2d:", &year, &month, &day, &hour, &minute), 5) << line;
}

TEST_F(SelfLogTest, LeavesOutWhatIsBelowTheLevel) {
  open({.level = LogLevel::warning});
  log_->debug("a", "no");
  log_->info("a", "no");
  log_->warning("a", "yes");
  EXPECT_EQ(lines(), Lines{"warning: yes"});
}

TEST_F(SelfLogTest, WritesControlCharactersAsEscapesSoThatAMessageIsOneLine) {
  log_->info("frame", "first bytes: <34>\n<0>forged\x7f\0é"s);
  EXPECT_EQ(lines(), Lines{"info: first bytes: <34>\\x0a<0>forged\\x7f\\x00é"});
}

TEST_F(SelfLogTest, CutsALongMessage) {
  log_->info("frame", std::string(SelfLog::kMaxMessageBytes, 'a'));
  log_->info("frame", std::string(SelfLog::kMaxMessageBytes + 1, 'b'));
  EXPECT_EQ(lines(), (Lines{"info: " + std::string(SelfLog::kMaxMessageBytes, 'a'),
                            "info: " + std::string(SelfLog::kMaxMessageBytes, 'b') + "..."}));
}

TEST_F(SelfLogTest, HoldsBackWhatGoesBeyondTheBurstAndTellsHowManyAfterTheWindow) {
  open({.window = 10, .burst = 2});
  for (int i = 0; i < 5; ++i) log_->warning("frame", "bad");
  clock_.advance(9);
  log_->tick();
  EXPECT_EQ(lines(), (Lines{"warning: bad", "warning: bad"}));
  clock_.advance(1);
  log_->tick();
  EXPECT_EQ(lines().back(), "warning: frame: 3 more messages like this suppressed");
  log_->tick();
  EXPECT_EQ(lines().size(), 3u);
}

TEST_F(SelfLogTest, TellsWhatWasHeldBackBeforeTheFirstMessageOfTheNextWindow) {
  open({.window = 10, .burst = 1});
  log_->info("frame", "one");
  log_->error("frame", "two");
  clock_.advance(10);
  log_->info("frame", "three");
  EXPECT_EQ(lines(), (Lines{"info: one", "error: frame: 1 more message like this suppressed", "info: three"}));
}

TEST_F(SelfLogTest, LimitsEachKindByItself) {
  open({.window = 10, .burst = 1});
  log_->info("a", "one");
  log_->info("b", "two");
  log_->info("a", "three");
  EXPECT_EQ(lines(), (Lines{"info: one", "info: two"}));
}

TEST_F(SelfLogTest, NeverLimitsMessagesWithoutAKind) {
  open({.window = 10, .burst = 1});
  for (int i = 0; i < 50; ++i) log_->info("", "figures");
  EXPECT_EQ(lines().size(), 50u);
}

TEST_F(SelfLogTest, TellsWhatWasHeldBackAtItsEnd) {
  open({.window = 10, .burst = 1});
  log_->info("a", "one");
  log_->info("a", "two");
  log_.reset();
  EXPECT_EQ(lines().back(), "info: a: 1 more message like this suppressed");
}

TEST_F(SelfLogTest, RemembersABoundedNumberOfKinds) {
  open({.window = 10, .burst = 1});
  for (size_t i = 0; i < SelfLog::kMaxKinds + 10; ++i) log_->info(std::to_string(i), "text");
  EXPECT_EQ(lines().size(), SelfLog::kMaxKinds + 1);  // the ones above share one kind
  log_.reset();
  EXPECT_EQ(lines().back(), "info: other: 9 more messages like this suppressed");
}

TEST_F(SelfLogTest, KeepsMessagesOfManyThreadsWhole) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) log_->info("", "a message that nobody tears");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines(), Lines(400, "info: a message that nobody tears"));
}

TEST(SelfLog, SaysWhichFileItCannotOpen) {
  auto log = SelfLog::open({.file = "/proc/no/such/log"}, system_clock());
  ASSERT_FALSE(log.has_value());
  EXPECT_NE(log.error().message.find("/proc/no/such/log"), std::string::npos) << log.error().message;
}

// Standard error is given to a file whose device and inode JOURNAL_STREAM names, as systemd does it.
TEST(SelfLog, BeginsLinesWithThePriorityWhenStandardErrorIsTheJournal) {
  char path[] = "/tmp/sluice_journal_XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  struct stat status{};
  ASSERT_EQ(fstat(fd, &status), 0);
  setenv("JOURNAL_STREAM", (std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)).c_str(), 1);
  const int old_stderr = dup(2);
  dup2(fd, 2);
  {
    auto log = SelfLog::open({.level = LogLevel::debug}, system_clock());
    for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
      (*log)->write(level, "", "text");
    }
  }
  dup2(old_stderr, 2);
  close(old_stderr);
  unsetenv("JOURNAL_STREAM");
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), "<7>text\n<6>text\n<4>text\n<3>text\n");
  close(fd);
  unlink(path);
}

TEST(SelfLog, TakesAnotherFileForNoJournal) {
  EXPECT_FALSE(is_journal_stream("1:1", 2));
  EXPECT_FALSE(is_journal_stream("", 2));
  EXPECT_FALSE(is_journal_stream(nullptr, 2));
  EXPECT_FALSE(is_journal_stream("1:1", -1));
}

TEST(SelfLog, KnowsTheNamesOfItsLevels) {
  EXPECT_EQ(log_level("debug"), LogLevel::debug);
  EXPECT_EQ(log_level("info"), LogLevel::info);
  EXPECT_EQ(log_level("warning"), LogLevel::warning);
  EXPECT_EQ(log_level("error"), LogLevel::error);
  EXPECT_EQ(log_level("loud"), LogLevel::info);
}

}  // namespace
}  // namespace sluice
