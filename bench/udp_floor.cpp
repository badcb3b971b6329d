// sluice-udp-floor: the least that receiving datagrams costs: a bare recvmmsg loop that only counts them. What sluiced
// takes beside it is its own (bench/udp.py).
//
//   sluice-udp-floor [--pause 300] [--receive-buffer 16777216]
//
// Prints "port N" as soon as it listens. Once datagrams came and then none for a second, it prints what it saw and ends:
// "datagrams N calls N dropped N cpu S"; dropped: by the kernel, because its buffer was full; cpu: user and system time.
//
// A pause is slept between readiness and reading, in microseconds: the same loop with fewer and larger calls.
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr unsigned kAtOnce = 1024;  // the most that recvmmsg takes
constexpr size_t kRoom = 2048;      // bytes a datagram: as much as an unfragmented one has
constexpr int kSilence = 1000;      // milliseconds

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "sluice-udp-floor: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

int listen_on_any_port(int receive_buffer) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) fail("bind");
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) fail("getsockname");
  std::printf("port %u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

uint32_t dropped(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> counters{};
  socklen_t length = sizeof counters;
  getsockopt(fd, SOL_SOCKET, SO_MEMINFO, counters.data(), &length);
  return counters[SK_MEMINFO_DROPS];
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Room for a call's datagrams, used again by the next.
class Messages {
 public:
  Messages() : bytes_(kAtOnce * kRoom), parts_(kAtOnce), senders_(kAtOnce), headers_(kAtOnce) {
    for (unsigned i = 0; i < kAtOnce; ++i) {
      parts_[i] = {bytes_.data() + i * kRoom, kRoom};
      headers_[i].msg_hdr.msg_iov = &parts_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
      headers_[i].msg_hdr.msg_name = &senders_[i];
    }
  }
  int receive(int fd) {
    for (mmsghdr& header : headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    return recvmmsg(fd, headers_.data(), kAtOnce, MSG_DONTWAIT, nullptr);
  }

 private:
  std::vector<char> bytes_;
  std::vector<iovec> parts_;
  std::vector<sockaddr_in6> senders_;
  std::vector<mmsghdr> headers_;
};

}  // namespace

int main(int argc, char** argv) {
  int receive_buffer = 16 << 20;
  unsigned pause = 0;
  CLI::App app{"Counts datagrams with as little as that takes"};
  app.add_option("--pause", pause, "microseconds between readiness and reading");
  app.add_option("--receive-buffer", receive_buffer, "bytes");
  CLI11_PARSE(app, argc, argv);
  const int fd = listen_on_any_port(receive_buffer);
  Messages messages;
  pollfd readable{fd, POLLIN, 0};
  uint64_t datagrams = 0, calls = 0;
  const double before = cpu_seconds();
  while (poll(&readable, 1, datagrams == 0 ? -1 : kSilence) != 0) {
    if (pause > 0) std::this_thread::sleep_for(std::chrono::microseconds(pause));
    const int got = messages.receive(fd);
    ++calls;
    if (got > 0) datagrams += static_cast<uint64_t>(got);
  }
  std::printf("datagrams %llu calls %llu dropped %u cpu %.3f\n", static_cast<unsigned long long>(datagrams),
              static_cast<unsigned long long>(calls), dropped(fd), cpu_seconds() - before);
  close(fd);
}
