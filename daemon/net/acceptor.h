// Acceptor: takes connections and spreads them over the I/O threads in turn; what listeners of TCP streams share.
//
//   class Shard final : public ConnectionShard { ... };        // this protocol's connections in one I/O thread
//   return make_stream_acceptor(config, parts, [&](std::unique_ptr<Intake> intake, std::atomic<uint32_t>& open) {
//     return std::make_shared<Shard>(std::move(intake), open, ...);
//   });
//
// Limits:  max_connections over all threads; more are closed at once and counted as refused. Out of descriptors it says
//          so and tries again soon.
// Threads: as Listener says. A shard is called in its own io_context's thread, or while that does not run.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "daemon/net/intake.h"
#include "daemon/net/listener.h"
#include "daemon/net/socket.h"

namespace sluice {

class ConnectionShard {
 public:
  virtual ~ConnectionShard() = default;

  virtual void adopt(Socket socket, const sockaddr_storage& peer) = 0;
  // `done` is called once, when the last connection is closed.
  virtual void stop(std::function<void()> done) = 0;
  virtual void close() = 0;

  virtual boost::asio::io_context& io() = 0;
  virtual void add_stats(ListenerStats& stats) const = 0;  // from any thread
};

// `open` counts the connections of the whole listener: the acceptor adds, the shard takes off what it has closed.
using MakeShard =
    std::function<std::shared_ptr<ConnectionShard>(std::unique_ptr<Intake> intake, std::atomic<uint32_t>& open)>;

// Binds the port and makes a shard for each I/O thread.
Result<std::unique_ptr<Listener>> make_stream_acceptor(const ListenerConfig& config, const ListenerParts& parts,
                                                       const MakeShard& make_shard);

}  // namespace sluice
