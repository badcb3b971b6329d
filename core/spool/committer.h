// Committer: makes committed slots outlive a power cut, and then answers. One sync serves all who asked before it began
// (group commit), so that the rate of answers is not that of the disk. Between two syncs it pauses for a part of what the
// last one took, for those who were just answered to send again.
//
//   commit_slot(slot);                                 // the reader, before it hands the slot over
//   committer.request({session, token});               // answered when a sync that began later has ended
//
// Errors:  after a failed sync nothing is known of any slot that it covered: its requests are answered "not safe", the
//          trouble is reported once until a sync works again.
// Threads: request() from any thread; answers come from the committer's.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/pulse.h"
#include "core/runtime/ack.h"

namespace sluice {

class Committer {
 public:
  Committer(std::function<Result<void>()> sync, std::function<void(const std::string&)> report);
  ~Committer();  // answers what waits

  void request(AckRequest ack);

  const Pulse& pulse() const { return pulse_; }
  uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  void run();
  bool next_group(std::chrono::nanoseconds gather, std::vector<AckRequest>& group);

  const std::function<Result<void>()> sync_;
  const std::function<void(const std::string&)> report_;
  Mutex mutex_;
  CondVar asked_;
  std::vector<AckRequest> waiting_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  bool idle_ GUARDED_BY(mutex_) = false;  // the thread waits for somebody to ask
  std::atomic<uint64_t> syncs_{0};        // written by the committer's thread, read by any
  std::atomic<uint64_t> failures_{0};
  Pulse pulse_;  // of the committer's thread
  std::thread thread_;
};

}  // namespace sluice
