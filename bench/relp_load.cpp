// sluice-relp-load: a RELP sender that says which lines were acknowledged, for measuring and for crash tests.
//
//   sluice-relp-load --to 127.0.0.1:2514 --lines 1000000 --length 200 --connections 4 --window 128
//   sluice-relp-load --to 127.0.0.1:2514 --lines 1000000 --state acked.txt --resend --give-up 60
//
// Each connection has a thread and sends an equal share of the lines, numbered from 1:
//
//   <13>1 2026-01-02T03:04:05Z host relp-load 1 - - conn=C n=N ...padding up to --length
//
// or those of --payload, over and over. At most --window lines are unanswered. --state appends "C N" after each read of
// answers: connection C knows lines 1 to N to be safe. --resend connects again when the connection is lost (10 times a
// second, until --give-up seconds have brought no answer) and sends again what was not acknowledged; without it a lost
// connection is the end.
//
// Prints one line of JSON. Exit code 0 when every line was acknowledged, 1 when not, 2 for wrong options.
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string to, payload, state;
  uint64_t lines = 100'000;  // over all connections
  size_t length = 200;       // bytes of a line
  unsigned connections = 1;
  uint64_t window = 128;  // librelp's
  bool resend = false;
  unsigned give_up = 30;  // seconds without an answer
};

// What all connections add to.
struct Totals {
  std::atomic<uint64_t> acknowledged{0}, sent{0}, bytes{0}, reconnects{0};
  std::atomic<bool> failed{false};
};

int connect_to(const std::string& address) {
  const size_t colon = address.rfind(':');
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) return -1;
  int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}

// One answer, or the hint that the server closes.
struct Answer {
  uint32_t number = 0;
  bool ok = false;
};

// Takes answers off received bytes.
class Answers {
 public:
  void add(std::string_view bytes) {
    received_.erase(0, used_);
    used_ = 0;
    received_ += bytes;
  }
  // False while no whole answer is there, and for what is no answer: then broken() is true.
  bool next(Answer& answer) {
    const std::string_view all = std::string_view(received_).substr(used_);
    std::string_view rest = all;
    uint32_t length = 0;
    std::string_view command;
    if (!take_number(rest, answer.number) || !take_word(rest, command) || !take_number(rest, length)) return false;
    const size_t data = length > 0 ? size_t{length} + 1 : 0;
    if (rest.size() < data + 1) return false;
    broken_ = rest[data] != '\n' || (command != "rsp" && command != "serverclose");
    answer.ok = rest.substr(0, data).starts_with(" 200");
    used_ += all.size() - rest.size() + data + 1;
    return !broken_;
  }
  bool broken() const { return broken_; }

 private:
  bool take_number(std::string_view& rest, uint32_t& number) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (end == rest.data() + rest.size()) return false;  // there may be more of it
    if (error != std::errc()) broken_ = true;
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    return !broken_;
  }
  bool take_word(std::string_view& rest, std::string_view& word) {
    const size_t end = rest.find(' ', 1);
    if (end == std::string_view::npos) return false;
    word = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return true;
  }

  std::string received_;
  size_t used_ = 0;
  bool broken_ = false;
};

class Sender {
 public:
  Sender(const Options& options, const std::vector<std::string>& payload, Totals& totals, int state_file,
         unsigned connection, uint64_t lines)
      : options_(options),
        payload_(payload),
        totals_(totals),
        state_file_(state_file),
        connection_(connection),
        lines_(lines) {}

  void run() {
    for (unsigned attempt = 0; acknowledged_ < lines_ && !fatal_; ++attempt) {
      if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      const int fd = connect_to(options_.to);
      if (fd >= 0) converse(fd);
      if (fd >= 0) close(fd);
      if (acknowledged_ == lines_ || fatal_) break;
      if (!options_.resend || SteadyClock::now() - last_progress_ >= std::chrono::seconds(options_.give_up)) {
        fatal_ = fd >= 0 ? "the connection was lost" : "no connection";
      }
      if (fd >= 0 && !fatal_) ++totals_.reconnects;
    }
    if (fatal_) fail(fatal_);
  }

