#include "daemon/net/gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/manual_clock.h"

namespace sluice {
namespace {

// One place for an operation, readers that ask for it, and the order in which they got it.
class GateTest : public testing::Test {
 protected:
  struct Reader final : GateWaiter {
    Reader(GateTest& test, std::string name) : test(test), name(std::move(name)) {}
    void ask(Nanos deadline = 0) {
      Admission admission = test.context.try_admit({.lines = 1, .bytes = 1});
      if (admission.verdict == Verdict::full)
        return test.gate->wait_for_room(*this, {.lines = 1, .bytes = 1}, deadline);
      operation = std::move(admission.operation);
      test.happened.push_back(name + " admitted");
    }
    void on_room() override { ask(); }
    void on_rested() override { test.happened.push_back(name + " rested"); }
    void on_deadline() override {
      test.happened.push_back(name + " too late");
      if (gives_up) leave();
    }
    GateTest& test;
    const std::string name;
    Operation operation;
    bool gives_up = false;
  };

  // Runs what is due until so much has happened.
  void run_until(size_t count) {
    while (happened.size() < count) ASSERT_EQ(io.run_one(), 1u);
  }

  boost::asio::io_context io;
  ManualClock clock;
  ContextManager context{{.max_operations = 1}, clock};
  std::shared_ptr<Gate> gate = Gate::make(io, context, clock);
  std::vector<std::string> happened;
  Reader first{*this, "first"}, second{*this, "second"}, third{*this, "third"};
};

using Events = std::vector<std::string>;

TEST_F(GateTest, SharesRoomOutInTheOrderOfAsking) {
  for (Reader* reader : {&first, &second, &third}) reader->ask();
  run_until(1);
  first.operation.complete();
  run_until(2);
  second.operation.complete();
  run_until(3);
  EXPECT_EQ(happened, (Events{"first admitted", "second admitted", "third admitted"}));
  EXPECT_EQ(gate->waits(), 2u);
}

TEST_F(GateTest, KeepsThePlaceAndTheDeadlineOfWhoAsksInVain) {
  first.ask();
  second.ask(clock.monotonic() + kSecond);
  third.ask();
  second.gives_up = true;
  context.set_critical(true);  // room, and yet none may enter
  first.operation.complete();
  clock.advance(2 * kSecond);
  run_until(2);
  EXPECT_EQ(happened.back(), "second too late");
  EXPECT_FALSE(second.at_gate());
  context.set_critical(false);
  run_until(3);
  EXPECT_EQ(happened.back(), "third admitted");
}

TEST_F(GateTest, TellsOfADeadlineOnceAndLetsWhoeverStaysWaitOn) {
  first.ask();
  second.ask(clock.monotonic() + kSecond);
  clock.advance(2 * kSecond);
  run_until(2);
  EXPECT_TRUE(second.at_gate());
  clock.advance(2 * kSecond);
  first.operation.complete();
  run_until(3);
  EXPECT_EQ(happened, (Events{"first admitted", "second too late", "second admitted"}));
  EXPECT_EQ(gate->deadlines_passed(), 1u);
}

TEST_F(GateTest, LetsWhoWaitsForASlotTryAgainUnasked) {
  gate->wait_for_slot(first);
  run_until(1);
  EXPECT_EQ(happened, (Events{"first admitted"}));
}

TEST_F(GateTest, LetsReadersRestTogetherAndOnce) {
  gate->rest(first);
  gate->rest(second);
  run_until(2);
  EXPECT_EQ(happened, (Events{"first rested", "second rested"}));
  EXPECT_FALSE(first.at_gate());
}

TEST_F(GateTest, CallsNobodyOnceItIsClosed) {
  first.ask();
  second.ask();
  gate->rest(third);
  gate->close();
  first.operation.complete();
  io.run();  // ends: no timer is left
  EXPECT_EQ(happened, (Events{"first admitted"}));
}

TEST_F(GateTest, MayBeGoneWhenTheContextManagerCalls) {
  first.ask();
  second.ask();
  gate->close();
  gate.reset();
  io.run();
  first.operation.complete();
  EXPECT_EQ(happened, (Events{"first admitted"}));
}

}  // namespace
}  // namespace sluice
