// AdminServer: the daemon's figures over HTTP/1.1, for Prometheus, load balancers and people.
//
//   auto admin = AdminServer::open({.host = "127.0.0.1", .port = 9514}, source);   // the port is bound now
//   if (!admin) ...                                                                // "listen on ...: Address already in use"
//   (*admin)->start();                                                             // answers in a thread of its own
//
//   GET /metrics   Prometheus text, see metrics.h          GET /healthz   200, or 503 and why: restart me
//   GET /status    JSON, see status_json.h                 GET /readyz    200, or 503 and why: send me no lines
//
// HEAD is answered as well. Another path is 404, another method 405, and a request with a body, a malformed or an
// over-long one is answered and its connection closed.
//
// Limits:  `max_connections` at once (more are closed), kMaxHeaderBytes of request, `timeout` for each request and for
//          the idle time between two. Nothing that a client does can hold up more than its own connection.
// Threads: open(), start() and the destructor from one thread. Requests are answered in the server's thread, which calls
//          the StatusSource; it shares no lock with the way of a line beyond those of the snapshots.
// Not for: the open internet. It has neither password nor TLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "daemon/admin/status_source.h"

namespace sluice {

struct AdminOptions {
  std::string host = "127.0.0.1";  // numeric, IPv4 or IPv6
  uint16_t port = 9514;            // 0: any free one
  uint32_t max_connections = 64;   // scrapers and balancers are few; each costs some 20 KiB
  std::chrono::milliseconds timeout{10'000};
};

class AdminServer {
 public:
  static constexpr uint32_t kMaxHeaderBytes = 8 << 10;  // bytes; what common proxies allow

  // `source` outlives the server.
  static Result<std::unique_ptr<AdminServer>> open(AdminOptions options, const StatusSource& source);
  ~AdminServer();  // stops: connections are closed, the thread is joined

  void start();
  uint16_t port() const;

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
