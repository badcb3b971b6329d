// HttpReader: one HTTP request as its bytes come in: the head first, then its body, without its transfer coding, to a
// BodySink. The parser is Beast's, and this is the only file that knows it.
//
//   HttpReader reader(sink);
//   while (!input.empty()) {
//     const HttpReader::Step step = reader.read(input);
//     input.remove_prefix(step.used);               // what is left must be the beginning of the next input
//     switch (step.progress) { ... }
//   }
//
// Limits:  a head of kMaxHeadBytes. The length of a body is the caller's to judge, by head() and by what the sink gets.
// Errors:  malformed, head_too_large; then nothing can be read from this connection any more.
// Threads: one thread. Memory: about a kilobyte, and the head.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

class BodySink {
 public:
  // Returns how many bytes it took; less than all when it can take no more now. Then it is given the rest again.
  virtual size_t take_body(std::string_view piece) = 0;

 protected:
  ~BodySink() = default;
};

// What a request says of itself. Views into the reader.
struct HttpHead {
  std::string_view problem;  // not empty: why it is not a request that HTTP allows
  std::string_view method;
  std::string_view path;  // without query and authority
  std::string_view content_encoding;
  std::optional<uint64_t> length;  // Content-Length
  bool chunked = false;
  bool other_transfer_coding = false;  // one that nobody asked for: none is supported
  bool expects_continue = false;
  bool expects_more = false;  // something else that nobody can promise
  bool keep_alive = false;
};

class HttpReader {
 public:
  static constexpr uint32_t kMaxHeadBytes = 16 << 10;

  explicit HttpReader(BodySink& sink);
  ~HttpReader();

  enum class Progress : uint8_t {
    need_more,  // bytes
    head,       // it is whole now
    going,      // some of the body was read, or the sink takes no more now
    done,       // with the whole request
    malformed,
    head_too_large,
  };
  struct Step {
    size_t used = 0;
    Progress progress = Progress::need_more;
  };
  // REQUIRES: input is not empty, done() is false
  Step read(std::string_view input);

  bool has_head() const;
  bool done() const;
  // REQUIRES: has_head()
  HttpHead head() const;
  // Of `malformed`: a few words.
  const std::string& problem() const { return problem_; }

 private:
  class Parser;
  const std::unique_ptr<Parser> parser_;
  std::string problem_;
};

}  // namespace sluice
