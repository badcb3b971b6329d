#include "tests/daemon/net/http_client.h"
#include "tests/support/compress.h"

namespace sluice {
namespace {

using Lines = std::vector<std::string>;

constexpr Nanos kShort = 20 * kMillisecond;
constexpr Nanos kMinute = 60 * kSecond;  // longer than any test
const size_t kInBody = post("one\n").size() - 2;  // a place in the middle of a short body

class HttpListenerTest : public ListenerTest {
 protected:
  static ListenerConfig config() {
    ListenerConfig config;
    config.protocol = Protocol::http;
    config.format = FormatChoice::raw;
    return config;
  }

  // Clients here notice the end at once, or are gone.
  static HttpSettings short_linger() {
    HttpSettings settings;
    settings.linger = kShort;
    return settings;
  }

  void serve(HttpSettings settings = short_linger()) {
    use_http(settings);
    ASSERT_TRUE(open(config()));
    start_workers();  // first: refusals look at the pipeline
    start();
  }

  // The status of one request on a connection of its own.
  int ask(const std::string& request) {
    HttpClient client(port());
    client.send(request);
    return client.status();
  }
};

std::string numbered(int from, int to, std::string_view rest = " of a body that is long enough\n") {
  std::string text;
  for (int i = from; i < to; ++i) (text += std::to_string(i)) += rest;
  return text;
}

// A request but its last three bytes, and these.
std::string beginning(const std::string& request) { return request.substr(0, request.size() - 3); }
std::string ending(const std::string& request) { return request.substr(request.size() - 3); }

Lines split(const std::string& text) {
  Lines lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST_F(HttpListenerTest, StoresTheLinesOfABodyWithThePeersAddressAndAnswersTheirNumber) {
  serve();
  HttpClient client(port());
  client.send(post("one\ntwo\r\nthree\n"));
  const HttpReply reply = client.answer();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{\"lines\":3}\n");
  EXPECT_EQ(reply.headers.at("Content-Type"), "application/json");
  EXPECT_EQ(reply.headers.at("Connection"), "keep-alive");
  EXPECT_TRUE(reply.headers.at("Date").ends_with(" GMT"));
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].frame, "one");
  EXPECT_EQ(lines[1].frame, "two\r");  // the parsers strip it
  EXPECT_EQ(lines[2].frame, "three");
  EXPECT_EQ(lines[0].peer, "127.0.0.1");
  expect_balanced();
}

TEST_F(HttpListenerTest, TakesALastLineWithoutItsEndAndNoEmptyLines) {
  serve();
  HttpClient client(port());
  client.send(post("\n\none\n\n[{\"a\":1},{\"b\":2}]") + post("") + post("\n"));
  EXPECT_EQ(client.answer().body, "{\"lines\":2}\n");
  EXPECT_EQ(client.answer().body, "{\"lines\":0}\n");
  EXPECT_EQ(client.answer().body, "{\"lines\":0}\n");
  EXPECT_EQ(stored_lines(), (Lines{"one", "[{\"a\":1},{\"b\":2}]"}));
}

TEST_F(HttpListenerTest, AnswersPipelinedRequestsInTheirOrder) {
  serve();
  HttpClient client(port());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += post(numbered(0, i));
    if (i % 10 == 5) requests += "POST /other HTTP/1.1\r\nHost: logs\r\nContent-Length: 5\r\n\r\nabcd\n";
    if (i % 10 == 6) requests += "\r\n";  // uncounted, as some clients send it
  }
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.answer().body, "{\"lines\":" + std::to_string(i) + "}\n");
    if (i % 10 == 5) {
      EXPECT_EQ(client.status(), 404);
    }
  }
  EXPECT_EQ(stored().size(), 50u * 49 / 2);
  expect_balanced();
}

