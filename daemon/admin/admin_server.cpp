#include "daemon/admin/admin_server.h"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "daemon/admin/metrics.h"
#include "daemon/admin/status_json.h"

namespace sluice {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

using Response = http::response<http::string_body>;

constexpr const char* kPlain = "text/plain; charset=utf-8";

Response make_response(http::status status, const char* type, std::string body) {
  Response response{status, 11};
  response.set(http::field::content_type, type);
  response.set(http::field::cache_control, "no-store");
  response.body() = std::move(body);
  return response;
}

// 200 "ok", or 503 and what is wrong.
Response verdict(const std::string& problem) {
  if (problem.empty()) return make_response(http::status::ok, kPlain, "ok\n");
  return make_response(http::status::service_unavailable, kPlain, problem + "\n");
}

Response answer(const http::request<http::empty_body>& request, const StatusSource& source) {
  const auto target = request.target();
  const auto path = target.substr(0, target.find('?'));
  const bool known = path == "/metrics" || path == "/status" || path == "/healthz" || path == "/readyz";
  if (!known)
    return make_response(http::status::not_found, kPlain, "there are /metrics, /status, /healthz and /readyz\n");
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response response = make_response(http::status::method_not_allowed, kPlain, "only GET and HEAD\n");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  if (path == "/healthz") return verdict(source.not_healthy());
  if (path == "/readyz") return verdict(source.not_ready());
  if (path == "/status") return make_response(http::status::ok, "application/json", render_status(source.snapshot()));
  return make_response(http::status::ok, "text/plain; version=0.0.4; charset=utf-8", render_metrics(source.snapshot()));
}

// The answer to a request that can't be read; nothing where nobody waits for one.
std::optional<Response> answer_to_error(const error_code& error) {
  if (error == http::error::header_limit) {
    return make_response(http::status::request_header_fields_too_large, kPlain, "the request is too long\n");
  }
  if (error == http::error::body_limit || error == http::error::unexpected_body) {
    return make_response(http::status::payload_too_large, kPlain, "a request has no body here\n");
  }
  const bool malformed = error.category() == make_error_code(http::error::bad_target).category() &&
                         error != http::error::end_of_stream && error != http::error::partial_message;
  if (malformed) return make_response(http::status::bad_request, kPlain, "not an HTTP request\n");
  return std::nullopt;
}

// One connection. It lives as long as one of its operations waits, and each of them ends by its timeout.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const StatusSource& source, std::chrono::milliseconds timeout, uint32_t& open)
      : stream_(std::move(socket)), source_(source), timeout_(timeout), open_(open) {
    ++open_;
  }
  ~Session() { --open_; }

  void read() {
    parser_.emplace();
    parser_->header_limit(AdminServer::kMaxHeaderBytes);
    parser_->body_limit(0);
    stream_.expires_after(timeout_);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, size_t) { self->on_read(error); });
  }

 private:
  void on_read(const error_code& error) {
    if (error) {
      auto response = answer_to_error(error);
      refused_ = response.has_value();
      if (refused_) write(std::move(*response), false);
      return;
    }
    const auto& request = parser_->get();
    Response response = answer(request, source_);
    response.version(request.version());
    head_ = request.method() == http::verb::head;
    write(std::move(response), request.keep_alive());
  }

  void write(Response response, bool keep_alive) {
    response_ = std::move(response);
    response_.keep_alive(keep_alive);
    response_.content_length(response_.body().size());
    if (head_) response_.body().clear();
    head_ = false;
    stream_.expires_after(timeout_);
    http::async_write(stream_, response_, [self = shared_from_this(), keep_alive](const error_code& error, size_t) {
      if (!error && keep_alive) return self->read();
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
      if (!error && self->refused_) self->read_and_forget();
    });
  }

  // A socket closed with bytes unread resets the connection, and the client might not get to see why it was refused.
  void read_and_forget() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(AdminServer::kMaxHeaderBytes),
                            [self = shared_from_this()](const error_code& error, size_t) {
                              if (!error) self->read_and_forget();
                            });
  }

  beast::tcp_stream stream_;
  const StatusSource& source_;
  const std::chrono::milliseconds timeout_;
  uint32_t& open_;  // of the server, which outlives every session
  beast::flat_buffer buffer_{AdminServer::kMaxHeaderBytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  bool head_ = false;
  bool refused_ = false;  // the request could not be read
};

}  // namespace

class AdminServer::Impl {
 public:
  Impl(AdminOptions options, const StatusSource& source) : options_(std::move(options)), source_(source) {}

  ~Impl() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> open() {
    const std::string where = "admin endpoint: listen on " + options_.host + " port " + std::to_string(options_.port);
    error_code error;
    const auto address = asio::ip::make_address(options_.host, error);
    if (error) return Unexpected(Error{where + ": not an IP address"});
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.is_v6()) acceptor_.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return Unexpected(Error{where + ": " + error.message(), error.value()});
    port_ = acceptor_.local_endpoint(error).port();
    return {};
  }

  void start() {
    accept();
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "admin");
      io_.run();
    });
  }

  uint16_t port() const { return port_; }

 private:
  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return accept_later();  // out of descriptors: at once would only spin
      if (sessions_ < options_.max_connections) {
        std::make_shared<Session>(std::move(socket), source_, options_.timeout, sessions_)->read();
      }
      accept();
    });
  }

  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](const error_code& error) {
      if (!error) accept();
    });
  }

  const AdminOptions options_;
  const StatusSource& source_;
  uint32_t sessions_ = 0;  // open now; touched by the server's thread only
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer pause_{io_};
  uint16_t port_ = 0;
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

Result<std::unique_ptr<AdminServer>> AdminServer::open(AdminOptions options, const StatusSource& source) {
  auto impl = std::make_unique<Impl>(std::move(options), source);
  if (auto opened = impl->open(); !opened) return Unexpected(opened.error());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

void AdminServer::start() { impl_->start(); }
uint16_t AdminServer::port() const { return impl_->port(); }

}  // namespace sluice
