// sluice-load: sends the lines of a file to a listener as fast as it takes them, or at a given rate.
//
//   sluice-load --tcp 127.0.0.1:5514 --file lines.log [--connections 4] [--framing newline|octet]
//   sluice-load --udp 127.0.0.1:5514 --file lines.log --rate 100000 [--at-once 6]
//
// The file is held in memory, framed once, and split among the connections in runs of consecutive lines. Over TCP it
// ends when the receiver has closed its side, over UDP when the last datagram has been handed to the kernel. Prints one
// line: "lines N bytes N seconds S".
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string tcp, udp, file, framing = "newline";
  unsigned connections = 1;
  double rate = 0;           // lines per second over all connections; 0: as fast as it goes
  size_t chunk = 256 << 10;  // bytes per send over TCP
  size_t at_once = 64;       // datagrams per sendmmsg
};

struct Payload {
  std::string bytes;          // framed for TCP, bare for UDP
  std::vector<size_t> begin;  // of each line; one more entry marks the end
  size_t lines() const { return begin.size() - 1; }
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "sluice-load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

Payload read_payload(const Options& options) {
  std::ifstream in(options.file, std::ios::binary);
  if (!in) fail("open " + options.file);
  Payload payload;
  std::string line;
  while (std::getline(in, line)) {
    payload.begin.push_back(payload.bytes.size());
    if (options.udp.empty() && options.framing == "octet") payload.bytes += std::to_string(line.size()) + " ";
    payload.bytes += line;
    if (options.udp.empty() && options.framing == "newline") payload.bytes += '\n';
  }
  payload.begin.push_back(payload.bytes.size());
  return payload;
}

int connect_to(const std::string& address, int type) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) fail("address " + address);
  const int fd = socket(AF_INET, type, 0);
  const int buffer = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect " + address);
  return fd;
}

class Pace {
 public:
  Pace(double rate) : rate_(rate) {}
  size_t at_once(size_t most) const {
    return rate_ > 0 ? std::clamp<size_t>(static_cast<size_t>(rate_ / 500), 1, most) : most;
  }
  void wait(size_t sent) const {
    if (rate_ > 0)
      std::this_thread::sleep_until(start_ + std::chrono::duration_cast<SteadyClock::duration>(
                                                 std::chrono::duration<double>(static_cast<double>(sent) / rate_)));
  }

 private:
  double rate_;
  SteadyClock::time_point start_ = SteadyClock::now();
};

void send_stream(const Options& options, const Payload& payload, size_t first, size_t last) {
  const int fd = connect_to(options.tcp, SOCK_STREAM);
  const Pace pace(options.rate / options.connections);
  for (size_t line = first; line < last;) {
    size_t end = line;
    const size_t most = line + pace.at_once(last - line);
    while (end < most && payload.begin[end] - payload.begin[line] < options.chunk) ++end;
    const char* at = payload.bytes.data() + payload.begin[line];
    size_t left = payload.begin[end] - payload.begin[line];
    while (left > 0) {
      const ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) fail("send");
      at += sent;
      left -= static_cast<size_t>(sent);
    }
    line = end;
    pace.wait(line - first);
  }
  shutdown(fd, SHUT_WR);
  char byte;
  while (recv(fd, &byte, 1, 0) > 0) {
  }
  close(fd);
}

void send_datagrams(const Options& options, const Payload& payload, size_t first, size_t last) {
  const int fd = connect_to(options.udp, SOCK_DGRAM);
  const Pace pace(options.rate / options.connections);
  std::vector<mmsghdr> messages(options.at_once);
  std::vector<iovec> pieces(options.at_once);
  for (size_t line = first; line < last;) {
    const size_t count = pace.at_once(std::min(options.at_once, last - line));
    for (size_t i = 0; i < count; ++i) {
      pieces[i] = {const_cast<char*>(payload.bytes.data()) + payload.begin[line + i],
                   payload.begin[line + i + 1] - payload.begin[line + i]};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = sendmmsg(fd, messages.data(), static_cast<unsigned>(count), 0);
    if (sent < 0 && errno != EINTR && errno != ENOBUFS && errno != ECONNREFUSED) fail("sendmmsg");
    if (sent > 0) line += static_cast<size_t>(sent);
    pace.wait(line - first);
  }
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Sends the lines of a file to a log listener"};
  app.add_option("--tcp", options.tcp, "HOST:PORT");
  app.add_option("--udp", options.udp, "HOST:PORT");
  app.add_option("--file", options.file)->required();
  app.add_option("--framing", options.framing)->check(CLI::IsMember({"newline", "octet"}));
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 1024));
  app.add_option("--rate", options.rate, "lines per second");
  app.add_option("--at-once", options.at_once, "datagrams per system call at most")->check(CLI::Range(1, 1024));
  CLI11_PARSE(app, argc, argv);
  if (options.tcp.empty() == options.udp.empty()) {
    std::fprintf(stderr, "sluice-load: one of --tcp and --udp\n");
    return 2;
  }
  const Payload payload = read_payload(options);
  const auto start = SteadyClock::now();
  std::vector<std::thread> senders;
  const size_t share = payload.lines() / options.connections;
  for (unsigned i = 0; i < options.connections; ++i) {
    const size_t first = share * i;
    const size_t last = i + 1 == options.connections ? payload.lines() : first + share;
    senders.emplace_back(options.udp.empty() ? send_stream : send_datagrams, std::cref(options), std::cref(payload),
                         first, last);
  }
  for (std::thread& sender : senders) sender.join();
  std::printf("lines %zu bytes %zu seconds %.3f\n", payload.lines(), payload.bytes.size(),
              std::chrono::duration<double>(SteadyClock::now() - start).count());
}
