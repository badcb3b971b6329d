#include "core/spool/committer.h"

#include <sys/prctl.h>

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// While a sync runs, senders whose window is full wait for it, and send again once it has answered them. A sync that
// began at once would serve only the others, so that half of all windows would always be on the way. Waiting a third of
// what a sync takes gathers nearly all of them: many more answers a second for a little delay. Not for a sender alone,
// and not longer than anybody would notice.
constexpr int kGatherPart = 3;
constexpr std::chrono::milliseconds kMostGathering{2};

}  // namespace

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
  bool wake = false;
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(ack));
    wake = idle_;
  }
  if (wake) asked_.notify_one();
}

// False at the end: nobody waits any more, and nobody will.
bool Committer::next_group(std::chrono::nanoseconds gather, std::vector<AckRequest>& group) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point until = Clock::now() + gather;
  MutexLock lock(mutex_);
  for (auto left = gather; left.count() > 0 && !ending_; left = until - Clock::now()) asked_.wait_for(mutex_, left);
  idle_ = true;
  while (waiting_.empty() && !ending_) asked_.wait(mutex_);
  idle_ = false;
  std::swap(group, waiting_);
  return !group.empty();
}

void Committer::run() {
  prctl(PR_SET_NAME, "commit");
  std::vector<AckRequest> group;
  std::chrono::nanoseconds gather{0};
  bool failing = false;
  while (next_group(gather, group)) {
    pulse_.busy();
    const auto began = std::chrono::steady_clock::now();
    const auto synced = sync_();
    const auto took = std::chrono::steady_clock::now() - began;
    pulse_.idle();
    gather = group.size() == 1 ? std::chrono::nanoseconds(0)
                               : std::min<std::chrono::nanoseconds>(took / kGatherPart, kMostGathering);
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
