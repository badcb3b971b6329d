#include "daemon/ctl/store_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice {
namespace {

constexpr int kForever = -1;
constexpr int kLookAnywayMillis = 1000;
constexpr int kWithoutInotifyMillis = 250;
// Workers write their blocks one after another: what comes within this is shown in one order.
constexpr int kSettleMillis = 50;

// inotify does not see what another machine writes: of a file system that others can write to (statfs(2) has the
// numbers) it is not believed when it says nothing.
bool others_can_write(const std::string& path) {
  constexpr std::array<uint32_t, 10> kShared{0x6969,     0x517b,     0xff534d42, 0xfe534d42, 0x01021997,
                                             0x65735546, 0x00c36400, 0x01161970, 0x7461636f, 0x5346414f};
  struct statfs status{};
  if (statfs(path.c_str(), &status) != 0) return true;
  return std::find(kShared.begin(), kShared.end(), static_cast<uint32_t>(status.f_type)) != kShared.end();
}

// Not the spool, which is written to for every batch, nor a merge at work.
bool tells_of_blocks(const inotify_event& event) {
  return event.len == 0 || std::string_view(event.name).ends_with(".seg");
}

}  // namespace

StoreWatch::StoreWatch(const std::string& path) : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_ < 0) return;
  constexpr uint32_t kWatched = IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF;
  if (inotify_add_watch(inotify_, path.c_str(), kWatched) < 0) {
    close(inotify_);
    inotify_ = -1;
  }
  timeout_ = inotify_ < 0 ? kWithoutInotifyMillis : others_can_write(path) ? kLookAnywayMillis : kForever;
}

StoreWatch::~StoreWatch() {
  if (inotify_ >= 0) close(inotify_);
}

bool StoreWatch::take_events() {
  alignas(inotify_event) char events[4096];
  bool blocks = false;
  for (ssize_t size; (size = read(inotify_, events, sizeof events)) > 0;) {
    for (const char* at = events; at < events + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      blocks |= tells_of_blocks(*event);
      at += sizeof *event + event->len;
    }
  }
  return blocks;
}

bool StoreWatch::wait(const Output& out) {
  for (;;) {
    // Asked for nothing, a descriptor still tells of its other end's hanging up.
    pollfd waited[] = {{out.descriptor(), 0, 0}, {inotify_, POLLIN, 0}};
    const int told = poll(waited, 2, timeout_);
    if (waited[0].revents != 0 || out.reader_gone()) return false;
    if (told == 0) return true;
    if ((waited[1].revents & POLLIN) == 0 || !take_events()) continue;
    poll(nullptr, 0, kSettleMillis);
    take_events();
    return true;
  }
}

}  // namespace sluice
