#include <sys/ioctl.h>
#include <sys/resource.h>

#include "tests/daemon/net/listener_fixture.h"

namespace sluice {
namespace {

using Lines = std::vector<std::string>;

class TcpListenerTest : public EitherMemory {
 protected:
  static ListenerConfig config() {
    ListenerConfig config;
    config.protocol = Protocol::tcp;
    config.format = FormatChoice::raw;
    return config;
  }
};

TEST_P(TcpListenerTest, StoresTheLinesOfAConnectionInOrderWithThePeersAddress) {
  listen(config());
  start_workers();
  TcpClient client(port());
  client.send("one\ntwo\nthree\n");
  client.finish();
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].frame, "one");
  EXPECT_EQ(lines[1].frame, "two");
  EXPECT_EQ(lines[2].frame, "three");
  EXPECT_EQ(lines[0].peer, "127.0.0.1");
  EXPECT_EQ(ledger().received, 3u);
  EXPECT_EQ(ledger().received_bytes, 11u);
  expect_balanced();
}

TEST_P(TcpListenerTest, TakesConnectionsOverIpv6) {
  auto v6 = config();
  v6.host = "::1";
  listen(v6);
  start_workers();
  TcpClient client(port(), true);
  client.send("over v6\n");
  client.finish();
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].peer, "::1");
}

TEST_P(TcpListenerTest, TakesIpv4OnTheIpv6AnyAddressAndNamesItAsIpv4) {
  auto any = config();
  any.host = "::";
  listen(any);
  start_workers();
  TcpClient client(port());
  client.send("mapped\n");
  client.finish();
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].peer, "127.0.0.1");
}

TEST_P(TcpListenerTest, TellsOctetCountingFromNewlinesByTheFirstBytesOfEachConnection) {
  listen(config());
  start_workers();
  TcpClient counted(port());
  counted.send("8 <13>a\nbc5 <13>d");
  counted.finish();
  TcpClient lines(port());
  lines.send("9 lives\n<13>e\n");
  lines.finish();
  EXPECT_EQ(sorted_lines(), (Lines{"9 lives", "<13>a\nbc", "<13>d", "<13>e"}));
}

TEST_P(TcpListenerTest, CutsTheSameFramesWhereverTheStreamIsSplit) {
  listen(config());
  start_workers();
  const std::string stream = "8 <13>a\nbc5 <13>d\n12 <14>12345678";
  Lines expected;
  for (size_t at = 1; at < stream.size(); ++at) {
    TcpClient client(port());
    client.send(stream.substr(0, at));
    // Acknowledged before the rest is sent, so that they are two segments.
    ASSERT_TRUE(eventually([&] {
      int unsent = 1;
      ioctl(client.fd(), TIOCOUTQ, &unsent);
      return unsent == 0;
    }));
    client.send(stream.substr(at));
    client.finish();
    expected.insert(expected.end(), {"<13>a\nbc", "<13>d", "<14>12345678"});
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(sorted_lines(), expected);
}

TEST_P(TcpListenerTest, CutsTheSameLinesOneByteAtATime) {
  listen(config());
  start_workers();
  TcpClient client(port());
  for (const char byte : std::string("ab\ncde\n\nf\n")) client.send({&byte, 1});
  client.finish();
  EXPECT_EQ(stored_lines(), (Lines{"ab", "cde", "f"}));
}

TEST_P(TcpListenerTest, MakesAnUnfinishedLastLineALine) {
  listen(config());
  start_workers();
  TcpClient client(port());
  client.send("whole\nunfinished");
  client.finish();
  EXPECT_EQ(stored_lines(), (Lines{"whole", "unfinished"}));
  expect_balanced();
}

TEST_P(TcpListenerTest, FlagsACountedFrameThatWasCutShort) {
  listen(config());
  start_workers();
  TcpClient client(port());
  client.send("9 <13>a");
  client.finish();
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].frame, "<13>a");
  EXPECT_TRUE(lines[0].flags & kCutShortFlag);
}

TEST_P(TcpListenerTest, EndsGelfMessagesWithNulUnlessTheConfigSaysOtherwise) {
  auto gelf = config();
  gelf.format = FormatChoice::gelf;
  listen(gelf);
  start_workers();
  TcpClient client(port());
  const std::string first = R"({"version":"1.1","host":"a","short_message":"x",)"
                            "\n"
                            R"("level":3})";
  const std::string second = R"({"version":"1.1","host":"a","short_message":"y"})";
  client.send(first + '\0' + second + '\0');
  client.finish();
  EXPECT_EQ(stored_lines(), (Lines{first, second}));
}

