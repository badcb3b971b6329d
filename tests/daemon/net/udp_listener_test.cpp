#include <zlib.h>

#include "tests/daemon/net/listener_fixture.h"

namespace sluice {
namespace {

using Lines = std::vector<std::string>;

class UdpListenerTest : public EitherMemory {
 protected:
  static ListenerConfig config(FormatChoice format = FormatChoice::raw) {
    ListenerConfig config;
    config.protocol = Protocol::udp;
    config.overflow = OverflowPolicy::drop_newest;
    config.format = format;
    return config;
  }

  static std::string chunk(std::string_view id, unsigned number, unsigned count, std::string_view part) {
    std::string datagram = "\x1e\x0f";
    datagram += id;
    datagram += static_cast<char>(number);
    datagram += static_cast<char>(count);
    return datagram.append(part);
  }

  static std::string zlib_of(std::string_view text) {
    uLongf size = compressBound(text.size());
    std::string body(size, '\0');
    compress2(reinterpret_cast<Bytef*>(body.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size(),
              Z_DEFAULT_COMPRESSION);
    body.resize(size);
    return body;
  }

  static std::string document(std::string_view text) {
    return R"({"version":"1.1","host":"a","short_message":")" + std::string(text) + "\"}";
  }
};

TEST_P(UdpListenerTest, StoresEveryDatagramAsItCameWithThePeersAddress) {
  listen(config());
  start_workers();
  UdpClient client(port());
  for (const char* text : {"one", "two\nlines", "three "}) client.send(text);
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].frame, "one");
  EXPECT_EQ(lines[1].frame, "two\nlines");
  EXPECT_EQ(lines[2].frame, "three ");
  EXPECT_EQ(lines[0].peer, "127.0.0.1");
  EXPECT_EQ(ledger().received_bytes, 18u);
  expect_balanced();
}

TEST_P(UdpListenerTest, TakesIpv6AndIpv4OnTheAnyAddress) {
  auto any = config();
  any.host = "::";
  listen(any);
  start_workers();
  UdpClient v6(port(), true), v4(port());
  v6.send("six");
  v4.send("four");
  v6.send("six again");
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].peer, "::1");
  EXPECT_EQ(lines[1].peer, "127.0.0.1");
  EXPECT_EQ(lines[2].peer, "::1");
}

