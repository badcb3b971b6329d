// Poller: says which of many sockets can be read, in the thread of an io_context.
//
//   auto poller = Poller::make(io);
//   poller->add(fd);                       // known, and not yet watched
//   poller->watch(fd, reader);             // calls reader.on_readable() once
//   poller->watch_room(fd, reader);        // the same, once the kernel takes more to send
//   poller->remove(fd);                    // before the reader dies or the descriptor is closed
//
// Why not Asio's own async_wait: its descriptors stay registered edge-triggered, so that a busy socket that is left
// alone for a moment on purpose (see gate.h) would still wake the thread for every packet; and each takes an allocated
// operation and a few hundred bytes. Here a socket costs nothing outside the kernel and wakes nobody unasked. To Asio the
// whole set is one descriptor.
//
// Threads: the io_context's one, or any while it does not run. A reader may remove itself in on_readable(), and no other.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>

namespace sluice {

class Readable {
 public:
  virtual void on_readable() = 0;

 protected:
  ~Readable() = default;
};

class Poller : public std::enable_shared_from_this<Poller> {
 public:
  // Null with errno when the kernel gives no descriptor.
  static std::shared_ptr<Poller> make(boost::asio::io_context& io);

  bool add(int fd);  // false with errno: out of memory or watches
  // The later of the two counts.
  void watch(int fd, Readable& reader);
  void watch_room(int fd, Readable& reader);
  void remove(int fd);
  // Calls nobody from now on.
  void close();

 private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  Poller(boost::asio::io_context& io, int fd) : epoll_(io.get_executor(), fd) {}
  void arm(int fd, Readable& reader, uint32_t events);
  void wait();
  void dispatch();

  Descriptor epoll_;
  bool waiting_ = false;
};

}  // namespace sluice