TEST_P(TcpListenerTest, KeepsWhatCameBeforeAnAbsurdCountAndClosesTheConnection) {
  listen(config());
  start_workers();
  TcpClient client(port());
  client.send("5 <13>a99999999999 <13>lost");
  client.await_close();
  EXPECT_EQ(stored_lines(), (Lines{"<13>a"}));
  EXPECT_EQ(ledger().framing_errors, 1u);
  EXPECT_EQ(ledger().discarded_bytes, 20u);
  EXPECT_TRUE(reported("127.0.0.1"));
  EXPECT_TRUE(reported("\"99999999999 <13>"));
  expect_balanced();
}

TEST_P(TcpListenerTest, CutsALineOverTheLimitAndStaysInStep) {
  auto limited = config();
  limited.max_frame_bytes = 10;
  listen(limited);
  start_workers();
  TcpClient client(port());
  client.send("0123456789\n0123456789abc\nnext\n");
  client.finish();
  EXPECT_EQ(stored_lines(), (Lines{"0123456789", "0123456789", "next"}));
  EXPECT_EQ(ledger().truncated, 1u);
  EXPECT_EQ(ledger().discarded_bytes, 3u);
}

TEST_P(TcpListenerTest, TakesTheLongestLineThatALargeSlotHolds) {
  auto large = config();
  large.max_frame_bytes = uint64_t{1} << 40;  // more than any slot: cut to what one holds
  listen(large);
  start_workers();
  TcpClient client(port());
  client.send(std::string(1'000'000, 'x') + "\n" + std::string(3 << 20, 'y') + "\nend\n");
  client.finish();
  const Lines lines = stored_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], std::string(1'000'000, 'x'));
  EXPECT_EQ(lines[1], std::string(kSlotRoom.back() - 4096, 'y'));
  EXPECT_EQ(lines[2], "end");
  EXPECT_EQ(ledger().truncated, 1u);
}

TEST_P(TcpListenerTest, KeepsEveryLineOfABusyConnectionInOrderAcrossSlots) {
  listen(config());
  start_workers();
  TcpClient client(port());
  Lines sent;
  std::string stream;
  for (int i = 0; i < 40'000; ++i) {
    sent.push_back("line " + std::to_string(i) + std::string(static_cast<size_t>(i % 300), '.'));
    stream += sent.back() + "\n";
  }
  client.send(stream);
  client.finish();
  EXPECT_EQ(stored_lines(), sent);
  expect_balanced();
}

TEST_P(TcpListenerTest, ServesManyConnectionsInSeveralThreads) {
  use_io_threads(2);
  listen(config());
  start_workers();
  std::vector<TcpClient> clients;
  Lines sent;
  for (int i = 0; i < 200; ++i) clients.emplace_back(port());
  for (int round = 0; round < 5; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) {
      sent.push_back("client " + std::to_string(i) + " round " + std::to_string(round));
      clients[i].send(sent.back() + "\n");
    }
  }
  for (TcpClient& client : clients) client.finish();
  std::sort(sent.begin(), sent.end());
  EXPECT_EQ(sorted_lines(), sent);
  EXPECT_EQ(ledger().connections_opened, 200u);
  expect_balanced();
}

TEST_P(TcpListenerTest, HoldsNoSlotForAConnectionBetweenReadsUnlessALineIsUnfinished) {
  listen(config());
  start_workers();
  std::vector<TcpClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(port());
    clients.back().send(i < 90 ? "first\n" : std::string(5000, 'x') + "\npart of a line");
  }
  ASSERT_TRUE(eventually([&] { return ledger().received == 100; }));
  // The ten unfinished lines have moved to the smallest slots, once their connections fell silent.
  EXPECT_TRUE(eventually([&] {
    const auto& levels = pool().stats().levels;
    return levels[0].in_use == 10 && levels[1].in_use + levels[2].in_use == 0 && context().stats().operations == 0;
  }));
  EXPECT_EQ(listener().stats().connections, 100u);
}

