// Numbers, tables, tallies, addresses, and what --follow remembers.
#include <gtest/gtest.h>

#include <string>

#include "daemon/ctl/follow_memory.h"
#include "daemon/ctl/http_get.h"
#include "daemon/ctl/numbers.h"
#include "daemon/ctl/status_command.h"
#include "daemon/ctl/table.h"
#include "daemon/ctl/tally.h"

namespace sluice {
namespace {

TEST(Numbers, HaveCommasAtThousands) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(18446744073709551615u), "18,446,744,073,709,551,615");
}

TEST(Numbers, BytesTakeTheUnitThatFits) {
  EXPECT_EQ(as_bytes(1023), "1023 B");
  EXPECT_EQ(as_bytes(1024), "1.0 KiB");
  EXPECT_EQ(as_bytes(1048575), "1.0 MiB");
  EXPECT_EQ(as_bytes(1536), "1.5 KiB");
  EXPECT_EQ(as_bytes(~uint64_t{0}), "16.0 EiB");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"NAME", "N"});
  EXPECT_TRUE(table.empty());
  table.add({"a", "100"});
  std::string out;
  table.append_to(out);
  EXPECT_EQ(out, "NAME    N\na     100\n");
}

TEST(Tally, TheMostLinesComeFirstThenByName) {
  Tally tally;
  for (const char* name : {"b", "a", "c", "c", "", "a"}) tally.add(name);
  const auto top = tally.top(2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].name, "a");
  EXPECT_EQ(top[1].name, "c");
  EXPECT_EQ(tally.names(), 4u);
  EXPECT_EQ(tally.rest(2).names, 2u);
  EXPECT_EQ(tally.rest(2).lines, 2u);
  EXPECT_EQ(tally.rest(9).lines, 0u);
}

TEST(Tally, NamesBeyondTheLimitAreCountedTogether) {
  Tally tally(2);
  for (const char* name : {"a", "b", "c", "d", "a"}) tally.add(name);
  EXPECT_EQ(tally.names(), 2u);
  EXPECT_EQ(tally.unnamed(), 2u);
  EXPECT_EQ(tally.rest(2).lines, 2u);
}

TEST(Tally, MemoryThatChangedItsTextIsANewName) {
  Tally tally;
  std::string name = "one";
  tally.add(name);
  tally.forget_last();
  name = "two";
  tally.add(name);
  EXPECT_EQ(tally.names(), 2u);
}

TEST(HostPort, TakesNamesAndBothKindsOfAddress) {
  const auto v4 = parse_host_port("127.0.0.1:9514");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 9514);
  const auto v6 = parse_host_port("[::1]:9514");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  for (const char* text :
       {"", "localhost", "localhost:", ":9514", "[]:1", "::1:9514", "host:0", "host:65536", "host:1x", "host:-1"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(FollowMemory, ForgetsTheOldestLines) {
  RecentLines recent;
  const std::string text(1 << 20, 'x');
  for (uint64_t id = 1; id <= 33; ++id) recent.remember(id, text);
  EXPECT_EQ(recent.find(1), nullptr);
  EXPECT_NE(recent.find(2), nullptr);
  EXPECT_EQ(*recent.find(33), text);
}

TEST(FollowMemory, EarlyRepeatsAddUpAndAreTakenOnce) {
  EarlyRepeats early;
  early.add(7, 2);
  early.add(7, 1);
  EXPECT_EQ(early.take(7), 3u);
  EXPECT_EQ(early.take(7), 0u);
  EXPECT_EQ(early.take(8), 0u);
  early.add(7, 1);
  EXPECT_EQ(early.take(7), 1u);
}

TEST(FollowMemory, ForgetsTheOldestRepeats) {
  EarlyRepeats early;
  for (uint64_t id = 0; id <= EarlyRepeats::kMaxLines; ++id) early.add(id, 1);
  EXPECT_EQ(early.take(0), 0u);
  EXPECT_EQ(early.take(1), 1u);
  EXPECT_EQ(early.take(EarlyRepeats::kMaxLines), 1u);
}

TEST(Status, ShowsTheLedgerAsATable) {
  const auto text = format_status(
      R"({"version":"1.2.3","uptime_seconds":7260.5,"ready":true,"load":12,)"
      R"("ledger":{"tcp-5514":{"received":1000,"stored":900,"collapsed":50,"dropped":{"queue_full":40,"memory":0},"in_flight":10}},)"
      R"("listeners":{"tcp-5514":{"protocol":"tcp","address":"127.0.0.1:5514","connections":3,"truncated_lines":0,)"
      R"("framing_errors":1,"unparsed_lines":2}},"store":{"segments":2,"records":900,"bytes":4096}})");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            "sluiced 1.2.3, up 2 h 1 min, ready, load 12 of 100\n\n"
            "LISTENER  RECEIVED  STORED  COLLAPSED  DROPPED  IN FLIGHT\n"
            "tcp-5514     1,000     900         50       40         10\n"
            "dropped by tcp-5514: queue_full 40\n\n"
            "LISTENER             ADDRESS  CONNECTIONS  TRUNCATED  FRAMING ERRORS  UNPARSED\n"
            "tcp-5514  tcp 127.0.0.1:5514            3          0               1         2\n\n"
            "operations  - in flight, peak -\n"
            "pipeline    - batches waiting, - records not yet stored\n"
            "store       2 segments, 900 records, 4.0 KiB\n");
}

TEST(Status, SaysWhatIsWrong) {
  const auto text = format_status(
      R"({"version":"1.2.3","uptime_seconds":1,"ready":false,"healthy":true,"trouble":"the store takes no blocks","load":1,)"
      R"("store":{"segments":1,"records":2,"bytes":4096,"sync_errors":3,"clock_doubted":true,"damaged_blocks":1}})");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find(", not ready, load 1 of 100\ntrouble: the store takes no blocks\n"), std::string::npos) << *text;
  EXPECT_NE(text->find("4.0 KiB, 3 SYNCS FAILED, 1 DAMAGED PLACES, THE CLOCK IS DOUBTED\n"), std::string::npos)
      << *text;
}

TEST(Status, AnAnswerThatIsNotJsonIsAnError) {
  EXPECT_FALSE(format_status("<html>"));
  EXPECT_FALSE(format_status("[]"));
  EXPECT_FALSE(format_status(""));
}

TEST(Status, AnEmptyObjectIsShownWithoutFigures) { EXPECT_TRUE(format_status("{}")); }

}  // namespace
}  // namespace sluice
