#include "core/runtime/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace sluice {
namespace {

TEST(Ledger, SameNameIsSameListenerAndIndexesAreDense) {
  Ledger ledger;
  ListenerLedger& tcp = ledger.listener("tcp");
  ListenerLedger& udp = ledger.listener("udp");
  EXPECT_EQ(tcp.index(), 0);
  EXPECT_EQ(udp.index(), 1);
  EXPECT_EQ(&ledger.listener("tcp"), &tcp);
  EXPECT_EQ(&ledger.at(1), &udp);
  EXPECT_EQ(ledger.totals()[1].listener, "udp");
}

TEST(Ledger, TotalsSumTheCellsOfAllThreads) {
  Ledger ledger;
  ListenerLedger& listener = ledger.listener("tcp");
  listener.cell().received.add(10);
  std::thread([&] {
    listener.cell().received.add(5);
    listener.cell().stored.add(7);
    listener.cell().collapsed.add(1);
    listener.cell().dropped[static_cast<size_t>(DropReason::kernel)].add(2);
  }).join();
  const LedgerTotals totals = listener.totals();
  EXPECT_EQ(totals.received, 15u);
  EXPECT_EQ(totals.stored, 7u);
  EXPECT_EQ(totals.dropped[static_cast<size_t>(DropReason::kernel)], 2u);
  EXPECT_EQ(totals.dropped_total(), 2u);
  EXPECT_EQ(totals.in_flight(), 5u);
}

TEST(Ledger, EveryCounterReachesItsTotal) {
  Ledger ledger;
  LedgerCell& cell = ledger.listener("tcp").cell();
  uint64_t n = 1;
  for (Counter* counter : {&cell.received, &cell.received_bytes, &cell.stored, &cell.collapsed, &cell.truncated,
                           &cell.discarded_bytes, &cell.framing_errors, &cell.unparsed, &cell.connections_opened,
                           &cell.connections_closed, &cell.connections_refused}) {
    counter->add(n++);
  }
  for (Counter& counter : cell.dropped) counter.add(n++);
  const LedgerTotals t = ledger.totals().front();
  EXPECT_EQ(t.received, 1u);
  EXPECT_EQ(t.received_bytes, 2u);
  EXPECT_EQ(t.stored, 3u);
  EXPECT_EQ(t.collapsed, 4u);
  EXPECT_EQ(t.truncated, 5u);
  EXPECT_EQ(t.discarded_bytes, 6u);
  EXPECT_EQ(t.framing_errors, 7u);
  EXPECT_EQ(t.unparsed, 8u);
  EXPECT_EQ(t.connections_opened, 9u);
  EXPECT_EQ(t.connections_closed, 10u);
  EXPECT_EQ(t.connections_refused, 11u);
  for (size_t i = 0; i < kDropReasons; ++i) EXPECT_EQ(t.dropped[i], 12 + i);
}

TEST(Ledger, EveryDropReasonHasItsOwnText) {
  std::vector<std::string_view> texts;
  for (size_t i = 0; i < kDropReasons; ++i) texts.push_back(drop_reason_text(static_cast<DropReason>(i)));
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::unique(texts.begin(), texts.end()), texts.end());
  EXPECT_EQ(drop_reason_text(DropReason::queue_full), "queue_full");
}

TEST(Ledger, CellIsTheSameForAThreadAndAnotherForTheNext) {
  Ledger ledger;
  ListenerLedger& listener = ledger.listener("tcp");
  LedgerCell* mine = &listener.cell();
  EXPECT_EQ(&listener.cell(), mine);
  LedgerCell* others = nullptr;
  std::thread([&] { others = &listener.cell(); }).join();
  EXPECT_NE(others, mine);
}

TEST(Ledger, CellsOfManyListenersAreNotMixedUp) {
  Ledger ledger;
  for (int i = 0; i < 200; ++i) ledger.listener("l" + std::to_string(i)).cell().received.add(1);
  for (int i = 0; i < 200; ++i) ledger.listener("l" + std::to_string(i)).cell().stored.add(1);
  for (const LedgerTotals& totals : ledger.totals()) {
    EXPECT_EQ(totals.received, 1u);
    EXPECT_EQ(totals.stored, 1u);
  }
}

TEST(Ledger, NewLedgerDoesNotMeetTheCellsOfADestroyedOne) {
  for (uint64_t round = 1; round <= 100; ++round) {
    Ledger ledger;  // often at the same address as the one before
    ledger.listener("tcp").cell().received.add(round);
    EXPECT_EQ(ledger.totals().front().received, round);
  }
}

TEST(Ledger, InFlightNeverShowsNegativeWhileLinesMove) {
  Ledger ledger;
  ListenerLedger& listener = ledger.listener("tcp");
  constexpr uint64_t kLines = 20000;
  std::atomic<uint64_t> handed_over{0};
  std::thread reader([&] {
    for (uint64_t i = 1; i <= kLines; ++i) {
      listener.cell().received.add(1);
      handed_over.store(i, std::memory_order_release);
    }
  });
  std::thread worker([&] {
    for (uint64_t done = 0; done < kLines;) {
      const uint64_t until = handed_over.load(std::memory_order_acquire);
      if (until > done) listener.cell().stored.add(until - done);
      done = until;
    }
  });
  for (uint64_t stored = 0; stored < kLines;) {
    const LedgerTotals totals = listener.totals();
    stored = totals.stored;
    ASSERT_GE(totals.received, totals.stored);
  }
  reader.join();
  worker.join();
  EXPECT_EQ(listener.totals().in_flight(), 0u);
}

}  // namespace
}  // namespace sluice