 private:
  // One connection, from open to close, or until it is lost.
  void converse(int fd) {
    answers_ = {};
    out_.clear();
    out_used_ = 0;
    number_ = 0;
    next_line_ = acknowledged_ + 1;
    append_command("open", "relp_version=0\nrelp_software=sluice-relp-load\ncommands=syslog");
    Answer opened;
    while (!answers_.next(opened)) {
      if (answers_.broken() || !exchange(fd)) return;
    }
    if (opened.number != 0 && !opened.ok) fatal_ = "open was refused";
    if (!opened.ok) return;
    next_answer_ = number_after(opened.number);
    while (acknowledged_ < lines_) {
      fill();
      if (!exchange(fd) || !take_answers()) return;
    }
    append_command("close", "");
    Answer closed;
    while (!answers_.next(closed) && exchange(fd)) {
    }
  }

  // Lines into the output as far as window and reason allow.
  void fill() {
    constexpr size_t kOutput = 256 << 10;  // bytes given to one send()
    while (next_line_ <= lines_ && next_line_ - acknowledged_ <= options_.window && out_.size() < kOutput) {
      make_line(next_line_++);
      append_command("syslog", line_);
      ++sent_;
    }
    totals_.sent += std::exchange(sent_, 0);
  }

  // Sends and receives what goes without waiting, but waits for one of both. False when the connection is lost.
  bool exchange(int fd) {
    pollfd ready{fd, static_cast<short>(POLLIN | (out_.empty() ? 0 : POLLOUT)), 0};
    const int happened = poll(&ready, 1, static_cast<int>(options_.give_up) * 1000);
    if (happened <= 0) return happened < 0 && errno == EINTR;
    if ((ready.revents & POLLOUT) && !send_some(fd)) return false;
    if (!(ready.revents & (POLLIN | POLLHUP | POLLERR))) return true;
    char bytes[64 << 10];
    const ssize_t size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size < 0) return errno == EINTR || errno == EAGAIN;
    answers_.add({bytes, static_cast<size_t>(size)});
    return size > 0;
  }

  bool send_some(int fd) {
    const ssize_t size = send(fd, out_.data() + out_used_, out_.size() - out_used_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) return errno == EINTR || errno == EAGAIN;
    totals_.bytes += static_cast<uint64_t>(size);
    out_used_ += static_cast<size_t>(size);
    if (out_used_ < out_.size()) return true;
    out_.clear();
    out_used_ = 0;
    return true;
  }

  // False when the server closes, refuses a line or answers something else than the oldest line.
  bool take_answers() {
    const uint64_t before = acknowledged_;
    bool good = true;
    for (Answer answer; good && answers_.next(answer);) {
      good = answer.number == next_answer_ && answer.ok;
      if (good) {
        ++acknowledged_;
        next_answer_ = number_after(next_answer_);
      } else if (answer.number != 0) {
        fatal_ = answer.ok ? "an answer came out of order" : "a line was refused";
      }
    }
    if (answers_.broken()) fatal_ = "what came is no answer";
    if (acknowledged_ > before) report(acknowledged_ - before);
    return good && !answers_.broken();
  }

  void report(uint64_t more) {
    last_progress_ = SteadyClock::now();
    totals_.acknowledged += more;
    if (state_file_ < 0) return;
    const std::string text = std::to_string(connection_) + " " + std::to_string(acknowledged_) + "\n";
    if (write(state_file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fatal_ = "write --state";
  }

  void make_line(uint64_t n) {
    if (!payload_.empty()) {
      line_ = payload_[(connection_ + (n - 1) * options_.connections) % payload_.size()];
      return;
    }
    line_ = "<13>1 2026-01-02T03:04:05Z host relp-load 1 - - conn=";
    line_ += std::to_string(connection_) + " n=" + std::to_string(n) + " ";
    static constexpr std::string_view kPadding = "the quick brown fox jumps over the lazy dog ";
    while (line_.size() < options_.length) line_ += kPadding.substr(0, options_.length - line_.size());
  }

  void append_command(std::string_view command, std::string_view data) {
    number_ = number_after(number_);
    char digits[20];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, number_).ptr);
    out_.append(1, ' ').append(command).append(1, ' ');
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, data.size()).ptr);
    if (!data.empty()) out_.append(1, ' ').append(data);
    out_ += '\n';
  }
  static uint32_t number_after(uint32_t number) { return number == 999'999'999 ? 1 : number + 1; }

  void fail(const char* what) {
    totals_.failed = true;
    std::fprintf(stderr, "sluice-relp-load: connection %u, line %llu: %s\n", connection_,
                 static_cast<unsigned long long>(acknowledged_ + 1), what);
  }

  const Options& options_;
  const std::vector<std::string>& payload_;
  Totals& totals_;
  const int state_file_;
  const unsigned connection_;
  const uint64_t lines_;
  SteadyClock::time_point last_progress_ = SteadyClock::now();
  uint64_t acknowledged_ = 0;  // lines 1 to this are safe
  uint64_t next_line_ = 1;
  uint64_t sent_ = 0;
  uint32_t number_ = 0;       // of the last command
  uint32_t next_answer_ = 0;  // the number that is to be answered next
  const char* fatal_ = nullptr;
  std::string out_, line_;
  size_t out_used_ = 0;
  Answers answers_;
};

