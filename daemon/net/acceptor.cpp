#include "daemon/net/acceptor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <vector>

#include "daemon/net/poller.h"

namespace sluice {
namespace {

constexpr int kAcceptsPerTurn = 64;                 // then the connections of this thread have their turn
constexpr int kLastAccepts = 4096;                  // when stopping: as many as may wait in the backlog
constexpr std::chrono::milliseconds kBackOff{100};  // out of descriptors: others must close first

// The listening socket, in the first I/O thread.
class Acceptor final : public Readable, public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(Socket socket, uint32_t max_connections, std::unique_ptr<Intake> intake)
      : socket_(std::move(socket)),
        max_connections_(max_connections),
        intake_(std::move(intake)),
        back_off_(intake_->io) {}

  void add_shard(std::shared_ptr<ConnectionShard> shard) { shards_.push_back(std::move(shard)); }
  std::atomic<uint32_t>& open() { return open_; }
  const std::vector<std::shared_ptr<ConnectionShard>>& shards() const { return shards_; }
  int fd() const { return socket_.fd(); }
  uint64_t errors() const { return errors_.get(); }

  void start() {
    intake_->poller->add(socket_.fd());
    intake_->poller->watch(socket_.fd(), *this);
  }

  void on_readable() override {
    if (accept(kAcceptsPerTurn)) intake_->poller->watch(socket_.fd(), *this);
  }

  // Takes in what has connected already, then listens no more.
  void stop() {
    accept(kLastAccepts);
    close();
  }

  void close() {
    intake_->close();
    back_off_.cancel();
    socket_.close();
  }

 private:
  // False when it must wait before the next try.
  bool accept(int most) {
    for (int i = 0; i < most; ++i) {
      sockaddr_storage peer{};
      socklen_t length = sizeof peer;
      Socket socket(accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket) {
        take(std::move(socket), peer);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        wait_before_next(errno);
        return false;
      } else if (errno == EAGAIN || errno == EBADF || errno == EINVAL) {
        return true;
      }  // else: that one connection failed
    }
    return true;
  }

  void take(Socket socket, const sockaddr_storage& peer) {
    if (open_.load(std::memory_order_relaxed) >= max_connections_) {
      intake_->cell().connections_refused.add(1);
      intake_->report("refused a connection from " + address_text(peer) + ": max_connections is " +
                      std::to_string(max_connections_));
      return;
    }
    open_.fetch_add(1, std::memory_order_relaxed);
    const int on = 1;
    setsockopt(socket.fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);  // finds senders that vanished
    std::shared_ptr<ConnectionShard>& shard = shards_[next_++ % shards_.size()];
    if (&shard->io() == &intake_->io) return shard->adopt(std::move(socket), peer);
    boost::asio::post(shard->io(),
                      [shard, socket = std::move(socket), peer]() mutable { shard->adopt(std::move(socket), peer); });
  }

  void wait_before_next(int error) {
    errors_.add(1);
    intake_->report(system_error("accept", error).message + "; tried again soon");
    back_off_.expires_after(kBackOff);
    back_off_.async_wait([self = shared_from_this()](boost::system::error_code stopped) {
      if (!stopped && self->socket_) self->on_readable();
    });
  }

  Socket socket_;
  const uint32_t max_connections_;
  const std::unique_ptr<Intake> intake_;
  boost::asio::steady_timer back_off_;
  std::vector<std::shared_ptr<ConnectionShard>> shards_;
  std::atomic<uint32_t> open_{0};  // added to here, taken from by the shards
  size_t next_ = 0;
  Counter errors_;
};

class StreamAcceptor final : public Listener {
 public:
  explicit StreamAcceptor(std::shared_ptr<Acceptor> acceptor)
      : acceptor_(std::move(acceptor)), port_(local_port(acceptor_->fd())) {}

  void start() override {
    boost::asio::post(io_of(0), [acceptor = acceptor_] { acceptor->start(); });
  }

  void stop_intake(std::function<void()> done) override {
    auto left = std::make_shared<std::atomic<size_t>>(acceptor_->shards().size());
    auto one_less = [left, done = std::move(done)] {
      if (left->fetch_sub(1) == 1 && done) done();
    };
    boost::asio::post(io_of(0), [acceptor = acceptor_, one_less] {
      acceptor->stop();
      for (const auto& shard : acceptor->shards()) {  // behind the connections that were just given to it
        boost::asio::post(shard->io(), [shard, one_less] { shard->stop(one_less); });
      }
    });
  }

  void close() override {
    acceptor_->close();
    for (const auto& shard : acceptor_->shards()) shard->close();
  }

  uint16_t port() const override { return port_; }

  ListenerStats stats() const override {
    ListenerStats stats;
    stats.connections = acceptor_->open().load(std::memory_order_relaxed);
    stats.accept_errors = acceptor_->errors();
    for (const auto& shard : acceptor_->shards()) shard->add_stats(stats);
    return stats;
  }

 private:
  boost::asio::io_context& io_of(size_t shard) const { return acceptor_->shards()[shard]->io(); }

  const std::shared_ptr<Acceptor> acceptor_;
  const uint16_t port_;
};

}  // namespace

Result<std::unique_ptr<Listener>> make_stream_acceptor(const ListenerConfig& config, const ListenerParts& parts,
                                                       const MakeShard& make_shard) {
  auto socket = open_tcp(config.host, config.port);
  if (!socket) return Unexpected(Error{"listener " + config.name + ": " + socket.error().message, socket.error().sys});
  const auto make_intake = [&](boost::asio::io_context& io) -> std::unique_ptr<Intake> {
    auto poller = Poller::make(io);
    if (!poller) return nullptr;
    return std::make_unique<Intake>(config.name, parts, io, std::move(poller));
  };
  auto intake = make_intake(*parts.io.front());
  if (!intake) return Unexpected(system_error("listener " + config.name + ": epoll_create1", errno));
  auto acceptor = std::make_shared<Acceptor>(std::move(*socket), config.max_connections, std::move(intake));
  for (boost::asio::io_context* io : parts.io) {
    auto shard_intake = make_intake(*io);
    if (!shard_intake) return Unexpected(system_error("listener " + config.name + ": epoll_create1", errno));
    acceptor->add_shard(make_shard(std::move(shard_intake), acceptor->open()));
  }
  return std::unique_ptr<Listener>(std::make_unique<StreamAcceptor>(std::move(acceptor)));
}

}  // namespace sluice
