#include "daemon/net/poller.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

namespace sluice {
namespace {

// Readers called per round: others on this io_context get their turn in between.
constexpr int kEventsPerRound = 64;

}  // namespace

std::shared_ptr<Poller> Poller::make(boost::asio::io_context& io) {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return nullptr;
  return std::shared_ptr<Poller>(new Poller(io, fd));
}

bool Poller::add(int fd) {
  epoll_event event{};
  event.events = EPOLLONESHOT;  // hang-ups too are told only once it is watched
  if (epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  return true;
}

void Poller::watch(int fd, Readable& reader) { arm(fd, reader, EPOLLIN | EPOLLRDHUP); }
void Poller::watch_room(int fd, Readable& reader) { arm(fd, reader, EPOLLOUT); }

void Poller::arm(int fd, Readable& reader, uint32_t events) {
  epoll_event event{};
  event.events = events | EPOLLONESHOT;
  event.data.ptr = &reader;
  epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, fd, &event);
  if (!waiting_) wait();
}

void Poller::remove(int fd) {
  if (epoll_.is_open()) epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, fd, nullptr);
}

void Poller::close() {
  boost::system::error_code ignored;
  epoll_.close(ignored);
}

void Poller::wait() {
  waiting_ = true;
  epoll_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [self = shared_from_this()](boost::system::error_code error) {
                      self->waiting_ = false;
                      if (!error && self->epoll_.is_open()) self->dispatch();
                    });
}

void Poller::dispatch() {
  std::array<epoll_event, kEventsPerRound> events;
  const int count = epoll_wait(epoll_.native_handle(), events.data(), kEventsPerRound, 0);
  for (int i = 0; i < count && epoll_.is_open(); ++i) {
    // Null: added, not watched, and hung up meanwhile. It is told again when it is watched.
    if (auto* reader = static_cast<Readable*>(events[static_cast<size_t>(i)].data.ptr)) reader->on_readable();
  }
  if (epoll_.is_open() && !waiting_) wait();
}

}  // namespace sluice