TEST_F(HttpListenerTest, ReadsTheSameRequestsOneByteAtATime) {
  serve();
  HttpClient client(port());
  const std::string requests =
      post("one\ntwo\n") +
      post_chunked(chunk("thr") + chunk("ee\nfo", ";why=not") + chunk("ur") + "0\r\nTrailer: x\r\n\r\n") +
      post(gzipped("five\nsix"), "Content-Encoding: gzip\r\n");
  for (const char byte : requests) client.send({&byte, 1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.answer().body, "{\"lines\":2}\n");
  EXPECT_EQ(stored_lines(), (Lines{"one", "two", "three", "four", "five", "six"}));
}

TEST_F(HttpListenerTest, ClosesWhenTheClientWantsItOrSpeaksHttp10) {
  serve();
  HttpClient closing(port()), old(port()), kept(port());
  closing.send(post("a\n", "Connection: close\r\n"));
  EXPECT_EQ(closing.answer().headers.at("Connection"), "close");
  EXPECT_EQ(closing.status(), 0);
  old.send("POST /ingest HTTP/1.0\r\nContent-Length: 2\r\n\r\nb\n");
  EXPECT_EQ(old.status(), 200);
  EXPECT_EQ(old.status(), 0);
  for (int i = 0; i < 2; ++i) {
    kept.send("POST /ingest HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nc\n");
    EXPECT_EQ(kept.answer().headers.at("Connection"), "keep-alive");
  }
  EXPECT_EQ(sorted_lines(), (Lines{"a", "b", "c", "c"}));
  expect_balanced();
}

TEST_F(HttpListenerTest, AnswersAClientThatHasFinishedSending) {
  serve();
  HttpClient client(port());
  client.send(post("one\n") + post("two\n"));
  ::shutdown(client.fd(), SHUT_WR);
  EXPECT_EQ(client.status(), 200);
  EXPECT_EQ(client.status(), 200);
  EXPECT_EQ(client.status(), 0);
  EXPECT_EQ(stored_lines(), (Lines{"one", "two"}));
}

TEST_F(HttpListenerTest, TakesGzipAndZstdAndSeveralMembers) {
  serve();
  HttpClient client(port());
  const std::string text = numbered(0, 5000);
  client.send(post(gzipped(text), "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(client.answer().body, "{\"lines\":5000}\n");
  client.send(post(zstd_compressed(text), "Content-Encoding: zstd\r\n"));
  EXPECT_EQ(client.answer().body, "{\"lines\":5000}\n");
  client.send(post(gzipped("a\nb") + gzipped("c\n"), "Content-Encoding: x-gzip\r\n"));
  EXPECT_EQ(client.answer().body, "{\"lines\":2}\n");
  Lines expected = split(text);
  const Lines once = expected;
  expected.insert(expected.end(), once.begin(), once.end());
  expected.insert(expected.end(), {"a", "bc"});
  EXPECT_EQ(stored_lines(), expected);
}

TEST_F(HttpListenerTest, TakesBodiesOfManySlotsWithoutBreakingALine) {
  serve();
  const std::string text = numbered(0, 100'000);
  ASSERT_GT(text.size(), 3u << 20);
  HttpClient plain(port()), chunked(port()), packed(port());
  plain.send(post(text));
  EXPECT_EQ(plain.answer().body, "{\"lines\":100000}\n");
  packed.send(post(gzipped(text), "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(packed.answer().body, "{\"lines\":100000}\n");
  std::string chunks;
  for (size_t at = 0; at < text.size(); at += 100'003) chunks += chunk(text.substr(at, 100'003));
  chunked.send(post_chunked(chunks + "0\r\n\r\n"));
  EXPECT_EQ(chunked.answer().body, "{\"lines\":100000}\n");
  Lines expected = split(text);
  const Lines once = expected;
  for (int i = 0; i < 2; ++i) expected.insert(expected.end(), once.begin(), once.end());
  EXPECT_EQ(stored_lines(), expected);
  expect_balanced();
}

TEST_F(HttpListenerTest, TruncatesALineLongerThanSlotsAndGoesOnBehindIt) {
  HttpSettings settings;
  settings.max_frame_bytes = 1000;
  serve(settings);
  HttpClient client(port());
  client.send(post("before\n" + std::string(3 << 20, 'x') + "\nafter\n" + std::string(1001, 'y')));
  EXPECT_EQ(client.answer().body, "{\"lines\":4}\n");
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].frame, "before");
  EXPECT_EQ(lines[1].frame, std::string(1000, 'x'));
  EXPECT_TRUE(lines[1].flags & kTruncatedFlag);
  EXPECT_EQ(lines[2].frame, "after");
  EXPECT_EQ(lines[3].frame, std::string(1000, 'y'));
  EXPECT_EQ(ledger().truncated, 2u);
  EXPECT_EQ(ledger().discarded_bytes, (3u << 20) - 1000 + 1);
  expect_balanced();
}

TEST_F(HttpListenerTest, RefusesWhatItDoesNotTakeBeforeTheBodyIsRead) {
  HttpSettings settings;
  settings.max_request_bytes = 1000;
  serve(settings);
  const std::string start = "POST /ingest HTTP/1.1\r\nHost: logs\r\n";
  // No body is sent: the answer does not wait for it.
  const std::pair<std::string, int> cases[] = {
      {"POST / HTTP/1.1\r\nHost: logs\r\nContent-Length: 9\r\n\r\n", 404},
      {"POST /ingest/ HTTP/1.1\r\nHost: logs\r\nContent-Length: 9\r\n\r\n", 404},
      {"GET /ingest HTTP/1.1\r\nHost: logs\r\n\r\n", 405},
      {"PUT /ingest HTTP/1.1\r\nHost: logs\r\nContent-Length: 9\r\n\r\n", 405},
      {start + "\r\n", 411},
      {start + "Content-Length: 1001\r\n\r\n", 413},
      {start + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {start + "Content-Length: -1\r\n\r\n", 400},
      {start + "Content-Length: 9\r\nContent-Encoding: br\r\n\r\n", 415},
      {start + "Content-Length: 9\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", 415},
      {start + "Content-Length: 9\r\nExpect: a miracle\r\n\r\n", 417},
      {start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {start + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST /ingest HTTP/1.1\r\nContent-Length: 9\r\n\r\n", 400},
      {"POST /ingest HTTP/2.0\r\nHost: logs\r\nContent-Length: 9\r\n\r\n", 400},
      {"<34>1 - host app - - - a syslog line\r\n\r\n", 400},
      {start + "A: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
  };
  for (const auto& [request, status] : cases) EXPECT_EQ(ask(request), status) << request.substr(0, 200);
  HttpClient client(port());
  client.send("PUT /ingest HTTP/1.1\r\nHost: logs\r\nContent-Length: 4\r\n\r\nabc\n" +
              post("d\n", "Content-Encoding: br\r\n") + post("taken\n") +
              "POST http://logs/ingest?from=me HTTP/1.1\r\nHost: logs\r\nContent-Length: 4\r\n\r\ntoo\n");
  EXPECT_EQ(client.answer().headers.at("Allow"), "POST");
  EXPECT_EQ(client.answer().headers.at("Accept-Encoding"), "gzip, zstd");
  EXPECT_EQ(client.status(), 200);
  EXPECT_EQ(client.status(), 200);
  EXPECT_EQ(stored_lines(), (Lines{"taken", "too"}));
  expect_balanced();
}

TEST_F(HttpListenerTest, ARefusedClientReadsItsAnswerAlthoughItGoesOnSending) {
  HttpSettings settings;
  settings.max_request_bytes = 1000;
  serve(settings);
  HttpClient client(port());
  client.send(post(std::string(8 << 20, 'x')));
  const HttpReply reply = client.answer();
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.headers.at("Connection"), "close");
  EXPECT_EQ(client.status(), 0);
}

TEST_F(HttpListenerTest, RefusesAMalformedBodyAndTakesNothingOfIt) {
  serve(HttpSettings());
  const std::string packed = gzipped("one\ntwo\n"), frame = zstd_compressed("one\ntwo\n");
  std::string broken = packed;
  broken[broken.size() - 6] ^= 1;
  EXPECT_EQ(ask(post(broken, "Content-Encoding: gzip\r\n")), 400);
  EXPECT_EQ(ask(post(packed.substr(0, packed.size() - 1), "Content-Encoding: gzip\r\n")), 400);
  EXPECT_EQ(ask(post(frame.substr(0, frame.size() - 1), "Content-Encoding: zstd\r\n")), 400);
  EXPECT_EQ(ask(post("one\ntwo\n", "Content-Encoding: gzip\r\n")), 400);
  EXPECT_EQ(ask(post("", "Content-Encoding: gzip\r\n")), 400);
  EXPECT_EQ(ask(post_chunked(chunk("one\n") + "nonsense\r\n")), 400);
  EXPECT_EQ(ask(post_chunked("4" + std::string(20'000, ';'))), 400);
  HttpClient ended(port());
  ended.send(beginning(post("one\ntwo\n")));
  ::shutdown(ended.fd(), SHUT_WR);
  EXPECT_EQ(ended.status(), 400);
  EXPECT_EQ(stored_lines(), Lines{});
  EXPECT_EQ(ledger().received, 0u);
  expect_balanced();
}

TEST_F(HttpListenerTest, SaysHowManyLinesWereTakenBeforeAnErrorWasFound) {
  serve();
  std::string packed = gzipped(numbered(0, 100'000));
  packed[packed.size() - 6] ^= 1;
  HttpClient client(port());
  client.send(post(packed, "Content-Encoding: gzip\r\n"));
  const HttpReply reply = client.answer();
  EXPECT_EQ(reply.status, 400);
  const size_t lines = stored().size();
  EXPECT_GT(lines, 50'000u);
  EXPECT_LT(lines, 100'000u);
  EXPECT_NE(reply.body.find("of its lines the first " + std::to_string(lines) + " were stored"), std::string::npos)
      << reply.body;
  expect_balanced();
}

TEST_F(HttpListenerTest, RefusesABombAtTheLimit) {
  HttpSettings settings;
  settings.max_request_bytes = 100'000;
  serve(settings);
  const std::string bomb(8 << 20, '\0');
  EXPECT_EQ(ask(post(gzipped(bomb), "Content-Encoding: gzip\r\n")), 413);
  EXPECT_EQ(ask(post(zstd_compressed(bomb), "Content-Encoding: zstd\r\n")), 413);
  EXPECT_EQ(ask(post_chunked(chunk(std::string(100'001, 'x')))), 413);
  EXPECT_EQ(ask(post(gzipped(std::string(100'000, 'x')), "Content-Encoding: gzip\r\n")), 200);
  EXPECT_EQ(stored().size(), 1u);
}

TEST_F(HttpListenerTest, TellsAClientThatAsksFirstToGoOn) {
  serve();
  HttpClient client(port());
  const std::string request = post("one\n", "Expect: 100-continue\r\n");
  const std::string head = request.substr(0, request.size() - 4);
  for (int i = 0; i < 2; ++i) {
    client.send(head);
    EXPECT_EQ(client.status(), 100);
    client.send("one\n");
    EXPECT_EQ(client.status(), 200);
  }
  client.send(request);  // one that does not wait needs no telling
  EXPECT_EQ(client.status(), 200);
  HttpClient refused(port());
  refused.send("POST /other HTTP/1.1\r\nHost: logs\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(refused.status(), 404);
  EXPECT_EQ(refused.status(), 0);
  EXPECT_EQ(stored().size(), 3u);
}

TEST_F(HttpListenerTest, RefusesWhileMemoryIsCriticalAndGoesOnAfterwards) {
  serve();
  HttpClient client(port());
  context().set_critical(true);
  client.send(post("one\n"));
  const HttpReply reply = client.answer();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.at("Retry-After"), "1");
  EXPECT_EQ(reply.headers.at("Connection"), "keep-alive");
  context().set_critical(false);
  client.send(post("one\n"));
  EXPECT_EQ(client.status(), 200);
  EXPECT_EQ(stored_lines(), (Lines{"one"}));
}

TEST_F(HttpListenerTest, RefusesWhenThereIsNoSlot) {
  use_slots(0);
  serve();
  EXPECT_EQ(ask(post("one\n")), 503);
  EXPECT_EQ(ledger().received, 0u);
}

TEST_F(HttpListenerTest, RefusesWhenTheQueueIsFullAndWhenTooMuchIsUnanswered) {
  use_context({.max_operations = 3});
  HttpSettings settings;
  settings.max_unanswered = 2;
  use_http(settings);
  ASSERT_TRUE(open(config()));
  start();  // no worker: nothing is acked
  HttpClient eager(port()), next(port());
  eager.send(post("one\n") + post("two\n") + post("three\n"));
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 2; }));
  next.send(post("four\n"));
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 3; }));
  EXPECT_EQ(ask(post("five\n")), 503);
  stop_io();
  start_workers();
  run_io();
  EXPECT_EQ(eager.status(), 200);
  EXPECT_EQ(eager.status(), 200);
  const HttpReply reply = eager.answer();
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.headers.at("Retry-After"), "1");
  EXPECT_EQ(next.status(), 200);
  EXPECT_EQ(sorted_lines(), (Lines{"four", "one", "two"}));
  expect_balanced();
}

TEST_F(HttpListenerTest, LinesOfARequestUnderWayWaitForRoom) {
  use_context({.max_operations = 1});
  HttpSettings settings;
  settings.hold = kMinute;
  use_http(settings);
  ASSERT_TRUE(open(config()));
  start();
  HttpClient first(port()), second(port());
  second.send(beginning(post("two\n")));
  ASSERT_TRUE(eventually([&] { return slots_in_use() == 1; }));
  first.send(post("one\n"));
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
  second.send(ending(post("two\n")));
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  start_workers();  // no head is read now
  EXPECT_EQ(second.status(), 200);
  EXPECT_EQ(first.status(), 200);
  EXPECT_EQ(sorted_lines(), (Lines{"one", "two"}));
  expect_balanced();
}

TEST_F(HttpListenerTest, AnswersThatThereIsNoRoomAtTheDeadlineWhenThePolicyIsToDrop) {
  use_context({.max_operations = 1, .base_timeout = std::chrono::milliseconds(1)});
  HttpSettings settings;
  settings.overflow = OverflowPolicy::drop_newest;
  settings.hold = kMinute;
  use_http(settings);
  ASSERT_TRUE(open(config()));
  start();
  HttpClient first(port()), second(port());
  second.send(beginning(post("two\n")));
  ASSERT_TRUE(eventually([&] { return slots_in_use() == 1; }));
  first.send(post("one\n"));
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
  second.send(ending(post("two\n")));
  const HttpReply reply = second.answer();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.at("Retry-After"), "1");
  EXPECT_EQ(dropped(DropReason::queue_full), 1u);
  EXPECT_EQ(close_and_read().size(), 1u);
  expect_balanced();
}

TEST_F(HttpListenerTest, RefusesLinesThatTheDaemonTakesNoMore) {
  serve();
  context().stop_intake();
  HttpClient client(port());
  client.send(post("late\n"));
  EXPECT_EQ(client.status(), 503);
  EXPECT_EQ(dropped(DropReason::shutdown), 1u);
  EXPECT_EQ(stored_lines(), Lines{});
  expect_balanced();
}

TEST_F(HttpListenerTest, AnswersAndClosesWhenAHeadOrABodyDoesNotCome) {
  HttpSettings settings;
  settings.header_timeout = settings.body_timeout = settings.linger = kShort;
  serve(settings);
  EXPECT_EQ(ask("POST /ing"), 408);
  EXPECT_EQ(ask(beginning(post("one\ntwo\n"))), 408);
  HttpClient skipped(port());
  skipped.send("POST /other HTTP/1.1\r\nHost: logs\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(skipped.status(), 404);
  EXPECT_EQ(skipped.status(), 0);
  EXPECT_EQ(stored_lines(), Lines{});
  expect_balanced();
}

TEST_F(HttpListenerTest, ClosesIdleConnections) {
  HttpSettings settings;
  settings.idle_timeout = kShort;
  serve(settings);
  HttpClient silent(port()), used(port());
  used.send(post("one\n"));
  EXPECT_EQ(used.status(), 200);
  EXPECT_EQ(used.status(), 0);
  EXPECT_EQ(silent.status(), 0);
  EXPECT_EQ(listener().stats().idle_closed, 2u);
}

TEST_F(HttpListenerTest, ClosesAClientThatDoesNotTakeItsAnswers) {
  HttpSettings settings;
  settings.body_timeout = 10 * kShort;
  serve(settings);
  HttpClient client(port());
  const int small = 1;
  setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::thread sender([&] {
    std::string requests;
    while (requests.size() < 1 << 16) requests += "GET / HTTP/1.1\r\nHost: logs\r\n\r\n";
    while (::send(client.fd(), requests.data(), requests.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  EXPECT_TRUE(eventually([&] { return ledger().connections_closed == 1; }));
  sender.join();
}

TEST_F(HttpListenerTest, ASlowSenderOwnsNoSlot) {
  HttpSettings settings;
  settings.hold = kMillisecond;
  serve(settings);
  const std::string text = numbered(0, 5000);
  const std::string request = post(text) + post_chunked(chunk(text) + "0\r\n\r\n");
  HttpClient client(port());
  for (const size_t end : {50u, 100u, 500u, 30'000u, 100'000u, 190'000u}) {
    static size_t at;
    if (end == 50) at = 0;
    client.send(request.substr(at, end - at));
    at = end;
    EXPECT_TRUE(eventually([&] { return slots_in_use() == 0; }));
  }
  client.send(request.substr(190'000));
  EXPECT_EQ(client.answer().body, "{\"lines\":5000}\n");
  EXPECT_EQ(client.answer().body, "{\"lines\":5000}\n");
  Lines expected = split(text);
  const Lines once = expected;
  expected.insert(expected.end(), once.begin(), once.end());
  EXPECT_EQ(stored_lines(), expected);
  expect_balanced();
}

TEST_F(HttpListenerTest, RefusesConnectionsOverTheLimit) {
  auto few = config();
  few.max_connections = 1;
  ASSERT_TRUE(open(few));
  start_workers();
  start();
  HttpClient first(port());
  ASSERT_TRUE(eventually([&] { return listener().stats().connections == 1; }));
  HttpClient second(port());
  EXPECT_EQ(second.status(), 0);
  EXPECT_EQ(ledger().connections_refused, 1u);
  first.send(post("one\n"));
  EXPECT_EQ(first.status(), 200);
}

TEST_F(HttpListenerTest, StoppingTheIntakeFinishesWhatIsUnderWayAndRefusesWhatIsNew) {
  HttpSettings settings;
  settings.hold = kMinute;
  serve(settings);
  HttpClient idle(port()), under_way(port());
  under_way.send(beginning(post("one\ntwo\n")));
  ASSERT_TRUE(eventually([&] { return slots_in_use() == 1; }));
  ASSERT_TRUE(eventually([&] { return listener().stats().connections == 2; }));
  std::thread stopping([&] { EXPECT_TRUE(stop_intake()); });
  EXPECT_EQ(idle.status(), 0);
  under_way.send(ending(post("one\ntwo\n")) + post("new\n"));
  EXPECT_EQ(under_way.answer().body, "{\"lines\":2}\n");
  const HttpReply reply = under_way.answer();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.at("Connection"), "close");
  under_way.finish();
  stopping.join();
  EXPECT_EQ(close_and_read().size(), 2u);
  expect_balanced();
}

TEST_F(HttpListenerTest, AcksThatComeAfterTheEndAreForgotten) {
  ASSERT_TRUE(open(config()));
  start();  // no worker: the ack comes when everything is closed
  HttpClient client(port()), reset(port());
  client.send(post("one\n"));
  reset.send(post("two\n"));
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 2; }));
  reset.reset();
  EXPECT_EQ(close_and_read().size(), 2u);
  expect_balanced();
}

TEST_F(HttpListenerTest, SpreadsConnectionsOverTheIoThreads) {
  use_io_threads(3);
  serve();
  std::vector<std::thread> clients;
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([this] {
      HttpClient client(port());
      for (int i = 0; i < 20; ++i) {
        client.send(post(numbered(0, 1000)));
        EXPECT_EQ(client.answer().body, "{\"lines\":1000}\n");
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(stored().size(), 120'000u);
  expect_balanced();
}

}  // namespace
}  // namespace sluice
