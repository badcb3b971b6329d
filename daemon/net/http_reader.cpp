#include "daemon/net/http_reader.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

namespace sluice {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// A Beast body that keeps nothing: its pieces go on to the sink.
struct SinkBody {
  using value_type = BodySink*;

  class reader {
   public:
    template <bool isRequest, class Fields>
    reader(http::header<isRequest, Fields>&, value_type& sink) : sink_(sink) {}

    void init(const boost::optional<uint64_t>&, error_code& error) { error = {}; }

    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      size_t taken = 0;
      for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers);
           ++at) {
        const boost::asio::const_buffer piece = *at;
        const size_t some = sink_->take_body({static_cast<const char*>(piece.data()), piece.size()});
        taken += some;
        if (some < piece.size()) {
          error = http::error::need_buffer;
          return taken;
        }
      }
      error = {};
      return taken;
    }

    void finish(error_code& error) { error = {}; }

   private:
    value_type& sink_;
  };
};

// "/ingest?a=b" and "http://host/ingest" are "/ingest".
std::string_view path_of(std::string_view target) {
  if (const size_t scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
    const size_t path = target.find('/', scheme + 3);
    target = path == target.npos ? "/" : target.substr(path);
  }
  return target.substr(0, target.find('?'));
}

}  // namespace

class HttpReader::Parser : public http::parser<true, SinkBody> {};

HttpReader::HttpReader(BodySink& sink) : parser_(std::make_unique<Parser>()) {
  parser_->get().body() = &sink;
  parser_->header_limit(kMaxHeadBytes);
  parser_->body_limit(boost::none);
}

HttpReader::~HttpReader() = default;

bool HttpReader::has_head() const { return parser_->is_header_done(); }
bool HttpReader::done() const { return parser_->is_done(); }

HttpReader::Step HttpReader::read(std::string_view input) {
  const bool had_head = has_head();
  error_code error;
  const size_t used = parser_->put(boost::asio::const_buffer(input.data(), input.size()), error);
  if (error == http::error::need_more) {
    // The head has its own limit; a chunk's size line or the trailers have none.
    if (input.size() - used <= kMaxHeadBytes) return {used, Progress::need_more};
    error = http::error::header_limit;
  }
  if (error == http::error::header_limit && !had_head) return {used, Progress::head_too_large};
  if (error && error != http::error::need_buffer) {
    problem_ = error.message();
    return {used, Progress::malformed};
  }
  if (!had_head && has_head()) return {used, Progress::head};
  return {used, done() ? Progress::done : Progress::going};
}

HttpHead HttpReader::head() const {
  const auto& request = parser_->get();
  const auto is = [](boost::beast::string_view value, const char* word) { return boost::beast::iequals(value, word); };
  HttpHead head;
  head.method = view(request.method_string());
  head.path = path_of(view(request.target()));
  head.content_encoding = view(request[http::field::content_encoding]);
  if (const auto length = parser_->content_length()) head.length = *length;
  head.chunked = parser_->chunked();
  head.keep_alive = parser_->keep_alive();
  const size_t transfer_codings = request.count(http::field::transfer_encoding);
  const auto transfer_coding = request[http::field::transfer_encoding];
  head.other_transfer_coding = transfer_codings > 1 || (transfer_codings == 1 && !is(transfer_coding, "chunked"));
  const auto expectation = request[http::field::expect];
  const bool http11 = request.version() >= 11;
  head.expects_continue = http11 && is(expectation, "100-continue");
  head.expects_more = http11 && !expectation.empty() && !head.expects_continue;
  if (http11 && request.count(http::field::host) != 1) head.problem = "there must be one Host header";
  if (!http11 && transfer_codings > 0) head.problem = "HTTP/1.0 has no Transfer-Encoding";
  if (request.count(http::field::content_encoding) > 1) head.content_encoding = "several";
  return head;
}

}  // namespace sluice
