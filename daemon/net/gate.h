// Gate: where readers wait, in one I/O thread, until they may go on.
//
//   if (pipeline.submit(batch) == Verdict::full) gate.wait_for_room(*this, cost, deadline);   // on_room(): try again
//   Slot slot = pool.acquire(size);  if (!slot) gate.wait_for_slot(*this);              // the same
//   gate.rest(*this);                                                                   // on_rested(), in a moment
//
// Room is shared out in the order of asking: who is first and still finds none keeps its place. A wait ends when the
// context manager says that an operation ended, and is tried again every few milliseconds besides, because slots become
// free and pressure ends without a word.
//
// Resting is what makes a busy socket cheap: after reading a little, its reader leaves it alone for a moment, and the next
// read finds a batch instead of a line. Readers rest on one timer together: who comes while it runs rests as long as it
// still does.
//
// Threads: the io_context's one, or any while it does not run. Only the context manager's call comes from elsewhere.
// Memory:  nothing per reader; the lists run through the readers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <memory>

#include "core/base/clock.h"
#include "core/runtime/context_manager.h"
#include "core/runtime/ledger.h"

namespace sluice {

using GateHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class GateWaiter : public GateHook {
 public:
  // Called with the waiter off the gate; it may wait again, and must not be destroyed before the call returns.
  virtual void on_room() = 0;
  virtual void on_rested() = 0;
  // Called once, with the waiter still waiting; leave() to give up.
  virtual void on_deadline() = 0;

  bool at_gate() const { return is_linked(); }
  void leave() {
    if (is_linked()) unlink();
  }

 protected:
  ~GateWaiter() = default;

 private:
  friend class Gate;
  Nanos deadline_ = 0;  // monotonic; 0: none
  OperationCost cost_;  // of what waits for room; nothing for who waits for a slot
};

class Gate : public std::enable_shared_from_this<Gate> {
 public:
  // How often waiters try again unasked.
  static constexpr std::chrono::milliseconds kRetry{5};
  // Long enough to gather some hundred lines of a busy sender, far under the second that a block stays open, and short
  // enough for the kernel's smallest usual buffer (212 KB) at 200 MB/s.
  static constexpr std::chrono::milliseconds kRest{1};

  static std::shared_ptr<Gate> make(boost::asio::io_context& io, ContextManager& context, const Clock& clock);

  // `deadline` on the monotonic clock; 0: none. Asked again from on_room(), the first one counts.
  void wait_for_room(GateWaiter& waiter, OperationCost cost, Nanos deadline);
  void wait_for_slot(GateWaiter& waiter);
  void rest(GateWaiter& waiter, std::chrono::nanoseconds how_long = kRest);
  // Forgets every waiter and calls nobody from now on.
  void close();

  uint64_t waits() const { return waits_.get(); }
  uint64_t deadlines_passed() const { return deadlines_passed_.get(); }

 private:
  using List = boost::intrusive::list<GateWaiter, boost::intrusive::constant_time_size<false>>;
  struct Bell;

  Gate(boost::asio::io_context& io, ContextManager& context, const Clock& clock);
  void ask();
  void room();
  bool serve();
  void check_deadlines();
  void start_retry();
  void start_rest(std::chrono::nanoseconds how_long);
  void retry();
  void rested();

  boost::asio::io_context& io_;
  ContextManager& context_;
  const Clock& clock_;
  boost::asio::steady_timer retry_timer_;
  boost::asio::steady_timer rest_timer_;
  std::shared_ptr<Bell> bell_;  // rung by the context manager
  List waiting_;
  List resting_;
  bool asked_ = false;  // the context manager will ring
  bool serving_ = false;
  bool retrying_ = false;  // retry_timer_ runs
  bool resting_now_ = false;
  bool closed_ = false;
  Counter waits_;  // written in the I/O thread, read anywhere
  Counter deadlines_passed_;
};

}  // namespace sluice
