#include "daemon/net/http_session.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "daemon/net/http_shard.h"

namespace sluice {
namespace {

constexpr std::string_view kPath = "/ingest";
constexpr size_t kTurnBytes = 1 << 20;       // then the other connections of this thread have their turn
constexpr uint64_t kMostSkipped = 64 << 10;  // of a refused body: about what is under way before the answer arrives
constexpr uint32_t kSoon = 1;                // s; a queue is emptied within one
constexpr uint32_t kLater = 5;               // s; what a person or a disk must mend takes longer

}  // namespace

HttpSession::HttpSession(HttpShard& shard, uint32_t id, Socket socket, InternId peer)
    : shard_(shard), socket_(std::move(socket)), id_(id), peer_(peer), last_read_(shard.now()) {}

HttpSession::~HttpSession() = default;

void HttpSession::start() {
  if (!shard_.intake().poller->add(socket_.fd())) {
    shard_.intake().report(system_error("watch a connection", errno).message);
    return close();
  }
  watch();
}

void HttpSession::on_readable() {
  if (state_ == State::closed) return;
  if (!out_.empty()) return settle();  // it was the kernel's room that was waited for
  turn();
}

void HttpSession::on_rested() { turn(); }

// Reads what is there, as far as it can go on with it.
void HttpSession::turn() {
  if (state_ == State::closed || at_gate()) return;
  const std::span<char> scratch = shard_.scratch();
  size_t have = carry_.copy(scratch.data(), carry_.size());
  std::string().swap(carry_);
  for (size_t turn_bytes = 0;;) {
    const size_t used = advance({scratch.data(), have});
    have -= used;
    if (have > 0 && used > 0) std::memmove(scratch.data(), scratch.data() + used, have);
    if (!wants_bytes() || turn_bytes >= kTurnBytes) break;
    const size_t room = std::min(scratch.size() - have, HttpShard::kReadBytes);
    const ssize_t got = recv(socket_.fd(), scratch.data() + have, room, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got < 0) {
      shard_.count_reset();
      return close();
    }
    if (got == 0) {
      on_end();
      break;
    }
    last_read_ = shard_.now();
    have += static_cast<size_t>(got);
    turn_bytes += static_cast<size_t>(got);
  }
  carry_.assign(scratch.data(), have);
  settle();
}

// Returns how many bytes were read; the rest must come again, when there is more or when it can go on.
size_t HttpSession::advance(std::string_view input) {
  size_t used = 0;
  while (state_ != State::forgetting && state_ != State::closed) {
    if (reader_ && reader_->done()) {
      if (!end_request()) return used;
      continue;
    }
    if (!reader_ && !begin_request(input, used)) return used;
    if (used == input.size()) return used;
    const HttpReader::Step step = reader_->read(input.substr(used));
    used += step.used;
    switch (step.progress) {
      case HttpReader::Progress::need_more:
        return used;
      case HttpReader::Progress::head:
        on_head();
        break;
      case HttpReader::Progress::going:
      case HttpReader::Progress::done:
        check_body();
        break;
      case HttpReader::Progress::malformed:
        refuse_rest({.status = 400, .text = "this is no HTTP request: " + reader_->problem()});
        break;
      case HttpReader::Progress::head_too_large:
        refuse_rest({.status = 431, .text = "the request's head is larger than 16 KiB"});
        break;
    }
    if (waits_at_gate()) return used;
  }
  return input.size();
}

// False when there is nothing to begin with, or too much to be answered.
bool HttpSession::begin_request(std::string_view input, size_t& used) {
  // Some clients end a body with a line end that they did not count.
  while (used < input.size() && (input[used] == '\r' || input[used] == '\n')) ++used;
  if (used == input.size() || !wants_bytes()) return false;
  reader_ = std::make_unique<HttpReader>(*this);
  head_since_ = last_read_ = shard_.now();
  return true;
}

void HttpSession::on_head() {
  const HttpHead head = reader_->head();
  Exchange& exchange = exchanges_.emplace_back();
  exchange.keep_alive = head.keep_alive && head.problem.empty();
  exchange.head_method = head.method == "HEAD";
  HttpAnswer no = refusal(head);
  if (no.status == 0) return accept(head);
  // A client that asked first may send its body or not: only a new connection is clear about that.
  const bool skip = head.length.value_or(kMostSkipped) <= kMostSkipped && !head.expects_continue &&
                    !head.other_transfer_coding && !shard_.stopping();
  refuse(std::move(no), skip);
}

HttpAnswer HttpSession::refusal(const HttpHead& head) const {
  const HttpSettings& settings = shard_.settings();
  if (!head.problem.empty()) return {.status = 400, .text = std::string(head.problem)};
  if (head.path != kPath) return {.status = 404, .text = "lines are taken by POST /ingest"};
  if (head.method != "POST") {
    return {.status = 405, .text = "lines are taken by POST /ingest", .header = "Allow: POST"};
  }
  if (head.expects_more) return {.status = 417, .text = "only 100-continue can be expected"};
  if (head.other_transfer_coding) return {.status = 501, .text = "the only Transfer-Encoding is chunked"};
  if (!head.length && !head.chunked) {
    return {.status = 411, .text = "a request needs a Content-Length or Transfer-Encoding: chunked"};
  }
  if (head.length.value_or(0) > settings.max_request_bytes) {
    return {.status = 413,
            .text = "a body may have " + std::to_string(settings.max_request_bytes) +
                    " bytes (max_request_bytes): send several requests"};
  }
  if (!body_coding(head.content_encoding)) {
    return {.status = 415,
            .text = "Content-Encoding may be gzip, zstd or identity",
            .header = "Accept-Encoding: gzip, zstd"};
  }
  if (shard_.stopping()) return {.status = 503, .text = "the daemon stops", .retry_after = kLater};
  if (exchanges_.size() > settings.max_unanswered) {
    return {.status = 429, .text = "too many requests of this connection are unanswered", .retry_after = kSoon};
  }
  const ListenerParts& parts = shard_.intake().parts;
  if (parts.pipeline.stats().store_failing) {
    return {.status = 503, .text = "the store takes no more lines", .retry_after = kLater};
  }
  if (parts.context.critical() || parts.context.load() >= 1.0) {
    return {.status = 503, .text = "there is no room for more lines now", .retry_after = kSoon};
  }
  return {};
}

void HttpSession::accept(const HttpHead& head) {
  const auto request = static_cast<uint32_t>(first_request_ + exchanges_.size() - 1);
  body_ =
      std::make_unique<HttpBody>(shard_.intake(), HttpBodyOptions{.coding = *body_coding(head.content_encoding),
                                                                  .max_bytes = shard_.settings().max_request_bytes,
                                                                  .length = head.length,
                                                                  .max_frame_bytes = shard_.settings().max_frame_bytes,
                                                                  .peer = peer_,
                                                                  .ack = shard_.ack_for(id_, request)});
  state_ = State::body;
  body_read_ = 0;
  if (head.length != 0u && !body_->get_slot()) {
    return refuse({.status = 503, .text = "there is no room for more lines now", .retry_after = kSoon},
                  head.length.value_or(kMostSkipped + 1) <= kMostSkipped && !head.expects_continue);
  }
  owes_continue_ = head.expects_continue && head.length != 0u;
}

size_t HttpSession::take_body(std::string_view piece) {
  owes_continue_ = false;  // it did not wait
  body_read_ += piece.size();
  if (state_ != State::body) return piece.size();
  const size_t used = body_->take(piece);
  body_read_ -= piece.size() - used;
  // Of a body that is refused for what is in it, the rest does not matter.
  return body_->needs() == HttpBody::Needs::nothing ? piece.size() : used;
}

// After some of the body was read.
void HttpSession::check_body() {
  if (state_ == State::skipping && body_read_ > kMostSkipped) return stop_skipping();
  if (state_ != State::body) return;
  note_batches();
  const uint64_t most = shard_.settings().max_request_bytes;
  if (body_->stopped()) {
    refuse_rest({.status = 503, .text = "the daemon stops", .retry_after = kLater});
  } else if (body_->error() == BodyError::too_large || body_read_ > most) {
    refuse_rest({.status = 413,
                 .text = "a body may have " + std::to_string(most) +
                         " bytes once it is decompressed (max_request_bytes): send several requests"});
  } else if (body_->error() == BodyError::no_memory || !charge()) {
    refuse_rest({.status = 503, .text = "there is no memory for this body now", .retry_after = kSoon});
  } else if (body_->error() != BodyError::none) {
    refuse_rest({.status = 400, .text = std::string(body_error_text(body_->error()))});
  }
}

// The whole request was read. False when its last lines must wait for room.
bool HttpSession::end_request() {
  if (state_ == State::skipping) {  // answered already, perhaps
    reader_.reset();
    state_ = State::head;
    return true;
  }
  const bool finished = body_->finish();
  check_body();
  if (state_ != State::body) return true;
  if (!finished) return !waits_at_gate();
  body_.reset();
  Exchange& exchange = exchanges_.back();
  exchange.taken = true;
  owes_continue_ = false;
  reader_.reset();
  state_ = exchange.keep_alive ? State::head : State::forgetting;
  return true;
}

// The client sends no more; it may still read.
void HttpSession::on_end() {
  end_seen_ = true;
  if (state_ == State::body) {
    refuse_rest({.status = 400, .text = "the connection ended inside the body"});
  } else {
    state_ = State::forgetting;
    reader_.reset();
  }
}

bool HttpSession::wants_bytes() const {
  if (state_ == State::closed || end_seen_ || !out_.empty() || at_gate()) return false;
  // Past twice of what is answered at all the client is left waiting.
  return state_ != State::head || reader_ || exchanges_.size() < 2 * size_t{shard_.settings().max_unanswered};
}

// Waits, when the body needs something to go on.
bool HttpSession::waits_at_gate() {
  if (!body_ || body_->needs() == HttpBody::Needs::nothing) return false;
  Intake& intake = shard_.intake();
  if (at_gate()) return true;
  if (body_->needs() == HttpBody::Needs::slot) {
    intake.gate->wait_for_slot(*this);
  } else {
    intake.wait_for_room(*this, body_->batch(), intake.deadline());
  }
  return true;
}

// Goes on a moment later and not from here, where the gate may be serving others.
void HttpSession::on_room() {
  Intake& intake = shard_.intake();
  Gate& gate = *intake.gate;
  if (body_->needs() == HttpBody::Needs::room && !body_->submit())
    return intake.wait_for_room(*this, body_->batch(), 0);
  if (body_->needs() == HttpBody::Needs::slot && !body_->get_slot()) return gate.wait_for_slot(*this);
  last_read_ = shard_.now();  // it was not slow: we were
  gate.rest(*this);
}

void HttpSession::on_deadline() {
  if (shard_.settings().overflow == OverflowPolicy::block || body_->needs() != HttpBody::Needs::room) return;
  leave();
  body_->give_up(DropReason::queue_full);
  refuse_rest({.status = 503, .text = "there is no room for more lines now", .retry_after = kSoon});
  shard_.intake().gate->rest(*this);
}

void HttpSession::note_batches() {
  exchanges_.back().batches = body_->batches();
  exchanges_.back().lines = body_->lines();
}

// The request that is being read is answered so, and its lines that were not handed over are forgotten.
void HttpSession::refuse(HttpAnswer answer, bool skip_body) {
  leave();
  Exchange& exchange = exchanges_.back();
  if (body_) {
    if (body_->needs() == HttpBody::Needs::room) body_->give_up(DropReason::queue_full);
    note_batches();
    body_.reset();
  }
  owes_continue_ = false;
  body_read_ = 0;
  exchange.taken = true;
  exchange.answer = std::move(answer);
  if (skip_body && exchange.keep_alive) {
    state_ = State::skipping;
    return;
  }
  exchange.keep_alive = false;
  state_ = State::forgetting;
  reader_.reset();
}

// The same, when the connection cannot go on: also for a request whose head was not read.
void HttpSession::refuse_rest(HttpAnswer answer) {
  if (state_ == State::skipping) return stop_skipping();
  if (!reader_ || !reader_->has_head()) exchanges_.emplace_back();
  refuse(std::move(answer));
}

// The body of a refused request does not end, or not well.
void HttpSession::stop_skipping() {
  if (exchanges_.empty()) {
    last_answer_ = true;  // sent already, and without saying so
  } else {
    exchanges_.back().keep_alive = false;
  }
  state_ = State::forgetting;
  reader_.reset();
}

void HttpSession::acked(uint32_t request, bool safe) {
  const uint32_t at = request - first_request_;
  if (state_ == State::closed || at >= exchanges_.size()) return;
  Exchange& exchange = exchanges_[at];
  ++exchange.acked;
  exchange.unsafe |= !safe;
  const bool being_read = !exchange.taken;
  if (!safe && being_read) {
    refuse_rest({.status = 503, .text = "the lines could not be made safe", .retry_after = kLater});
  }
  if ((!safe && being_read) || exchanges_.front().done()) settle();
}

void HttpSession::stop() {
  // Once more, for a request that the kernel has already: it is told that it was not taken.
  turn();
}

void HttpSession::sweep(Nanos now) {
  if (state_ == State::closed || at_gate()) return;
  const HttpSettings& settings = shard_.settings();
  if (!out_.empty()) {
    if (now - last_sent_ > settings.body_timeout) close();
  } else if (lingering_ != 0) {
    if (now - lingering_ > settings.linger) close();
  } else if (state_ == State::head && reader_) {
    if (now - head_since_ <= settings.header_timeout) return;
    refuse_rest({.status = 408, .text = "the request's head did not come in time"});
    settle();
  } else if (state_ == State::body || state_ == State::skipping) {
    if (now - last_read_ <= settings.body_timeout) return;
    refuse_rest({.status = 408, .text = "the request's body did not come in time"});
    settle();
  } else if (exchanges_.empty() && settings.idle_timeout > 0 && now - last_read_ > settings.idle_timeout) {
    shard_.count_idle();
    close();
  }
}

bool HttpSession::let_go(Nanos since) {
  if (!body_ || !body_->holds_slot()) return false;
  if (body_->slot_since() > since) return true;
  body_->let_go();
  check_body();
  waits_at_gate();
  settle();
  return false;
}

void HttpSession::abandon() {
  leave();
  if (body_ && body_->needs() == HttpBody::Needs::room) body_->give_up(DropReason::shutdown);
  close();
}

// After anything has changed: sends the answers that are due, and waits for what comes next.
void HttpSession::settle() {
  if (state_ == State::closed) return;
  write_answers();
  if (!flush() || (out_.empty() && last_answer_ && lingering_ == 0)) return finish_writing();
  const bool between = exchanges_.empty() && state_ != State::body && state_ != State::skipping && out_.empty();
  if (between && (end_seen_ || (shard_.stopping() && lingering_ == 0))) return close();
  if (!charge() && state_ != State::forgetting) {
    shard_.intake().report("too much of unfinished requests at once; a connection from " +
                           std::string(shard_.intake().parts.interner.text(peer_)) + " was closed");
    return close();
  }
  if (body_ && body_->holds_slot()) shard_.watch_slots();
  watch();
}

void HttpSession::write_answers() {
  size_t done = 0;
  while (done < exchanges_.size() && exchanges_[done].done()) write_answer(exchanges_[done++]);
  if (done > 0) {
    exchanges_.erase(exchanges_.begin(), exchanges_.begin() + static_cast<ptrdiff_t>(done));
    first_request_ += static_cast<uint32_t>(done);
    last_read_ = shard_.now();  // a client is not idle while it waits for us
  }
  // Behind the answers to earlier requests, or it would be taken for one of theirs.
  if (owes_continue_ && exchanges_.size() == 1) {
    owes_continue_ = false;
    out_ += kContinue;
  }
}

void HttpSession::write_answer(Exchange& exchange) {
  HttpAnswer& answer = exchange.answer;
  if (answer.status == 0 && exchange.unsafe) {
    answer = {.status = 503, .text = "the lines could not be made safe", .retry_after = kLater};
  }
  if (answer.status == 0) {
    answer = {.status = 200, .text = "{\"lines\":" + std::to_string(exchange.lines) + "}"};
  } else if (exchange.lines > 0) {
    answer.text += std::string("; of its lines the first ") + std::to_string(exchange.lines) +
                   (exchange.unsafe ? " may have been stored" : " were stored");
  }
  // A request that waits behind this one will be refused, and its answer is the last.
  const bool last = !exchange.keep_alive || (shard_.stopping() && &exchange == &exchanges_.back() && !reader_);
  last_answer_ |= last;
  append_answer(out_, answer,
                {.keep_alive = !last, .without_body = exchange.head_method, .now = shard_.intake().parts.clock.now()});
}

// False when the connection is broken.
bool HttpSession::flush() {
  while (!out_.empty()) {
    const ssize_t sent = send(socket_.fd(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return true;
    if (sent < 0) {
      shard_.count_reset();
      end_seen_ = true;
      return false;
    }
    last_sent_ = shard_.now();
    out_.erase(0, static_cast<size_t>(sent));
  }
  if (out_.capacity() > 256) std::string().swap(out_);
  return true;
}

// The last answer is on its way, or never will be.
void HttpSession::finish_writing() {
  if (end_seen_) return close();
  lingering_ = shard_.now();
  state_ = State::forgetting;
  ::shutdown(socket_.fd(), SHUT_WR);
  watch();
}

void HttpSession::watch() {
  Poller& poller = *shard_.intake().poller;
  if (!out_.empty()) {
    if (last_sent_ == 0) last_sent_ = shard_.now();
    return poller.watch_room(socket_.fd(), *this);
  }
  if (at_gate() || !wants_bytes()) return;
  // Bytes that could not be read before are not told of by the kernel.
  const bool readable = !carry_.empty() && !reader_ && state_ == State::head;
  return readable ? shard_.intake().gate->rest(*this) : poller.watch(socket_.fd(), *this);
}

bool HttpSession::charge() {
  const uint64_t now = carry_.capacity() + out_.capacity() + (body_ ? body_->bytes() : 0);
  return shard_.charge(std::exchange(charged_, now), now);
}

void HttpSession::close() {
  leave();
  if (body_ && body_->needs() == HttpBody::Needs::room) body_->give_up(DropReason::queue_full);
  body_.reset();
  reader_.reset();
  exchanges_.clear();
  shard_.intake().poller->remove(socket_.fd());
  socket_.close();
  std::string().swap(carry_);
  std::string().swap(out_);
  charge();
  state_ = State::closed;
  shard_.remove(*this);  // the last call: the session is freed soon
}

}  // namespace sluice
