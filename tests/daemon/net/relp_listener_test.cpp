#include <sys/ioctl.h>

#include "tests/daemon/net/relp_client.h"

namespace sluice {
namespace {

using Lines = std::vector<std::string>;

std::string ok(uint32_t number) { return std::to_string(number) + " rsp 6 200 OK"; }

constexpr const char* kServerClose = "0 serverclose 0";

// A sync of the spool that stays in its call while it is held, or fails.
class HeldSync {
 public:
  Result<void> operator()() {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --inside_;
    return failing_ ? Result<void>(Unexpected(system_error("msync spool", EIO))) : Result<void>();
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void await_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_ > 0; });
  }
  void fail(bool failing) {
    const std::lock_guard lock(mutex_);
    failing_ = failing;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool failing_ = false;
  int inside_ = 0;
};

// With a spool a line is safe when the spool is synced, without one when the store is.
class RelpListenerTest : public EitherMemory {
 protected:
  static ListenerConfig config() {
    ListenerConfig config;
    config.protocol = Protocol::relp;
    config.format = FormatChoice::raw;
    return config;
  }

  void SetUp() override {
    EitherMemory::SetUp();
    use_sync([sync = sync_] { return (*sync)(); });
    files_ = &use_faulty_files();
  }
  void TearDown() override { release(); }

  void serve(const ListenerConfig& config) {
    listen(config);
    start_workers();
  }

  // No line gets safe until release().
  void hold() { spooled() ? sync_->hold() : files_->hold(Call::sync); }
  void await_held() { spooled() ? sync_->await_held() : files_->await_held(); }
  void release() {
    sync_->release();
    files_->release();
  }
  HeldSync& sync() { return *sync_; }
  FaultyFileSystem& files() { return *files_; }

  // What was posted to the I/O thread before has been done when this returns.
  void let_io_catch_up() { RelpClient(port()).open(); }

 private:
  const std::shared_ptr<HeldSync> sync_ = std::make_shared<HeldSync>();
  FaultyFileSystem* files_ = nullptr;
};

TEST_P(RelpListenerTest, StoresLinesAndAnswersThemInTheirOrder) {
  serve(config());
  RelpClient client(port());
  client.open();
  client.send_all({client.line("one"), client.line("two\nlines"), client.line("three")});
  for (uint32_t number = 2; number <= 4; ++number) EXPECT_EQ(client.answer(), ok(number));
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].frame, "one");
  EXPECT_EQ(lines[1].frame, "two\nlines");
  EXPECT_EQ(lines[2].frame, "three");
  EXPECT_EQ(lines[0].peer, "127.0.0.1");
  expect_balanced();
}

TEST_P(RelpListenerTest, RefusesOffersWithoutSyslogAndSaysSo) {
  serve(config());
  RelpClient client(port());
  client.send_all({client.command("open", "relp_version=0\ncommands=other"), client.line("refused")});
  EXPECT_EQ(client.rest(), "1 rsp 42 500 offer relp_version and commands=syslog\n0 serverclose 0\n");
  EXPECT_EQ(stored_lines(), Lines{});
  EXPECT_EQ(ledger().received, 0u);
  EXPECT_TRUE(reported("the connection from 127.0.0.1 was closed: the sender's open command"));
  expect_balanced();
}

TEST_P(RelpListenerTest, AnswersAWindowOfOne) {
  serve(config());
  RelpClient client(port());
  client.open();
  Lines sent;
  for (uint32_t i = 0; i < 50; ++i) {
    sent.push_back("line " + std::to_string(i));
    client.send(client.line(sent.back()));
    ASSERT_EQ(client.answer(), ok(i + 2));
  }
  EXPECT_EQ(stored_lines(), sent);
  expect_balanced();
}

TEST_P(RelpListenerTest, AnswersAWindowOfAThousandInOneRead) {
  serve(config());
  RelpClient client(port());
  client.open();
  Lines sent;
  for (uint32_t round = 0; round < 5; ++round) {
    std::string bytes;
    const uint32_t first = client.number() + 1;
    for (uint32_t i = 0; i < 1000; ++i) {
      sent.push_back("line " + std::to_string(first + i));
      bytes += client.line(sent.back());
    }
    client.send(bytes);
    ASSERT_EQ(client.answers_from(first, 1000), 1000u);
  }
  EXPECT_EQ(stored_lines(), sent);
  expect_balanced();
}

