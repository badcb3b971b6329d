#include "core/spool/committer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

namespace sluice {
namespace {

// A disk that answers when it is told, and senders that note what they hear.
class Disk {
 public:
  Result<void> sync() {
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return allowed_ > 0; });
    --allowed_;
    return failing_ ? Result<void>(Unexpected(Error{"the disk is broken"})) : Result<void>();
  }
  void allow(int syncs, bool failing = false) {
    const std::scoped_lock lock(mutex_);
    allowed_ += syncs;
    failing_ = failing;
    changed_.notify_all();
  }
  void await_begun(int syncs) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ >= syncs; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0, allowed_ = 0;
  bool failing_ = false;
};

class Sender final : public AckReceiver {
 public:
  void on_ack(uint64_t token, bool safe) override {
    const std::scoped_lock lock(mutex_);
    EXPECT_TRUE(answers_.emplace(token, safe).second) << "answered twice: " << token;
    changed_.notify_all();
  }
  bool await(uint64_t token) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answers_.contains(token); });
    return answers_.at(token);
  }
  size_t answers() {
    const std::scoped_lock lock(mutex_);
    return answers_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, bool> answers_;
};

class CommitterTest : public testing::Test {
 protected:
  void ask(uint64_t token) { committer_->request({sender_, token}); }

  Disk disk_;
  std::shared_ptr<Sender> sender_ = std::make_shared<Sender>();
  std::vector<std::string> reports_;  // of the committer's thread; read when it has ended
  std::unique_ptr<Committer> committer_ = std::make_unique<Committer>(
      [this] { return disk_.sync(); }, [this](const std::string& text) { reports_.push_back(text); });
};

TEST_F(CommitterTest, OneSyncServesAllWhoAskedBeforeItBegan) {
  ask(1);
  disk_.await_begun(1);
  for (uint64_t token = 2; token <= 100; ++token) ask(token);
  EXPECT_EQ(sender_->answers(), 0u) << "nobody is answered before his sync has ended";
  disk_.allow(2);
  EXPECT_TRUE(sender_->await(1));
  for (uint64_t token = 2; token <= 100; ++token) EXPECT_TRUE(sender_->await(token));
  committer_.reset();
  EXPECT_TRUE(reports_.empty());
}

TEST_F(CommitterTest, WhoAsksDuringASyncWaitsForTheNext) {
  ask(1);
  disk_.await_begun(1);
  ask(2);
  disk_.allow(1);
  EXPECT_TRUE(sender_->await(1));
  disk_.await_begun(2);
  EXPECT_EQ(sender_->answers(), 1u);
  disk_.allow(1);
  EXPECT_TRUE(sender_->await(2));
  EXPECT_EQ(committer_->syncs(), 2u);
}

TEST_F(CommitterTest, AFailedSyncAnswersFalseAndIsToldOnceUntilOneWorks) {
  disk_.allow(2, true);
  ask(1);
  EXPECT_FALSE(sender_->await(1));
  ask(2);
  EXPECT_FALSE(sender_->await(2));
  disk_.allow(1, false);
  ask(3);
  EXPECT_TRUE(sender_->await(3));
  disk_.allow(1, true);
  ask(4);
  EXPECT_FALSE(sender_->await(4));
  EXPECT_EQ(committer_->failures(), 3u);
  committer_.reset();
  ASSERT_EQ(reports_.size(), 3u);
  EXPECT_NE(reports_[0].find("the disk is broken"), std::string::npos);
  EXPECT_EQ(reports_[1], "the spool can be synced again");
  EXPECT_NE(reports_[2].find("the disk is broken"), std::string::npos);
}

TEST_F(CommitterTest, TheEndAnswersWhoStillWaits) {
  ask(1);
  disk_.await_begun(1);
  ask(2);
  disk_.allow(2);
  committer_.reset();
  EXPECT_TRUE(sender_->await(1));
  EXPECT_TRUE(sender_->await(2));
}

}  // namespace
}  // namespace sluice
