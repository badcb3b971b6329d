// Notifier: tells the service manager how the daemon is, as sd_notify(3) describes: one datagram to
// $NOTIFY_SOCKET.
//
//   Notifier notifier = Notifier::from_environment();
//   notifier.ready("1,234 lines stored");             // once, when every listener is open
//   notifier.status("draining, 3 operations left");
//   notifier.extend_timeout(10s);                     // while start-up or stopping takes long; repeat before
//   it ends notifier.stopping("..."); if (notifier.watchdog_interval() > 0us) ...       // call watchdog() at
//   least this often, while lines move
//
// Without a service manager every call does nothing.
//
// Errors:  a datagram that can't be sent is given up: nobody is there to be told. A manager that does not read (it can
//          freeze, as any process) is not waited for, but where it must know (READY, STOPPING), and there not for long.
// Threads: every method is const and safe from any thread. from_environment() changes the environment: call
// it
//          first in main().
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace sluice {

class Notifier {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them, so that no child process answers
  // for us.
  static Notifier from_environment();
  Notifier() = default;
  // `socket`: a path, or '@' and an abstract name. `watchdog`: the manager's limit, zero for none.
  explicit Notifier(std::string socket, std::chrono::microseconds watchdog = {});
  Notifier(Notifier&& other) noexcept;
  Notifier& operator=(Notifier&& other) noexcept;
  ~Notifier();

  bool enabled() const { return fd_ >= 0; }
  // Half of what the manager allows, so that one late call does no harm. Zero: no watchdog is asked for.
  std::chrono::microseconds watchdog_interval() const { return watchdog_ / 2; }

  void ready(std::string_view status) const;
  void stopping(std::string_view status) const;
  void status(std::string_view text) const;  // one line; shown by `systemctl status`
  void watchdog() const;
  void extend_timeout(std::chrono::microseconds time) const;

 private:
  // `flags`: as of send(2)
  void send(const std::string& state, int flags = 0) const;
  std::string socket_;
  std::chrono::microseconds watchdog_{};
  int fd_ = -1;
};

}  // namespace sluice