TEST_P(RelpListenerTest, AnswersTheSameWhereverTheStreamIsSplit) {
  serve(config());
  std::string stream;
  std::string expected;
  Lines lines;
  {
    RelpClient client(port());
    for (const std::string& command : {client.command("open", RelpClient::kOffers), client.line("hello"),
                                       client.line("a\nb"), client.command("other", "?"), client.command("close")}) {
      stream += command;
    }
  }
  for (size_t at = 1; at < stream.size(); ++at) {
    RelpClient client(port());
    client.send(stream.substr(0, at));
    // Acknowledged before the rest is sent, so that they are two segments.
    ASSERT_TRUE(eventually([&] {
      int unsent = 1;
      ioctl(client.fd(), TIOCOUTQ, &unsent);
      return unsent == 0;
    }));
    client.send(stream.substr(at));
    const std::string answers = client.rest();
    if (expected.empty()) expected = answers;
    ASSERT_EQ(answers, expected) << "split at " << at;
    lines.insert(lines.end(), {"a\nb", "hello"});
  }
  EXPECT_TRUE(expected.ends_with("2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 19 500 unknown command\n5 rsp 6 200 OK\n" +
                                 std::string(kServerClose) + "\n"))
      << expected;
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(sorted_lines(), lines);
  expect_balanced();
}

TEST_P(RelpListenerTest, AnAnswerNeverComesBeforeTheLineIsSafe) {
  serve(config());
  hold();
  RelpClient client(port());
  client.open();
  client.send_all({client.line("one"), client.line("two")});
  await_held();
  let_io_catch_up();
  EXPECT_FALSE(client.has_answer());
  client.send(client.line("three"));
  ASSERT_TRUE(eventually([&] { return ledger().received == 3; }));
  let_io_catch_up();
  EXPECT_FALSE(client.has_answer());
  release();
  EXPECT_EQ(client.answers_from(2, 3), 3u);
  EXPECT_EQ(stored_lines(), (Lines{"one", "two", "three"}));
}

TEST_P(RelpListenerTest, ReceivedLinesAreAnsweredWithoutASyncWhereTheConfigSaysSo) {
  auto early = config();
  early.ack = AckLevel::received;
  serve(early);
  hold();
  RelpClient client(port());
  client.open();
  client.send_all({client.line("one"), client.line("two")});
  EXPECT_EQ(client.answers_from(2, 2), 2u);
  release();
  EXPECT_EQ(stored_lines(), (Lines{"one", "two"}));
  expect_balanced();
}

TEST_P(RelpListenerTest, SaysThatItClosesAndAnswersNothingWhenLinesCouldNotBeMadeSafe) {
  serve(config());
  RelpClient client(port());
  client.open();
  client.send(client.line("safe"));
  EXPECT_EQ(client.answer(), ok(2));
  if (spooled()) {
    sync().fail(true);
    client.send_all({client.line("not safe"), client.line("nor this")});
    EXPECT_EQ(client.rest(), std::string(kServerClose) + "\n");
    EXPECT_TRUE(reported("senders are not answered, because the spool can't be synced"));
    // Its lines are in the store's hands all the same; the sender sends them again.
    EXPECT_EQ(stored_lines(), (Lines{"safe", "not safe", "nor this"}));
  } else {
    files().fail_next(Call::sync, EIO);
    client.send(client.line("safe later"));  // the store writes what it synced in vain again
    EXPECT_EQ(client.answer(), ok(3));
    EXPECT_EQ(stored_lines(), (Lines{"safe", "safe later"}));
  }
  expect_balanced();
}

TEST_P(RelpListenerTest, AnswersCloseAndWhatCameBeforeAndTakesNothingBehindIt) {
  serve(config());
  hold();
  RelpClient client(port());
  client.open();
  client.send_all({client.line("before"), client.command("close"), client.line("behind"), client.line("behind too")});
  await_held();
  EXPECT_FALSE(client.has_answer());
  release();
  EXPECT_EQ(client.rest(), ok(2) + "\n" + ok(3) + "\n" + kServerClose + "\n");
  EXPECT_EQ(stored_lines(), (Lines{"before"}));
  EXPECT_EQ(ledger().received, 1u);
  EXPECT_EQ(ledger().received_bytes, 6u);
  expect_balanced();
}

TEST_P(RelpListenerTest, ASenderThatSendsNoMoreStillGetsItsAnswers) {
  serve(config());
  hold();
  RelpClient client(port());
  client.open();
  client.send_all({client.line("one"), client.line("two"), "4 syslog 10 cut"});
  ::shutdown(client.fd(), SHUT_WR);
  await_held();
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  release();
  EXPECT_EQ(client.rest(), ok(2) + "\n" + ok(3) + "\n" + kServerClose + "\n");
  EXPECT_EQ(stored_lines(), (Lines{"one", "two"}));  // what was not whole its sender has still
  EXPECT_EQ(ledger().discarded_bytes, 3u);
  expect_balanced();
}

