// Child: a program that a test runs, with what it writes.
//
//   const Finished done = run({kSluicectl, "logs", "--store", path}, {"TZ=UTC"});
//   EXPECT_EQ(done.status, 0);
//   Child follow({kSluicectl, "logs", "-f", "--store", path});
//   EXPECT_EQ(follow.line(), "...");           // waits for it
//
// Waiting ends after a minute with what there is: a test then fails by its expectation.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

class Child {
 public:
  // `environment`: "NAME=value", besides what the test has.
  explicit Child(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) abort();
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      for (const std::string& variable : environment) putenv(const_cast<char*>(variable.c_str()));
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Child() {
    if (!status_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close_output();
    close(err_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next line of its output, without the newline; empty when there comes none.
  std::string line() {
    size_t end;
    while ((end = text_.find('\n')) == std::string::npos) {
      if (!read_some(out_, text_)) return std::exchange(text_, {});
    }
    const std::string first = text_.substr(0, end);
    text_.erase(0, end + 1);
    return first;
  }
  void send(int signal) { kill(pid_, signal); }
  void close_output() {
    if (out_ >= 0) close(std::exchange(out_, -1));
  }
  // Everything it writes until its end.
  std::string rest() {
    while (read_some(out_, text_)) {
    }
    return std::exchange(text_, {});
  }
  std::string errors() {
    std::string text;
    while (read_some(err_, text)) {
    }
    return text;
  }
  // The exit status, or minus the signal that ended it.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return *status_;
  }

 private:
  static bool read_some(int from, std::string& text) {
    pollfd readable{from, POLLIN, 0};
    if (poll(&readable, 1, 60'000) != 1) return false;
    char piece[65536];
    const ssize_t n = read(from, piece, sizeof piece);
    if (n <= 0) return false;
    text.append(piece, static_cast<size_t>(n));
    return true;
  }

  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::string text_;
  std::optional<int> status_;
};

struct Finished {
  int status = 0;
  std::string out;
  std::string err;
};

// REQUIRES: it writes less to standard error than a pipe holds
inline Finished run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
  Child child(arguments, environment);
  Finished finished;
  finished.out = child.rest();
  finished.err = child.errors();
  finished.status = child.wait();
  return finished;
}

}  // namespace sluice