TEST_P(TcpListenerTest, RefusesConnectionsOverTheLimitAndTakesThemAgainLater) {
  auto limited = config();
  limited.max_connections = 2;
  listen(limited);
  start_workers();
  TcpClient first(port()), second(port());
  first.send("a\n");
  second.send("b\n");
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  TcpClient third(port());
  third.await_close();
  EXPECT_EQ(ledger().connections_refused, 1u);
  EXPECT_TRUE(reported("max_connections is 2"));
  first.finish();
  TcpClient fourth(port());
  fourth.send("c\n");
  fourth.finish();
  second.finish();
  EXPECT_EQ(sorted_lines(), (Lines{"a", "b", "c"}));
  expect_balanced();
}

TEST_P(TcpListenerTest, ClosesAnIdleConnectionAndKeepsItsUnfinishedLine) {
  auto impatient = config();
  impatient.idle_timeout = std::chrono::milliseconds(40);
  listen(impatient);
  start_workers();
  TcpClient client(port());
  client.send("whole\npart");
  client.await_close();
  EXPECT_EQ(stored_lines(), (Lines{"whole", "part"}));
  EXPECT_EQ(listener().stats().idle_closed, 1u);
  expect_balanced();
}

TEST_P(TcpListenerTest, KeepsWhatCameBeforeAReset) {
  listen(config());
  start_workers();
  TcpClient client(port());
  client.send("whole\npart");
  ASSERT_TRUE(eventually([&] { return ledger().received == 1; }));
  client.reset();
  ASSERT_TRUE(eventually([&] { return ledger().connections_closed == 1; }));
  EXPECT_EQ(stored_lines(), (Lines{"whole", "part"}));
  EXPECT_EQ(listener().stats().resets, 1u);
}

TEST_P(TcpListenerTest, BlockWaitsForRoomAndLosesNothing) {
  use_context({.max_operations = 1, .base_timeout = std::chrono::milliseconds(1), .load_multiplier = 0});
  listen(config());
  Lines sent;
  std::vector<TcpClient> clients;
  for (int i = 0; i < 20; ++i) {
    sent.push_back("waits " + std::to_string(10 + i));
    clients.emplace_back(port());
    clients.back().send(sent.back() + "\n");
  }
  ASSERT_TRUE(eventually([&] { return ledger().received == 20; }));
  ASSERT_TRUE(eventually([&] { return listener().stats().deadlines_passed >= 19; }));
  EXPECT_EQ(ledger().stored, 0u);
  start_workers();
  for (TcpClient& client : clients) client.finish();
  EXPECT_EQ(sorted_lines(), sent);
  EXPECT_EQ(ledger().dropped_total(), 0u);
  expect_balanced();
}

TEST_P(TcpListenerTest, DropNewestGivesUpAtTheDeadlineAndCounts) {
  use_context({.max_operations = 1, .base_timeout = std::chrono::milliseconds(1), .load_multiplier = 0});
  auto dropping = config();
  dropping.overflow = OverflowPolicy::drop_newest;
  listen(dropping);
  TcpClient first(port());
  first.send("admitted\n");
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
  TcpClient second(port());
  second.send("dropped\n");
  second.finish();  // the connection goes on to its end
  EXPECT_EQ(dropped(DropReason::queue_full), 1u);
  start_workers();
  first.finish();
  EXPECT_EQ(stored_lines(), (Lines{"admitted"}));
  expect_balanced();
}

TEST_P(TcpListenerTest, WaitsWhileThePoolHasNoSlotAndLosesNothing) {
  use_slots(spooled() ? 1 << 20 : 4 << 10);  // as few as there can be
  listen(config());
  start_workers();
  std::vector<Slot> held = take_all_slots();
  TcpClient client(port());
  client.send("late but here\nunfinished");
  ASSERT_TRUE(eventually([&] { return listener().stats().waits > 0; }));
  EXPECT_EQ(ledger().received, 0u);
  held.clear();
  client.finish();
  EXPECT_EQ(stored_lines(), (Lines{"late but here", "unfinished"}));
}

TEST_P(TcpListenerTest, ReadsNothingWhileMemoryIsCritical) {
  listen(config());
  start_workers();
  context().set_critical(true);
  TcpClient client(port());
  client.send("after the storm\n");
  ASSERT_TRUE(eventually([&] { return listener().stats().waits > 0; }));
  EXPECT_EQ(ledger().received, 0u);
  context().set_critical(false);
  client.finish();
  EXPECT_EQ(stored_lines(), (Lines{"after the storm"}));
}