TEST_P(RelpListenerTest, StoppingTheIntakeAnswersWhatWasReceivedAndSaysThatItCloses) {
  serve(config());
  RelpClient idle(port()), client(port());
  idle.open();
  client.open();
  hold();
  client.send_all({client.line("one"), client.line("two")});
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  std::thread stopping([&] { EXPECT_TRUE(stop_intake()); });
  EXPECT_EQ(idle.rest(), std::string(kServerClose) + "\n");
  EXPECT_FALSE(client.has_answer());
  release();
  EXPECT_EQ(client.rest(), ok(2) + "\n" + ok(3) + "\n" + kServerClose + "\n");
  stopping.join();
  EXPECT_EQ(close_and_read().size(), 2u);
  expect_balanced();
}

TEST_P(RelpListenerTest, ASenderThatReadsNoAnswersIsNotReadEither) {
  serve(config());
  RelpClient client(port());
  client.open();
  std::atomic<uint32_t> sent{1};
  std::atomic<bool> enough{false};
  std::thread sender([&] {
    while (!enough) {
      std::string bytes;
      for (int i = 0; i < 1000; ++i) bytes += client.line("again");
      client.send(bytes);
      sent = client.number();
    }
    ::shutdown(client.fd(), SHUT_WR);
  });
  // Nothing is received any more, and the sender cannot send.
  uint64_t before = 0;
  EXPECT_TRUE(eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    pollfd room{client.fd(), POLLOUT, 0};
    const bool stands = before > 0 && ledger().received == before && ::poll(&room, 1, 0) == 0;
    before = ledger().received;
    return stands;
  }));
  enough = true;
  // All it was told of, and what it had sent meanwhile.
  const uint32_t answered = client.answers_from(2, ~0u - 2);
  sender.join();
  EXPECT_EQ(answered, client.number() - 1);
  EXPECT_EQ(stored().size(), answered);
  expect_balanced();
}

TEST_P(RelpListenerTest, AnswersThatFindNoRoomAreSentWhenThereIsSomeThoughTheSenderIsSilent) {
  constexpr uint32_t kLines = 60'000;  // fewer than may be unanswered, so that the listener goes on reading
  serve(config());
  hold();
  RelpClient client(port(), Narrow::yes);
  client.open();
  std::string bytes;
  for (uint32_t i = 0; i < kLines; ++i) bytes += client.line("x");
  client.send(bytes);
  ASSERT_TRUE(eventually([&] { return ledger().received == kLines; }));
  release();
  EXPECT_EQ(client.answers_from(2, kLines), kLines);
  client.send(client.line("one more"));
  EXPECT_EQ(client.answer(), ok(kLines + 2));
  EXPECT_EQ(stored().size(), kLines + 1);
}

TEST_P(RelpListenerTest, ClosesASenderThatTakesNoAnswersWhenItsTimeIsOver) {
  auto impatient = config();
  impatient.idle_timeout = std::chrono::milliseconds(40);
  serve(impatient);
  RelpClient client(port(), Narrow::yes);
  client.send(client.command("open", RelpClient::kOffers));
  std::thread sender([&] {
    std::string bytes;
    for (int i = 0; i < 1000; ++i) bytes += client.line("x");
    // The numbers need not be right for long: it ends when the other side has gone.
    while (::send(client.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
      bytes.clear();
      for (int i = 0; i < 1000; ++i) bytes += client.line("x");
    }
  });
  EXPECT_TRUE(eventually([&] { return ledger().connections_closed == 1; }));
  sender.join();
  EXPECT_EQ(stored().size(), ledger().received);
  expect_balanced();
}

TEST_P(RelpListenerTest, ClosesWhatIsNoRelpAndNamesPeerAndBytes) {
  serve(config());
  RelpClient client(port());
  client.open();
  client.send_all({client.line("kept"), "nonsense\n"});
  client.await_close();
  EXPECT_EQ(stored_lines(), (Lines{"kept"}));
  EXPECT_EQ(ledger().framing_errors, 1u);
  EXPECT_TRUE(reported("the connection from 127.0.0.1 was closed"));
  EXPECT_TRUE(reported("\"nonsense"));
  expect_balanced();
}

TEST_P(RelpListenerTest, AnswersWhatCameBeforeANumberOutOfOrderAndCountsNothingBehindIt) {
  serve(config());
  RelpClient client(port());
  client.open();
  client.send_all({client.line("one"), "7 syslog 3 bad\n8 syslog 4 too \n"});
  EXPECT_EQ(client.rest(), ok(2) + "\n" + kServerClose + "\n");
  EXPECT_EQ(stored_lines(), (Lines{"one"}));
  EXPECT_EQ(ledger().received, 1u);
  EXPECT_TRUE(
      reported("the connection from 127.0.0.1 was closed: a transaction number is not the one before plus one"));
  expect_balanced();
}

TEST_P(RelpListenerTest, TakesNoLineBeforeOpen) {
  serve(config());
  RelpClient client(port());
  client.send_all({client.line("early"), client.command("open", RelpClient::kOffers)});
  EXPECT_EQ(client.rest(), std::string(kServerClose) + "\n");
  EXPECT_EQ(stored_lines(), Lines{});
  EXPECT_EQ(ledger().received, 0u);
  EXPECT_TRUE(reported("the connection from 127.0.0.1 was closed: a line came before the open command"));
  expect_balanced();
}

TEST_P(RelpListenerTest, CutsALineOverTheLimitAndAnswersItWhenAllOfItHasGoneBy) {
  auto limited = config();
  limited.max_frame_bytes = 10;
  serve(limited);
  RelpClient client(port());
  client.open();
  const std::string large = client.line("0123456789abc"), next = client.line("next");
  client.send(large.substr(0, large.size() - 2));
  ASSERT_TRUE(eventually([&] { return ledger().stored == 1; }));
  let_io_catch_up();
  EXPECT_FALSE(client.has_answer());
  client.send(large.substr(large.size() - 2) + next);
  EXPECT_EQ(client.answers_from(2, 2), 2u);
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].frame, "0123456789");
  EXPECT_TRUE(lines[0].flags & kTruncatedFlag);
  EXPECT_EQ(lines[1].frame, "next");
  EXPECT_EQ(ledger().truncated, 1u);
  EXPECT_EQ(ledger().discarded_bytes, 3u);
  expect_balanced();
}