bool read_payload(const std::string& file, std::vector<std::string>& payload) {
  std::ifstream in(file, std::ios::binary);
  for (std::string line; std::getline(in, line);) payload.push_back(line);
  return !payload.empty();
}

int send_all(const Options& options, const std::vector<std::string>& payload, int state_file) {
  Totals totals;
  const auto start = SteadyClock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.connections; ++i) {
    const uint64_t share = options.lines / options.connections + (i < options.lines % options.connections ? 1 : 0);
    threads.emplace_back([&, i, share] { Sender(options, payload, totals, state_file, i, share).run(); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  const auto acknowledged = static_cast<unsigned long long>(totals.acknowledged);
  std::printf(
      "{\"acknowledged\": %llu, \"sent\": %llu, \"bytes\": %llu, \"reconnects\": %llu, \"seconds\": %.3f, "
      "\"lines_per_second\": %.0f}\n",
      acknowledged, static_cast<unsigned long long>(totals.sent), static_cast<unsigned long long>(totals.bytes),
      static_cast<unsigned long long>(totals.reconnects), seconds, static_cast<double>(acknowledged) / seconds);
  return totals.failed || totals.acknowledged < options.lines ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Sends lines by RELP and says which were acknowledged"};
  app.add_option("--to", options.to, "HOST:PORT")->required();
  app.add_option("--lines", options.lines, "over all connections");
  app.add_option("--length", options.length, "bytes of a line, at least; shorter than its number it can't be");
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 1024));
  app.add_option("--window", options.window, "lines not yet answered on a connection")->check(CLI::Range(1, 1 << 20));
  app.add_option("--payload", options.payload, "a file of lines to send instead of made ones");
  app.add_option("--state", options.state, "a file to append \"connection line\" to: acknowledged up to there");
  app.add_flag("--resend", options.resend, "connect again and send again what was not acknowledged");
  app.add_option("--give-up", options.give_up, "seconds without an answer");
  CLI11_PARSE(app, argc, argv);
  const auto wrong = [](const std::string& what) {
    std::fprintf(stderr, "sluice-relp-load: %s\n", what.c_str());
    return 2;
  };
  if (options.to.find(':') == std::string::npos) return wrong("--to " + options.to + ": not HOST:PORT");
  std::vector<std::string> payload;
  if (!options.payload.empty() && !read_payload(options.payload, payload)) {
    return wrong("--payload " + options.payload + ": no lines could be read");
  }
  int state_file = -1;
  if (!options.state.empty()) {
    state_file = open(options.state.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (state_file < 0) return wrong("open " + options.state + ": " + std::strerror(errno));
  }
  return send_all(options, payload, state_file);
}
