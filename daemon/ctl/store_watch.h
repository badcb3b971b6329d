// StoreWatch: waits until something may have happened in a store's directory. By inotify; where that is not to be had
// (too many watches) by waiting a quarter of a second at a time. While nothing happens it sleeps: only a file system that
// other machines can write to is looked at each second.
//
//   StoreWatch watch(path);                      // before the store is first read, so that nothing falls between
//   for (;;) {
//     if (!watch.wait(out)) break;               // nobody reads our output any more
//     ... look ...
//   }
//
// Threads: one.
#pragma once

#include <string>

#include "daemon/ctl/output.h"

namespace sluice {

class StoreWatch {
 public:
  explicit StoreWatch(const std::string& path);
  ~StoreWatch();
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;

  // Returns soon after a change, or when it is time to look anyway. False when the reader of `out` has gone.
  bool wait(const Output& out);

 private:
  bool take_events();  // whether one of them tells of blocks

  int inotify_ = -1;
  int timeout_ = 250;  // milliseconds; of a wait
};

}  // namespace sluice
