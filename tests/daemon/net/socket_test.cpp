#include "daemon/net/socket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/daemon/net/listener_fixture.h"

namespace sluice {
namespace {

// Takes what waits in the socket.
std::vector<std::string> waiting_in(const Socket& socket) {
  std::vector<std::string> all;
  char bytes[100];
  for (ssize_t got; (got = recv(socket.fd(), bytes, sizeof bytes, MSG_DONTWAIT)) >= 0;) {
    all.emplace_back(bytes, static_cast<size_t>(got));
  }
  return all;
}

TEST(SocketTest, OneSendersDatagramsAreSpreadOverAllSocketsOfAPort) {
  const auto sockets = open_udp("127.0.0.1", 0, 4);
  ASSERT_TRUE(sockets);
  UdpClient client(local_port(sockets->front().fd()));
  // Loopback hands over at once. Few enough for the kernel's usual buffer.
  for (int i = 0; i < 400; ++i) client.send("datagram");
  size_t all = 0;
  for (const Socket& socket : *sockets) {
    const size_t count = waiting_in(socket).size();
    EXPECT_GT(count, 30u);  // of 100: by chance once in 10^17 runs
    all += count;
  }
  EXPECT_EQ(all, 400u);
}

TEST(SocketTest, ChunksOfOneGelfMessageMeetInOneSocket) {
  const auto sockets = open_udp("127.0.0.1", 0, 4);
  ASSERT_TRUE(sockets);
  UdpClient client(local_port(sockets->front().fd()));
  for (int part = 0; part < 4; ++part) {
    for (char id = 'a'; id <= 'z'; ++id) client.send("\x1e\x0f" + std::string("identit") + id + "part");
  }
  size_t used = 0;
  for (const Socket& socket : *sockets) {
    const auto chunks = waiting_in(socket);
    if (!chunks.empty()) ++used;
    for (const auto& chunk : chunks) EXPECT_EQ(std::count(chunks.begin(), chunks.end(), chunk), 4);
  }
  EXPECT_EQ(used, 4u);
}

TEST(SocketTest, ReceiveBuffersAreAsLargeAsTheKernelGives) {
  const auto sockets = open_udp("127.0.0.1", 0, 1);
  ASSERT_TRUE(sockets);
  const int fd = sockets->front().fd();
  EXPECT_EQ(set_receive_buffer(fd, 64 << 10), 64u << 10);
  EXPECT_GE(set_receive_buffer(fd, 128 << 10), 128u << 10);
}

}  // namespace
}  // namespace sluice