TEST_P(UdpListenerTest, KeepsDatagramsOfEveryLengthWhole) {
  listen(config());
  start_workers();
  UdpClient client(port());
  Lines sent;
  uint64_t count = 0;
  // Around every stride, up and down, so that the layout of slots changes on the way; the last is UDP's longest.
  for (const size_t length : {1, 511, 512, 513, 2047, 2048, 2049, 9215, 9216, 9217, 65'000, 3, 65'507, 65'507}) {
    for (int i = 0; i < 4; ++i) {
      sent.emplace_back(length, static_cast<char>('a' + count % 26));
      client.send(sent.back());
      ++count;
      // Some by some, so that they come in rounds of different sizes.
      if (i % 2 == 1) {
        ASSERT_TRUE(eventually([&] { return ledger().received == count; }));
      }
    }
  }
  std::sort(sent.begin(), sent.end());
  EXPECT_EQ(sorted_lines(), sent);
  expect_balanced();
}

TEST_P(UdpListenerTest, KeepsABurstOfMixedLengthsWhole) {
  ASSERT_TRUE(open(config()));
  start_workers();
  UdpClient client(port());
  Lines sent;
  for (size_t i = 0; i < 1000; ++i) {
    const size_t length = i % 97 == 0 ? 40'000 + i : 100 + i % 700;
    sent.push_back(std::to_string(i) + std::string(length, 'x'));
    client.send(sent.back());
  }
  start();  // all of it waits in the kernel
  std::sort(sent.begin(), sent.end());
  const Lines lines = sorted_lines();
  EXPECT_EQ(lines.size(), sent.size()) << "dropped: " << ledger().dropped_total() << ", by the kernel "
                                       << ledger().dropped[static_cast<size_t>(DropReason::kernel)];
  for (size_t i = 0; i < std::min(lines.size(), sent.size()); ++i) {
    ASSERT_EQ(lines[i].substr(0, 8), sent[i].substr(0, 8));
    ASSERT_EQ(lines[i].size(), sent[i].size()) << sent[i].substr(0, 8);
  }
}

TEST_P(UdpListenerTest, ATrickleTakesSmallSlotsOnly) {
  listen(config());
  UdpClient client(port());
  // No worker: each datagram's slot stays in use.
  for (uint64_t i = 1; i <= 60; ++i) {
    client.send("datagram " + std::to_string(i));
    ASSERT_TRUE(eventually([&] { return ledger().received == i; }));
  }
  EXPECT_EQ(slots_in_use(SlotSize::small), 60u);
  EXPECT_EQ(slots_in_use(), 60u);
  start_workers();
  EXPECT_EQ(stored().size(), 60u);
}

TEST_P(UdpListenerTest, ABurstTakesLargerAndLargerSlots) {
  ASSERT_TRUE(open(config()));
  UdpClient client(port());
  for (int i = 0; i < 3000; ++i) client.send("datagram " + std::to_string(i));
  start();  // all of it waits in the kernel
  ASSERT_TRUE(eventually([&] { return ledger().received == 3000; }));
  EXPECT_GT(slots_in_use(SlotSize::medium), 0u);
  EXPECT_LT(slots_in_use(), 100u);
  start_workers();
  EXPECT_EQ(stored().size(), 3000u);
}

TEST_P(UdpListenerTest, TakesEmptyDatagramsForNoLines) {
  listen(config());
  start_workers();
  UdpClient client(port());
  ASSERT_EQ(::send(client.fd(), "", 0, 0), 0);
  client.send("not empty");
  ASSERT_EQ(::send(client.fd(), "", 0, 0), 0);
  EXPECT_EQ(stored_lines(), (Lines{"not empty"}));
  EXPECT_EQ(ledger().received, 1u);
}

TEST_P(UdpListenerTest, CutsADatagramOverTheLimit) {
  auto limited = config();
  limited.max_frame_bytes = 10;
  listen(limited);
  start_workers();
  UdpClient client(port());
  client.send("0123456789");
  client.send("0123456789abc");
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].frame, "0123456789");
  EXPECT_FALSE(lines[0].flags & kTruncatedFlag);
  EXPECT_EQ(lines[1].frame, "0123456789");
  EXPECT_TRUE(lines[1].flags & kTruncatedFlag);
  EXPECT_EQ(ledger().truncated, 1u);
  EXPECT_EQ(ledger().discarded_bytes, 3u);
}