TEST_P(TcpListenerTest, DoesNotTakeAWaitingConnectionForAnIdleOne) {
  auto impatient = config();
  impatient.idle_timeout = std::chrono::milliseconds(20);
  listen(impatient);
  start_workers();
  context().set_critical(true);
  TcpClient client(port());
  client.send("kept\n");
  // The second connection's timeout shows that the first one's has passed.
  ASSERT_TRUE(eventually([&] { return listener().stats().waits > 0; }));
  TcpClient idle(port());
  idle.await_close();
  EXPECT_TRUE(eventually([&] { return listener().stats().connections == 1; }));
  context().set_critical(false);
  client.await_close();
  EXPECT_EQ(stored_lines(), (Lines{"kept"}));
}

TEST_P(TcpListenerTest, StoppingTheIntakeReadsWhatTheKernelHas) {
  ASSERT_TRUE(open(config()));
  start_workers();
  // Connected and sent before anything is accepted.
  TcpClient finished(port()), open_still(port());
  finished.send("one\ntwo\n");
  finished.close();
  open_still.send("three\nunfinished");
  start();
  EXPECT_EQ(sorted_lines(), (Lines{"one", "three", "two", "unfinished"}));
  open_still.await_close();
  expect_balanced();
}

TEST_P(TcpListenerTest, StoppingTheIntakeEndsAlthoughASenderGoesOn) {
  listen(config());
  start_workers();
  TcpClient client(port());
  std::thread sender([&] {
    std::string block;
    while (block.size() < 1 << 16) block += "again and again\n";
    for (int i = 0; i < 1'000'000; ++i) {
      if (::send(client.fd(), block.data(), block.size(), MSG_NOSIGNAL) < 0) break;
    }
  });
  ASSERT_TRUE(eventually([&] { return ledger().received > 1000; }));
  const auto lines = stored();
  sender.join();
  EXPECT_EQ(lines.size(), ledger().received);
  expect_balanced();
}

TEST_P(TcpListenerTest, CountsWhatItStillHoldsWhenItIsClosedBeforeTheEnd) {
  use_context({.max_operations = 1});
  listen(config());
  TcpClient first(port());
  first.send("admitted\n");
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
  TcpClient second(port()), third(port());
  second.send("waiting\nunfinished");
  third.send("only the beginning");
  ASSERT_TRUE(eventually([&] { return ledger().received == 2 && listener().stats().connections == 3; }));
  const auto lines = close_and_read();
  EXPECT_EQ(lines.size(), 1u);
  EXPECT_GE(spooled() ? left_in_spool() : dropped(DropReason::shutdown), 2u);
  expect_balanced();
  if (!spooled()) return;
  // What the first process left is stored by the next one, once.
  const uint64_t left = left_in_spool();
  ASSERT_TRUE(restart(config()));
  start();
  EXPECT_EQ(sorted_lines(), (Lines{"admitted", "only the beginning", "unfinished", "waiting"}));
  EXPECT_EQ(ledger().replayed, left);
  expect_balanced();
}

TEST_P(TcpListenerTest, SaysWhichAddressIsInUse) {
  listen(config());
  auto same = config();
  same.name = "second";
  same.port = port();
  const auto again = make(same);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message,
            "listener second: cannot listen on 127.0.0.1:" + std::to_string(port()) + " (tcp): Address already in use");
  EXPECT_EQ(again.error().sys, EADDRINUSE);
}

TEST_P(TcpListenerTest, SaysWhichHostIsUnknown) {
  auto nowhere = config();
  nowhere.host = "300.0.0.1";
  const auto opened = open(nowhere);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("cannot listen on 300.0.0.1:"), std::string::npos) << opened.error().message;
}

TEST_P(TcpListenerTest, AcceptsAgainWhenThereAreDescriptorsAgain) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself needs descriptors, to look at an object";
#endif
  listen(config());
  start_workers();
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;  // descriptors that are open stay so
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  socklen_t length = 0;
  const sockaddr_storage address = loopback(port(), false, length);
  const int connected = ::connect(client, reinterpret_cast<const sockaddr*>(&address), length);
  const bool refused = eventually([&] { return listener().stats().accept_errors > 0; });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_EQ(connected, 0);
  EXPECT_TRUE(refused);
  EXPECT_TRUE(eventually([&] { return reported("accept: Too many open files"); }));
  ASSERT_EQ(::send(client, "patient\n", 8, MSG_NOSIGNAL), 8);
  ::close(client);
  ASSERT_TRUE(eventually([&] { return ledger().received == 1; }));
  EXPECT_EQ(stored_lines(), (Lines{"patient"}));
}

SLUICE_IN_EITHER_MEMORY(TcpListenerTest);

}  // namespace
}  // namespace sluice
