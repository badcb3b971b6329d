// StoreWatch: waits until something may have happened in a store's directory. By inotify; where that is not to be had
// (too many watches, some network file systems) by waiting a quarter of a second at a time.
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

  // Returns soon after a change, or after at most a second without one. False when the reader of `out` has gone.
  bool wait(const Output& out);

 private:
  void take_events();

  int inotify_ = -1;
};

}  // namespace sluice