TEST_P(UdpListenerTest, SpreadsOneSenderOverSocketsThatShareThePort) {
  use_io_threads(2);
  auto shared = config();
  shared.sockets = 4;
  listen(shared);
  start_workers();
  UdpClient client(port());
  Lines sent;
  for (int i = 0; i < 2000; ++i) {
    sent.push_back("datagram " + std::to_string(10'000 + i));
    client.send(sent.back());
  }
  EXPECT_EQ(sorted_lines(), sent);
  expect_balanced();
}

TEST_P(UdpListenerTest, PutsGelfChunksTogetherAlsoWhenSocketsShareThePort) {
  auto gelf = config(FormatChoice::gelf);
  gelf.sockets = 4;
  listen(gelf);
  start_workers();
  UdpClient client(port());
  Lines sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(document("message " + std::to_string(100 + i)));
    const std::string id = "identit" + std::string(1, static_cast<char>('0' + i));
    const size_t half = sent.back().size() / 2;
    client.send(chunk(id, 1, 2, sent.back().substr(half)));
    client.send(chunk(id, 0, 2, sent.back().substr(0, half)));
  }
  EXPECT_EQ(sorted_lines(), sent);
  EXPECT_EQ(ledger().received, 50u);
  expect_balanced();
}

TEST_P(UdpListenerTest, ExpandsCompressedGelf) {
  listen(config(FormatChoice::automatic));
  start_workers();
  UdpClient client(port());
  const std::string large = document(std::string(200'000, 'z'));
  client.send(zlib_of(document("small")));
  client.send(zlib_of(large));
  const auto lines = stored();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].frame, document("small"));
  EXPECT_EQ(lines[1].frame, large.substr(0, 64 << 10));  // the limit of a frame
  EXPECT_TRUE(lines[1].flags & kTruncatedFlag);
}

TEST_P(UdpListenerTest, KeepsALineThatBeginsLikeACompressedBodyWhereAnyFormatMayCome) {
  listen(config(FormatChoice::automatic));
  start_workers();
  UdpClient client(port());
  client.send("x^2 = 4");
  EXPECT_EQ(stored_lines(), (Lines{"x^2 = 4"}));
  expect_balanced();
}

TEST_P(UdpListenerTest, CountsABodyThatIsNoGelfAsMalformedWhereOnlyGelfMayCome) {
  listen(config(FormatChoice::gelf));
  start_workers();
  UdpClient client(port());
  client.send("x^2 = 4");
  client.send(document("good"));
  EXPECT_EQ(stored_lines(), (Lines{document("good")}));
  EXPECT_EQ(ledger().received, 2u);
  EXPECT_EQ(dropped(DropReason::malformed), 1u);
  expect_balanced();
}

TEST_P(UdpListenerTest, CountsAMessageWhoseChunksNeverCameAsOneMalformedLine) {
  listen(config(FormatChoice::gelf));
  start_workers();
  UdpClient client(port());
  client.send(chunk("abcdefgh", 0, 3, "{"));
  client.send(chunk("abcdefgh", 1, 3, "\"a\""));
  EXPECT_TRUE(stored().empty());
  // With a spool the next process waits for the third.
  EXPECT_EQ(ledger().received, spooled() ? 0u : 1u);
  EXPECT_EQ(dropped(DropReason::malformed), spooled() ? 0u : 1u);
  expect_balanced();
}

TEST_P(UdpListenerTest, DropsAndCountsWhatFindsNoRoomInTime) {
  use_context({.max_operations = 1, .base_timeout = std::chrono::milliseconds(1), .load_multiplier = 0});
  listen(config());
  UdpClient client(port());
  client.send("admitted");
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
  for (int i = 0; i < 100; ++i) client.send("dropped");
  ASSERT_TRUE(eventually([&] { return dropped(DropReason::queue_full) == 100; }));
  start_workers();
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 0; }));
  client.send("room again");
  EXPECT_EQ(stored_lines(), (Lines{"admitted", "room again"}));
  EXPECT_EQ(ledger().received, 102u);
  expect_balanced();
}

TEST_P(UdpListenerTest, BlockWaitsForRoom) {
  use_context({.max_operations = 1, .base_timeout = std::chrono::milliseconds(1), .load_multiplier = 0});
  auto blocking = config();
  blocking.overflow = OverflowPolicy::block;
  listen(blocking);
  UdpClient client(port());
  Lines sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back("datagram " + std::to_string(100 + i));
    client.send(sent.back());
    if (i == 0) {
      ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
    }
  }
  ASSERT_TRUE(eventually([&] { return listener().stats().deadlines_passed > 0; }));
  start_workers();
  EXPECT_EQ(sorted_lines(), sent);
  EXPECT_EQ(ledger().dropped_total(), 0u);
}

TEST_P(UdpListenerTest, CountsDatagramsThatAreDroppedWhileMemoryIsCritical) {
  listen(config(FormatChoice::automatic));
  start_workers();
  context().set_critical(true);
  UdpClient client(port());
  for (int i = 0; i < 100; ++i) client.send("dropped");
  client.send(chunk("abcdefgh", 0, 2, "one message"));
  client.send(chunk("abcdefgh", 1, 2, "in two chunks"));
  ASSERT_TRUE(eventually([&] { return dropped(DropReason::memory) == 101; }));
  context().set_critical(false);
  client.send("kept");
  EXPECT_EQ(stored_lines(), (Lines{"kept"}));
  EXPECT_EQ(ledger().received, 102u);
  expect_balanced();
}