TEST_P(RelpListenerTest, KeepsWhatCameBeforeAReset) {
  serve(config());
  hold();
  RelpClient client(port());
  client.open();
  client.send_all({client.line("one"), client.line("two"), "4 syslog 10 cut"});
  await_held();
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  client.reset();
  ASSERT_TRUE(eventually([&] { return listener().stats().resets == 1; }));
  release();
  EXPECT_EQ(stored_lines(), (Lines{"one", "two"}));
  expect_balanced();
}

TEST_P(RelpListenerTest, LinesThatAreSentAgainOnANewConnectionAreStoredOnceAndAnswered) {
  use_dedupe();
  serve(config());
  hold();
  RelpClient first(port());
  first.open();
  first.send_all({first.line("one"), first.line("two")});
  await_held();
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  first.reset();  // unanswered
  RelpClient second(port());
  second.open();
  second.send_all({second.line("one"), second.line("two"), second.line("three")});
  ASSERT_TRUE(eventually([&] { return ledger().received == 5; }));
  let_io_catch_up();
  EXPECT_FALSE(second.has_answer());  // the first copies are not safe yet
  release();
  EXPECT_EQ(second.answers_from(2, 3), 3u);
  EXPECT_EQ(stored_lines(), (Lines{"one", "two", "three"}));
  EXPECT_EQ(ledger().collapsed, 2u);
  expect_balanced();
}

TEST_P(RelpListenerTest, LinesThatFoundNoRoomUntilTheEndAreNotAnswered) {
  use_context({.max_operations = 1});
  listen(config());
  RelpClient first(port()), second(port());
  first.open();
  second.open();
  first.send(first.line("admitted"));
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
  second.send(second.line("waiting"));
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  EXPECT_EQ(close_and_read().size(), 1u);
  EXPECT_EQ(second.rest(), "");
  EXPECT_EQ(spooled() ? left_in_spool() : dropped(DropReason::shutdown), 1u);
  expect_balanced();
  if (!spooled()) return;
  ASSERT_TRUE(restart(config()));
  start();
  EXPECT_EQ(stored_lines(), (Lines{"admitted", "waiting"}));
}

TEST_P(RelpListenerTest, ServesManySendersInSeveralThreads) {
  use_io_threads(2);
  serve(config());
  std::vector<std::thread> senders;
  for (int s = 0; s < 8; ++s) {
    senders.emplace_back([this, s] {
      RelpClient client(port());
      client.open();
      for (int round = 0; round < 10; ++round) {
        std::string bytes;
        const uint32_t first = client.number() + 1;
        for (int i = 0; i < 100; ++i) bytes += client.line(std::to_string(s) + "/" + std::to_string(first + i));
        client.send(bytes);
        EXPECT_EQ(client.answers_from(first, 100), 100u);
      }
      client.send(client.command("close"));
      EXPECT_EQ(client.rest(), ok(client.number()) + "\n" + kServerClose + "\n");
    });
  }
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(stored().size(), 8000u);
  expect_balanced();
}

SLUICE_IN_EITHER_MEMORY(RelpListenerTest);

}  // namespace
}  // namespace sluice
