#include "daemon/ctl/store_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace sluice {
namespace {

constexpr int kLookAnywayMillis = 1000;  // inotify does not see what another machine writes
constexpr int kWithoutInotifyMillis = 250;
// Workers write their blocks one after another: what comes within this is shown in one order.
constexpr int kSettleMillis = 50;

}  // namespace

StoreWatch::StoreWatch(const std::string& path) : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_ < 0) return;
  if (inotify_add_watch(inotify_, path.c_str(), IN_CREATE | IN_MOVED_TO | IN_MODIFY) < 0) {
    close(inotify_);
    inotify_ = -1;
  }
}

StoreWatch::~StoreWatch() {
  if (inotify_ >= 0) close(inotify_);
}

void StoreWatch::take_events() {
  alignas(inotify_event) char events[4096];
  while (read(inotify_, events, sizeof events) > 0) {
  }
}

bool StoreWatch::wait(const Output& out) {
  // Asked for nothing, a descriptor still tells of its other end's hanging up.
  pollfd waited[] = {{out.descriptor(), 0, 0}, {inotify_, POLLIN, 0}};
  poll(waited, 2, inotify_ < 0 ? kWithoutInotifyMillis : kLookAnywayMillis);
  if (out.reader_gone()) return false;
  if ((waited[1].revents & POLLIN) != 0) {
    poll(nullptr, 0, kSettleMillis);
    take_events();
  }
  return true;
}

}  // namespace sluice