TEST_P(UdpListenerTest, CountsDatagramsThatFoundNoSlotInTime) {
  use_slots(spooled() ? 1 << 20 : 4 << 10);
  use_context({.base_timeout = std::chrono::milliseconds(1), .load_multiplier = 0});
  listen(config());
  start_workers();
  std::vector<Slot> held = take_all_slots();
  UdpClient client(port());
  client.send("dropped");
  ASSERT_TRUE(eventually([&] { return dropped(DropReason::memory) == 1; }));
  held.clear();
  client.send("kept");
  EXPECT_EQ(stored_lines(), (Lines{"kept"}));
  expect_balanced();
}

TEST_P(UdpListenerTest, CountsWhatTheKernelDropped) {
  auto small = config();
  small.overflow = OverflowPolicy::block;
  small.receive_buffer = 4096;
  listen(small);
  start_workers();
  context().set_critical(true);  // nothing is read, and the kernel's buffer is small
  UdpClient client(port());
  client.send("the first wakes the reader");
  ASSERT_TRUE(eventually([&] { return listener().stats().waits > 0; }));
  for (int i = 0; i < 999; ++i) client.send(std::string(100, 'x'));
  context().set_critical(false);
  const auto lines = stored();
  EXPECT_EQ(ledger().received, 1000u);
  EXPECT_GT(dropped(DropReason::kernel), 0u);
  EXPECT_GT(lines.size(), 0u);
  EXPECT_EQ(lines.size() + dropped(DropReason::kernel), 1000u);
  expect_balanced();
}

TEST_P(UdpListenerTest, StoppingTheIntakeReadsWhatTheKernelHas) {
  ASSERT_TRUE(open(config()));
  start_workers();
  UdpClient client(port());
  Lines sent;
  for (int i = 0; i < 3000; ++i) {
    sent.push_back("datagram " + std::to_string(10'000 + i));
    client.send(sent.back());
  }
  start();
  EXPECT_EQ(sorted_lines(), sent);
}

TEST_P(UdpListenerTest, StoppingTheIntakeEndsAlthoughASenderGoesOn) {
  listen(config());
  start_workers();
  UdpClient client(port());
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    while (!stop) ::send(client.fd(), "again and again", 15, MSG_NOSIGNAL);
  });
  EXPECT_TRUE(eventually([&] { return ledger().received > 1000; }));
  const auto lines = stored();
  stop = true;
  sender.join();
  EXPECT_EQ(lines.size(), ledger().stored);
  expect_balanced();
}

TEST_P(UdpListenerTest, CountsWhatItStillHoldsWhenItIsClosedBeforeTheEnd) {
  use_context({.max_operations = 1});
  auto blocking = config();
  blocking.overflow = OverflowPolicy::block;
  listen(blocking);
  UdpClient client(port());
  client.send("admitted");
  ASSERT_TRUE(eventually([&] { return context().stats().operations == 1; }));
  client.send("waiting");
  ASSERT_TRUE(eventually([&] { return ledger().received == 2; }));
  EXPECT_EQ(close_and_read().size(), 1u);
  EXPECT_EQ(spooled() ? left_in_spool() : dropped(DropReason::shutdown), 1u);
  expect_balanced();
  if (!spooled()) return;
  ASSERT_TRUE(restart(blocking));
  start();
  EXPECT_EQ(stored_lines(), (Lines{"admitted", "waiting"}));
  expect_balanced();
}

TEST_P(UdpListenerTest, SaysWhichSettingLimitsTheReceiveBuffer) {
  auto greedy = config();
  greedy.receive_buffer = uint64_t{4} << 30;  // more than any kernel gives
  ASSERT_TRUE(open(greedy));
  ASSERT_EQ(reports().size(), 1u);
  EXPECT_TRUE(reported("net.core.rmem_max=4294967296"));
  EXPECT_TRUE(reported("the kernel gave a receive buffer of " + std::to_string(listener().stats().receive_buffer)));
}

TEST_P(UdpListenerTest, SaysWhichAddressIsInUseAlsoWhenSocketsWouldShareIt) {
  auto shared = config();
  shared.sockets = 2;
  listen(shared);
  auto same = shared;
  same.name = "second";
  same.port = port();
  const auto again = make(same);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message,
            "listener second: cannot listen on 127.0.0.1:" + std::to_string(port()) + " (udp): Address already in use");
}

