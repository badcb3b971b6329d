// GelfDatagrams: from the datagrams of GELF over UDP to documents. Puts chunks together, decompresses gzip and zlib.
//
//   GelfDatagrams gelf({.max_document = 1 << 20});
//   if (auto document = gelf.accept(datagram, peer, now)) ...   // a whole document
//   ...
//   gelf.expire(now);                                           // now and then, once a second say
//
// A datagram that is neither chunk nor compressed is the document itself, and is given back as it is: a view into the
// datagram. All other documents are views into scratch memory: valid until the next call.
//
// A chunk is 1e 0f, an id of 8 bytes, its number, the count of chunks, and its part. Chunks come in any order; those
// of a message are told by their id and the sender's address. A message whose chunks have not all come `timeout` after
// the first is dropped and counted; a chunk that comes later begins a message anew.
//
// Limits:  messages waiting, their bytes together, chunks a message (128), bytes of a document before and after
//          decompression. What goes over one is dropped and counted, never cut.
// Counting: a datagram that gives a document, and one that is malformed, count once as they come; a message in chunks
//          counts when it is complete or dropped. So lines received = documents + malformed + incomplete.
// Errors:  last_problem() says why accept() gave nothing; `none` while a message waits for more.
// Threads: one thread. Memory: at most `max_bytes` for messages waiting, charged to `account`; besides two documents'
//          scratch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/frame/inflate.h"
#include "core/intern/intern_id.h"
#include "core/memory/allocation_tracker.h"

namespace sluice {

struct GelfDatagramsOptions {
  size_t max_messages = 1024;        // waiting for chunks at once
  size_t max_bytes = 16 << 20;       // of memory for all messages waiting together
  size_t max_document = 1 << 20;     // bytes of one document, compressed and not
  Nanos timeout = 5 * kSecond;       // as the GELF specification says
  MemoryAccount* account = nullptr;  // may be null
};

enum class GelfProblem : uint8_t {
  none = 0,
  header_cut_short,  // a chunk of under 12 bytes
  bad_sequence,      // a chunk's number is not below the count, or the count is 0
  too_many_chunks,   // a count over 128
  count_mismatch,    // chunks of one message that disagree about the count
  too_long,          // over max_document
  no_room,           // max_messages or max_bytes reached
  corrupt,           // does not decompress
};
// One sentence without a final stop.
std::string_view gelf_problem_text(GelfProblem problem);

class GelfDatagrams {
 public:
  explicit GelfDatagrams(GelfDatagramsOptions options = {});
  ~GelfDatagrams();

  // Whether a datagram needs this class at all: a chunk or a compressed body.
  static bool is_encoded(std::string_view datagram);

  // `now` is monotonic.
  std::optional<std::string_view> accept(std::string_view datagram, InternId peer, Nanos now);
  void expire(Nanos now);
  GelfProblem last_problem() const { return problem_; }

  // Totals since the beginning.
  struct Stats {
    uint64_t documents = 0;
    uint64_t chunks = 0;
    uint64_t duplicates = 0;  // chunks that had come before: ignored
    uint64_t incomplete = 0;  // messages dropped because they were not complete in time, or grew too long
    uint64_t malformed = 0;   // datagrams and documents dropped: headers, limits, bodies that do not decompress
    friend bool operator==(const Stats&, const Stats&) = default;
  };
  const Stats& stats() const { return stats_; }
  size_t waiting() const;        // messages
  size_t waiting_bytes() const;  // of memory for them

 private:
  struct Chunk;
  struct Message;
  struct Waiting;

  std::optional<std::string_view> accept_chunk(std::string_view datagram, InternId peer, Nanos now);
  static GelfProblem read_chunk(std::string_view datagram, Chunk& chunk);
  Message* find_or_begin(const Chunk& chunk, Nanos now);
  bool grow(Message& message, size_t bytes);
  void charge(Message& message, size_t bytes);
  void release(Message& message);
  std::nullopt_t kill(Message& message, GelfProblem problem);
  std::string_view assemble(const Message& message);
  std::optional<std::string_view> expand(std::string_view document);
  std::nullopt_t refuse(GelfProblem problem);

  const GelfDatagramsOptions options_;
  std::unique_ptr<Waiting> waiting_;
  Inflater inflater_;
  std::string assembled_, expanded_;
  GelfProblem problem_ = GelfProblem::none;
  Stats stats_;
};

}  // namespace sluice
