// HttpSession: one HTTP connection. Requests come one after the other and may come before earlier ones are answered
// (pipelining); answers go out in the same order, each once every batch of its request is acked.
//
// Whether a request is taken is decided when its head is there, before its body is read. One that is refused is answered
// at once; a short body is skipped and the connection goes on, otherwise it is closed, gently: the answer is sent, and
// what still comes is read and forgotten for a moment, because a reset could overtake the answer.
//
// A turn: bytes are received into the shard's scratch buffer and read as far as possible; what is left over (part of a
// head, or what there is no slot for) waits in the session. So an idle connection owns no buffer.
//
// Threads: its shard's I/O thread. Memory: about 300 bytes; what it holds besides is charged by the shard.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/http_answer.h"
#include "daemon/net/http_body.h"
#include "daemon/net/http_reader.h"
#include "daemon/net/socket.h"

namespace sluice {

class HttpShard;
struct HttpSessionTag;
using HttpSessionHook = boost::intrusive::list_base_hook<boost::intrusive::tag<HttpSessionTag>>;

class HttpSession final : public Readable, public GateWaiter, public BodySink, public HttpSessionHook {
 public:
  HttpSession(HttpShard& shard, uint32_t id, Socket socket, InternId peer);
  ~HttpSession();

  void start();
  // Refuses what comes from now on, and closes once the requests under way are answered.
  void stop();
  // Closes what was too slow.
  void sweep(Nanos now);
  // Gives a slot back that was taken before `since`. True when it still holds one.
  bool let_go(Nanos since);
  void acked(uint32_t request, bool safe);
  // What it still holds is dropped{shutdown}. For Listener::close().
  void abandon();

  uint32_t id() const { return id_; }

  void on_readable() override;
  void on_room() override;
  void on_rested() override;
  void on_deadline() override;
  size_t take_body(std::string_view piece) override;

 private:
  // What the next bytes are.
  enum class State : uint8_t {
    head,
    body,
    skipping,    // the body of a refused request
    forgetting,  // nothing that matters any more
    closed,
  };

  // A request whose head was read, until its answer is sent.
  struct Exchange {
    HttpAnswer answer;     // status 0: as its acks say
    uint64_t lines = 0;    // handed over
    uint32_t batches = 0;  // so many acks are due
    uint32_t acked = 0;
    bool unsafe = false;  // one of them said so
    bool taken = false;   // no more batches
    bool keep_alive = true;
    bool head_method = false;

    bool done() const { return taken && acked == batches; }
  };

  void turn();
  size_t advance(std::string_view input);
  bool begin_request(std::string_view input, size_t& used);
  void on_head();
  HttpAnswer refusal(const HttpHead& head) const;
  void accept(const HttpHead& head);
  bool end_request();
  void on_end();
  bool wants_bytes() const;
  bool waits_at_gate();
  void check_body();
  void note_batches();
  void refuse(HttpAnswer answer, bool skip_body = false);
  void refuse_rest(HttpAnswer answer);
  void stop_skipping();
  bool charge();

  void settle();
  void write_answers();
  void write_answer(Exchange& exchange);
  bool flush();
  void watch();
  void finish_writing();
  void close();

  HttpShard& shard_;
  Socket socket_;
  const uint32_t id_;
  const InternId peer_;
  uint32_t first_request_ = 0;       // the number of exchanges_.front()
  std::vector<Exchange> exchanges_;  // in order; the last one is being read while reader_ has a head
  std::unique_ptr<HttpReader> reader_;
  std::unique_ptr<HttpBody> body_;
  std::string carry_;  // received and not yet read
  std::string out_;    // written and not yet sent
  Nanos last_read_;    // monotonic, as the next three
  Nanos head_since_ = 0;
  Nanos last_sent_ = 0;
  Nanos lingering_ = 0;  // since then; 0: not
  uint64_t body_read_ = 0;
  uint64_t charged_ = 0;
  State state_ = State::head;
  bool end_seen_ = false;  // of what the client sends
  bool owes_continue_ = false;
  bool last_answer_ = false;  // it has been written, and says so
};

}  // namespace sluice