SLUICE_IN_EITHER_MEMORY(UdpListenerTest);

class UdpSpoolTest : public UdpListenerTest {};

TEST_P(UdpSpoolTest, AChunkKeepsItsSlotUntilItsMessageIsComplete) {
  listen(config(FormatChoice::gelf));
  start_workers();
  UdpClient client(port());
  client.send(chunk("abcdefgh", 0, 2, R"({"short_mess)"));
  client.send(document("another"));
  ASSERT_TRUE(eventually([&] { return ledger().stored == 1 && slots_in_use() == 1; }));
  client.send(chunk("abcdefgh", 1, 2, R"(age":"x"})"));
  ASSERT_TRUE(eventually([&] { return ledger().stored == 2 && slots_in_use() == 0; }));
  EXPECT_EQ(sorted_lines(), (Lines{R"({"short_message":"x"})", document("another")}));
}

TEST_P(UdpSpoolTest, AChunkIsLetGoWhenItsMessageIsMalformed) {
  listen(config(FormatChoice::gelf));
  start_workers();
  UdpClient client(port());
  client.send(chunk("abcdefgh", 0, 2, "x^"));  // looks compressed and is not
  ASSERT_TRUE(eventually([&] { return slots_in_use() == 1; }));
  client.send(chunk("abcdefgh", 1, 2, " = 4"));
  ASSERT_TRUE(eventually([&] { return dropped(DropReason::malformed) == 1 && slots_in_use() == 0; }));
  EXPECT_EQ(stored_lines(), Lines{});
  expect_balanced();
}

TEST_P(UdpSpoolTest, ChunksOfAFormerProcessAndTheirSiblingsMakeAMessage) {
  listen(config(FormatChoice::gelf));
  start_workers();
  const std::string message = document("in two lives");
  // The port may be another, the sender's address is the same.
  UdpClient(port()).send(chunk("abcdefgh", 1, 2, message.substr(20)));
  ASSERT_TRUE(eventually([&] { return slots_in_use() == 1; }));
  EXPECT_EQ(stored_lines(), Lines{});
  ASSERT_TRUE(restart(config(FormatChoice::gelf)));
  start();
  EXPECT_EQ(slots_in_use(), 1u);
  UdpClient(port()).send(chunk("abcdefgh", 0, 2, message.substr(0, 20)));
  ASSERT_TRUE(eventually([&] { return ledger().stored == 1 && slots_in_use() == 0; }));
  EXPECT_EQ(stored_lines(), (Lines{message}));
  EXPECT_EQ(ledger().received, 1u);
  expect_balanced();
}

TEST_P(UdpSpoolTest, ALaterProcessCutsTheSameLinesOfWhatFoundNoRoom) {
  use_context({.max_operations = 1});
  auto blocking = config();
  blocking.overflow = OverflowPolicy::block;
  ASSERT_TRUE(open(blocking));
  UdpClient client(port());
  Lines sent;
  for (size_t i = 0; i < 200; ++i) {
    // Longer than their stride now and then: those are copied behind the others, or to slots of their own.
    const size_t length = i % 23 == 0 ? 5000 + i : i % 61 == 0 ? 60'000 : 100 + i;
    sent.push_back(std::to_string(1000 + i) + std::string(length, 'x'));
    client.send(sent.back());
  }
  start();  // all of it waits in the kernel
  ASSERT_TRUE(eventually([&] { return listener().stats().waits > 0; }));
  close_and_read();
  EXPECT_GT(left_in_spool(), 0u);
  const uint64_t received = ledger().received;
  ASSERT_TRUE(restart(blocking));
  start();
  Lines lines = sorted_lines();
  EXPECT_EQ(lines.size(), received);
  for (const std::string& line : lines) EXPECT_TRUE(std::binary_search(sent.begin(), sent.end(), line));
  EXPECT_EQ(std::unique(lines.begin(), lines.end()), lines.end());
  expect_balanced();
}

INSTANTIATE_TEST_SUITE_P(, UdpSpoolTest, testing::Values(SlotMemory::spool), memory_name);

}  // namespace
}  // namespace sluice
