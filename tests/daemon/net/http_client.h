// HttpClient: sends raw bytes to an HTTP listener and reads its answers.
//
//   HttpClient client(port());
//   client.send(post("one\ntwo\n"));
//   EXPECT_EQ(client.answer().body, "{\"lines\":2}\n");
#pragma once

#include <cstdlib>
#include <map>

#include "tests/daemon/net/listener_fixture.h"

namespace sluice {

struct HttpReply {
  int status = 0;  // 0: the connection ended
  std::map<std::string, std::string> headers;
  std::string body;
};

class HttpClient : public TcpClient {
 public:
  using TcpClient::TcpClient;

  // The next answer, whole. 100 Continue has no body.
  HttpReply answer() {
    HttpReply reply;
    size_t end = 0;
    while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return reply;
    }
    const std::string head = read_.substr(0, end + 2);
    read_.erase(0, end + 4);
    reply.status = std::atoi(head.c_str() + head.find(' '));
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
      const size_t colon = head.find(": ", at), stop = head.find("\r\n", at);
      reply.headers[head.substr(at, colon - at)] = head.substr(colon + 2, stop - colon - 2);
      at = stop + 2;
    }
    const auto length = static_cast<size_t>(std::atoi(reply.headers["Content-Length"].c_str()));
    while (read_.size() < length && receive()) {
    }
    reply.body = read_.substr(0, length);
    read_.erase(0, length);
    return reply;
  }

  int status() { return answer().status; }

 private:
  bool receive() {
    char piece[4096];
    const ssize_t got = ::recv(fd(), piece, sizeof piece, 0);
    if (got > 0) read_.append(piece, static_cast<size_t>(got));
    return got > 0;
  }

  std::string read_;
};

// `headers`: whole lines, each with its CR LF.
inline std::string post(std::string_view body, const std::string& headers = "") {
  return "POST /ingest HTTP/1.1\r\nHost: logs\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

inline std::string chunk(std::string_view bytes, const std::string& extension = "") {
  char size[32];
  std::snprintf(size, sizeof size, "%zx", bytes.size());
  return size + extension + "\r\n" + std::string(bytes) + "\r\n";
}

inline std::string post_chunked(const std::string& chunks, const std::string& headers = "") {
  return "POST /ingest HTTP/1.1\r\nHost: logs\r\n" + headers + "Transfer-Encoding: chunked\r\n\r\n" + chunks;
}

}  // namespace sluice
