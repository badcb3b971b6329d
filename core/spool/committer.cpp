#include "core/spool/committer.h"

#include <sys/prctl.h>

#include <utility>

namespace sluice {

Committer::Committer(std::function<Result<void>()> sync, std::function<void(const std::string&)> report)
    : sync_(std::move(sync)), report_(std::move(report)), thread_([this] { run(); }) {}

Committer::~Committer() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  asked_.notify_all();
  thread_.join();
}

void Committer::request(AckRequest ack) {
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(ack));
  }
  asked_.notify_one();
}

void Committer::run() {
  prctl(PR_SET_NAME, "commit");
  std::vector<AckRequest> group;
  bool failing = false;
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !ending_) asked_.wait(mutex_);
      if (waiting_.empty()) return;
      std::swap(group, waiting_);
    }
    pulse_.busy();
    const auto synced = sync_();
    pulse_.idle();
    if (synced) {
      syncs_.store(syncs_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      failures_.store(failures_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      if (!failing) report_("senders are not answered, because the spool can't be synced: " + synced.error().message);
    }
    if (synced && failing) report_("the spool can be synced again");
    failing = !synced;
    for (AckRequest& ack : group) ack.answer(synced.has_value());
    group.clear();
  }
}

}  // namespace sluice
