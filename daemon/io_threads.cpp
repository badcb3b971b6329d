#include "daemon/io_threads.h"

#include <sys/prctl.h>

namespace sluice {

IoThreads::IoThreads(unsigned count) {
  for (unsigned i = 0; i < count; ++i) threads_.push_back(std::make_unique<Thread>());
}

IoThreads::~IoThreads() { stop(); }

std::vector<boost::asio::io_context*> IoThreads::contexts() const {
  std::vector<boost::asio::io_context*> contexts;
  for (const auto& thread : threads_) contexts.push_back(&thread->context);
  return contexts;
}

void IoThreads::start() {
  for (const auto& thread : threads_) {
    thread->thread = std::thread([context = &thread->context] {
      prctl(PR_SET_NAME, "io");
      context->run();
    });
  }
}

void IoThreads::stop() {
  for (const auto& thread : threads_) {
    thread->work.reset();
    thread->context.stop();
    if (thread->thread.joinable()) thread->thread.join();
  }
}

}  // namespace sluice
