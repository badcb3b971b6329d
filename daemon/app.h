// App: the whole daemon, put together from its parts; what main() runs.
//
//   auto app = App::open(config, log, notifier);     // store, pipeline, ports, admin endpoint: all or nothing
//   if (!app) ...                                    // one sentence that says why
//   int status = (*app)->run();                      // until SIGTERM or SIGINT; then drains and says what was left
//
// The order of construction is the order of dependence: a part is given references to those before it, and they go in
// reverse. Listeners open last, so that nothing is received before it can be stored; they close first.
//
// Threads: run() is the main thread: signals, the memory monitor's samples, the watchdog. It starts and joins the others.
#pragma once

#include <memory>

#include "config/config.h"
#include "core/base/error.h"
#include "daemon/service/sd_notify.h"
#include "daemon/service/self_log.h"

namespace sluice {

class App {
 public:
  static Result<std::unique_ptr<App>> open(const Config& config, SelfLog& log, const Notifier& notifier);
  // Opens what a start would open (ports, store, time zones), says what is wrong, and leaves everything as it was.
  static Result<void> check(const Config& config);
  ~App();

  int run();

 private:
  class Impl;
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
