// RelpClient: the sender's side of RELP, a command at a time.
//
//   RelpClient client(port());
//   client.open();
//   client.send_all({client.line("one"), client.line("two")});       // 2 syslog 3 one, 3 syslog 3 two; in one write
//   EXPECT_EQ(client.answer(), "2 rsp 6 200 OK");
//   EXPECT_EQ(client.rest(), "3 rsp 6 200 OK\n0 serverclose 0\n");   // until the other side closes
#pragma once

#include <sys/time.h>

#include "tests/daemon/net/listener_fixture.h"

namespace sluice {

class RelpClient : public TcpClient {
 public:
  static constexpr const char* kOffers = "relp_version=0\nrelp_software=test\ncommands=syslog";

  explicit RelpClient(uint16_t port, Narrow narrow = Narrow::no) : TcpClient(port, false, narrow) {
    const timeval patience{60, 0};  // a broken listener does not hang the test
    setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  std::string command(const std::string& name, const std::string& data = "") {
    return std::to_string(++number_) + " " + name + " " + std::to_string(data.size()) + (data.empty() ? "" : " ") +
           data + "\n";
  }
  std::string line(const std::string& text) { return command("syslog", text); }
  uint32_t number() const { return number_; }  // of the last command

  void send_all(std::initializer_list<std::string> commands) {
    std::string bytes;
    for (const std::string& command : commands) bytes += command;
    send(bytes);
  }

  void open() {
    send(command("open", kOffers));
    EXPECT_EQ(answer(), "1 rsp 58 200 OK\nrelp_version=0\nrelp_software=sluice\ncommands=syslog");
  }

  // The next answer without its end; empty: the connection ended.
  std::string answer() {
    for (;;) {
      const size_t length_at = read_.find("rsp ");
      const size_t line = read_.find('\n');
      if (line != std::string::npos) {
        size_t end = line;
        if (length_at < line) {
          size_t digits = 0;
          const auto length = std::stoul(read_.substr(length_at + 4), &digits);
          end = length_at + 4 + digits + (length > 0 ? 1 + length : 0);
        }
        if (read_.size() > end) {
          const std::string found = read_.substr(0, end);
          read_.erase(0, end + 1);
          return found;
        }
      }
      if (!receive()) return "";
    }
  }
  // How many lines are answered with 200, one after the other, the first of them being `number`.
  uint32_t answers_from(uint32_t number, uint32_t most) {
    for (uint32_t i = 0; i < most; ++i) {
      if (answer() != std::to_string(number + i) + " rsp 6 200 OK") return i;
    }
    return most;
  }
  std::string rest() {
    while (receive()) {
    }
    return std::exchange(read_, "");
  }
  bool has_answer() {
    pollfd waiting{fd(), POLLIN, 0};
    return !read_.empty() || ::poll(&waiting, 1, 0) > 0;
  }

 private:
  bool receive() {
    char piece[16 << 10];
    const ssize_t got = ::recv(fd(), piece, sizeof piece, 0);
    if (got > 0) read_.append(piece, static_cast<size_t>(got));
    return got > 0;
  }

  std::string read_;
  uint32_t number_ = 0;
};

}  // namespace sluice
