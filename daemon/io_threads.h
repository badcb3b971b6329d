// IoThreads: the readers' threads, one io_context each.
//
//   IoThreads io(2);
//   listener parts: io.contexts()
//   io.start();  ...  io.stop();       // runs what is posted no further, joins
//
// Threads: start() and stop() from the owner's.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sluice {

class IoThreads {
 public:
  explicit IoThreads(unsigned count);
  ~IoThreads();

  std::vector<boost::asio::io_context*> contexts() const;
  void start();
  void stop();

 private:
  struct Thread {
    boost::asio::io_context context{1};  // 1: run by one thread, so that Asio spares its locks
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
    std::thread thread;
  };
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace sluice
