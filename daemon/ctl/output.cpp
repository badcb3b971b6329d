#include "daemon/ctl/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daemon/ctl/exit_status.h"

namespace sluice {

bool Output::flush() {
  size_t done = 0;
  while (!closed_ && done < text_.size()) {
    const ssize_t n = write(descriptor_, text_.data() + done, text_.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {  // someone made the terminal or pipe non-blocking
      pollfd writable{descriptor_, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      if (errno != EPIPE) error_ = errno;
      closed_ = true;
    }
  }
  text_.clear();
  return !closed_;
}

bool Output::reader_gone() const {
  pollfd gone{descriptor_, 0, 0};
  return closed_ || (poll(&gone, 1, 0) == 1 && (gone.revents & (POLLERR | POLLHUP)) != 0);
}

int Output::finish() {
  flush();
  if (error_ == 0) return kExitOk;
  std::fprintf(stderr, "sluicectl: write to standard output: %s\n", std::strerror(error_));
  return kExitCouldNot;
}

}  // namespace sluice
