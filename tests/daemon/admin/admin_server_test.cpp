#include "daemon/admin/admin_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "daemon/admin/metrics.h"
#include "tests/daemon/admin/status_fixture.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// A client as plain as they come: what it gets is what the server sent.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view text) const { (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  void finish() const { ::shutdown(fd_, SHUT_WR); }
  // All there is until the server closes.
  std::string read_all() const {
    std::string result;
    char buffer[4096];
    for (ssize_t n; (n = ::recv(fd_, buffer, sizeof buffer, 0)) > 0;) result.append(buffer, static_cast<size_t>(n));
    return result;
  }
  // At least until `end` has come.
  std::string read_until(std::string_view end) const {
    std::string result;
    char c;
    while (!result.ends_with(end) && ::recv(fd_, &c, 1, 0) == 1) result += c;
    return result;
  }

 private:
  int fd_;
  bool connected_ = false;
};

class AdminServerTest : public ::testing::Test {
 protected:
  void start(AdminOptions options = {}) {
    options.port = 0;
    auto server = AdminServer::open(options, status_);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
    server_->start();
  }
  std::string exchange(std::string_view request) {
    const Client client(server_->port());
    client.send(request);
    return client.read_all();
  }
  std::string get(const std::string& path) {
    return exchange("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
  static std::string body(const std::string& response) {
    const size_t end = response.find("\r\n\r\n");
    return end == std::string::npos ? "" : response.substr(end + 4);
  }

  FixedStatus status_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersMetrics) {
  start();
  const std::string response = get("/metrics");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_NE(response.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos);
  EXPECT_EQ(body(response), render_metrics(example_snapshot()));
}

TEST_F(AdminServerTest, AnswersStatusAsJson) {
  start();
  const std::string response = get("/status");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_NE(response.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_TRUE(body(response).starts_with("{\"version\":\"1.2.3\""));
}

TEST_F(AdminServerTest, SaysWhyItIsNotReadyOrNotHealthy) {
  start();
  EXPECT_EQ(body(get("/readyz")), "ok\n");
  EXPECT_EQ(body(get("/healthz")), "ok\n");
  status_.set("draining", "");
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(body(get("/readyz")), "draining\n");
  EXPECT_EQ(body(get("/healthz")), "ok\n");
  status_.set("", "nothing moves");
  EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 503"));
  EXPECT_EQ(body(get("/healthz")), "nothing moves\n");
}

TEST_F(AdminServerTest, IgnoresTheQueryOfAPath) {
  start();
  EXPECT_EQ(body(get("/readyz?verbose=1")), "ok\n");
}

TEST_F(AdminServerTest, AnswersOtherPathsWith404AndOtherMethodsWith405) {
  start();
  EXPECT_TRUE(get("/").starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(get("/metricss").starts_with("HTTP/1.1 404"));
  const std::string response = exchange("DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 405 Method Not Allowed\r\n")) << response;
  EXPECT_NE(response.find("Allow: GET, HEAD\r\n"), std::string::npos);
}

TEST_F(AdminServerTest, AnswersHeadWithTheHeaderOfGet) {
  start();
  const std::string response = exchange("HEAD /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_NE(response.find("Content-Length: 3\r\n"), std::string::npos) << response;
  EXPECT_EQ(body(response), "");
}

TEST_F(AdminServerTest, KeepsAConnectionForTheNextRequest) {
  start();
  const Client client(server_->port());
  client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.read_until("ok\n").starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(client.read_until("ok\n").starts_with("HTTP/1.1 200 OK\r\n"));
  client.send("GET /readyz HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.0 200 OK\r\n"));
}

TEST_F(AdminServerTest, RefusesABody) {
  start();
  const std::string response = exchange("POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 413 Payload Too Large\r\n")) << response;
}

TEST_F(AdminServerTest, RefusesAHeaderOverTheLimit) {
  start();
  const std::string response =
      exchange("GET /status HTTP/1.1\r\nX: " + std::string(AdminServer::kMaxHeaderBytes, 'a') + "\r\n\r\n");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 431 ")) << response;
}

TEST_F(AdminServerTest, AnswersNonsenseWith400) {
  start();
  EXPECT_TRUE(exchange("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(exchange(std::string("\x16\x03\x01\x02\x00\r\n\r\n", 9)).starts_with("HTTP/1.1 400"));
}

TEST_F(AdminServerTest, SurvivesARequestCutAtAnyByte) {
  start();
  const std::string request = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
  for (size_t cut = 0; cut < request.size(); ++cut) {
    const Client client(server_->port());
    client.send(std::string_view(request).substr(0, cut));
    client.finish();
    EXPECT_EQ(client.read_all().find("200"), std::string::npos) << cut;
  }
  EXPECT_EQ(body(get("/readyz")), "ok\n");
}

TEST_F(AdminServerTest, ClosesAConnectionThatSaysNothing) {
  start({.timeout = 20ms});
  const Client client(server_->port());
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(body(get("/readyz")), "ok\n");
}

TEST_F(AdminServerTest, ClosesConnectionsOverTheLimitAndTakesNewOnesAgain) {
  start({.max_connections = 2});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(std::make_unique<Client>(server_->port()));
    clients.back()->send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(clients.back()->read_until("ok\n").find("200 OK"), std::string::npos);
  }
  EXPECT_EQ(get("/readyz"), "");
  clients[0]->send("GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  clients[0]->read_all();
  EXPECT_EQ(body(get("/readyz")), "ok\n");
}

TEST_F(AdminServerTest, StopsWithConnectionsOpen) {
  start();
  const Client idle(server_->port()), half(server_->port());
  half.send("GET /sta");
  const Client whole(server_->port());
  whole.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  whole.read_until("ok\n");
  server_.reset();
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(half.read_all(), "");
}

TEST_F(AdminServerTest, SaysWhichPortIsInUse) {
  start();
  auto second = AdminServer::open({.port = server_->port()}, status_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message,
            "admin endpoint: listen on 127.0.0.1 port " + std::to_string(server_->port()) + ": Address already in use");
  EXPECT_EQ(second.error().sys, EADDRINUSE);
}

TEST_F(AdminServerTest, ListensOnIpv6) {
  auto server = AdminServer::open({.host = "::1", .port = 0}, status_);
  if (!server && server.error().sys == EADDRNOTAVAIL) GTEST_SKIP() << "no IPv6 here";
  if (!server && server.error().sys == EAFNOSUPPORT) GTEST_SKIP() << "no IPv6 here";
  ASSERT_TRUE(server.has_value()) << server.error().message;
  EXPECT_NE((*server)->port(), 0);
}

TEST_F(AdminServerTest, MayBeClosedBeforeItStarts) {
  auto server = AdminServer::open({.port = 0}, status_);
  ASSERT_TRUE(server.has_value());
}

}  // namespace
}  // namespace sluice
