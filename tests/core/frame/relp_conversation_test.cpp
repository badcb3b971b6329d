#include "core/frame/relp_conversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

constexpr const char* kGoodbye = "0 serverclose 0\n";

std::string ok(uint32_t number) { return std::to_string(number) + " rsp 6 200 OK\n"; }
std::string oks(uint32_t first, uint32_t last) {
  std::string all;
  for (uint32_t number = first; number <= last; ++number) all += ok(number);
  return all;
}
std::string line(uint32_t number, const std::string& text = "x") {
  return std::to_string(number) + " syslog " + std::to_string(text.size()) + (text.empty() ? "" : " " + text) + "\n";
}
std::string command(uint32_t number, const std::string& name, const std::string& data) {
  return std::to_string(number) + " " + name + " " + std::to_string(data.size()) + " " + data + "\n";
}
std::string open(uint32_t number, const std::string& offers = "relp_version=0\ncommands=syslog") {
  return command(number, "open", offers);
}

// A connection without its socket: what the sender sends goes through the codec into the conversation.
class RelpConversationTest : public testing::Test {
 protected:
  explicit RelpConversationTest(RelpConversationOptions options = {}) : conversation_(options) {}

  // One read. Returns how many of its frames may be submitted.
  size_t receive(const std::string& bytes, uint64_t token = 0) {
    slot_ = tail_ + bytes;
    std::vector<FrameRef> frames;
    std::vector<RelpTransaction> transactions;
    tail_ = slot_.substr(codec_.cut(slot_, 0, frames, transactions));
    return frames.size() - conversation_.received(transactions, slot_, token);
  }
  void open_it() {
    receive(open(1));
    output();
  }
  std::string output() {
    std::string out;
    const bool any = conversation_.take_output(out);
    EXPECT_EQ(any, !out.empty());
    return out;
  }

  RelpCodec codec_{{.max_frame_bytes = 100}};
  RelpConversation conversation_;
  std::string slot_, tail_;
};

TEST_F(RelpConversationTest, AnswersWhatRsyslogOffers) {
  receive(open(1, "relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog"));
  EXPECT_EQ(output(), "1 rsp 58 200 OK\nrelp_version=0\nrelp_software=sluice\ncommands=syslog\n");
  EXPECT_TRUE(conversation_.receiving());
}

TEST_F(RelpConversationTest, SpeaksTheVersionThatIsOfferedUpToOne) {
  struct Case {
    const char* offers;
    const char* version;
  };
  for (const Case& c : {
           Case{"relp_version=0\ncommands=syslog", "relp_version=0\n"},
           Case{"relp_version=1\ncommands=syslog\n", "relp_version=1\n"},
           Case{"\ncommands=eventlog,syslog\nrelp_version=7", "relp_version=1\n"},
           Case{"relp_version=0,1\nother\n=\ncommands=syslog,eventlog", "relp_version=1\n"},
       }) {
    conversation_ = RelpConversation();
    receive(open(1, c.offers));
    EXPECT_NE(output().find(c.version), std::string::npos) << c.offers;
    EXPECT_TRUE(conversation_.receiving());
  }
}

TEST_F(RelpConversationTest, RefusesASenderThatOffersNoVersionOrNoSyslog) {
  for (const char* offers :
       {"", "relp_version=0", "commands=syslog", "relp_version=0\ncommands=eventlog", "relp_version=x\ncommands=syslog",
        "relp_version=\ncommands=syslog", "relp_version=0\ncommands=syslogs", "relp_version=-1\ncommands=syslog"}) {
    conversation_ = RelpConversation();
    EXPECT_EQ(receive(open(1, offers) + line(2)), 0u);
    EXPECT_EQ(output(), "1 rsp 42 500 offer relp_version and commands=syslog\n0 serverclose 0\n") << offers;
    EXPECT_TRUE(conversation_.finished());
    EXPECT_EQ(conversation_.end(), RelpEnd::offers_refused);
  }
}

TEST_F(RelpConversationTest, AnswersASecondOpenAndGoesOn) {
  open_it();
  receive(open(2, "whatever") + line(3), 1);
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), "2 rsp 58 200 OK\nrelp_version=0\nrelp_software=sluice\ncommands=syslog\n" + ok(3));
}

TEST_F(RelpConversationTest, TakesLinesThatDoNotWaitForTheAnswerToOpen) { EXPECT_EQ(receive(open(1) + line(2)), 1u); }

TEST_F(RelpConversationTest, AnswersLinesWhenTheirBatchIsSafeAndNotBefore) {
  open_it();
  EXPECT_EQ(receive(line(2) + line(3), 1), 2u);
  EXPECT_EQ(output(), "");
  EXPECT_EQ(conversation_.unanswered(), 2u);
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), oks(2, 3));
  EXPECT_EQ(conversation_.unanswered(), 0u);
  EXPECT_EQ(conversation_.counters(), (RelpConversation::Counters{3, 0}));
}

TEST_F(RelpConversationTest, AnswersInTheOrderOfReceiptWhateverTheOrderOfTheAcks) {
  open_it();
  receive(line(2), 1);
  receive(line(3) + line(4), 2);
  receive(line(5), 3);
  conversation_.on_ack(3, true);
  EXPECT_EQ(output(), "");
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), ok(2));
  conversation_.on_ack(2, true);
  EXPECT_EQ(output(), oks(3, 5));
}

TEST_F(RelpConversationTest, KeepsOneBatchTogetherOverSeveralCuts) {
  open_it();
  receive(line(2), 1);
  receive(line(3), 1);
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), oks(2, 3));
}

TEST_F(RelpConversationTest, AnswersEmptyLinesInTheirTurn) {
  open_it();
  receive(line(2, ""), 1);
  EXPECT_EQ(output(), ok(2));
  receive(line(3, "") + line(4) + line(5, ""), 2);
  EXPECT_EQ(output(), ok(3));
  receive(line(6, ""), 3);
  EXPECT_EQ(output(), "");
  conversation_.on_ack(2, true);
  EXPECT_EQ(output(), oks(4, 6));
}

TEST_F(RelpConversationTest, AnswersUnknownCommandsWith500InTheirTurn) {
  open_it();
  receive(line(2) + command(3, "starttls", "") + line(4), 1);
  EXPECT_EQ(output(), "");
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), ok(2) + "3 rsp 19 500 unknown command\n" + ok(4));
  EXPECT_EQ(conversation_.counters().refused, 1u);
}

TEST_F(RelpConversationTest, AnswersCloseBehindAllLinesAndSaysGoodbye) {
  open_it();
  EXPECT_EQ(receive(line(2) + command(3, "close", "") + line(4), 1), 1u);
  EXPECT_FALSE(conversation_.receiving());
  EXPECT_EQ(output(), "");
  EXPECT_FALSE(conversation_.finished());
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), oks(2, 3) + kGoodbye);
  EXPECT_TRUE(conversation_.finished());
  EXPECT_EQ(conversation_.end(), RelpEnd::closed);
  EXPECT_EQ(output(), "");
}

TEST_F(RelpConversationTest, DrainsByAnsweringWhatWasReceivedAndThenSayingGoodbye) {
  open_it();
  receive(line(2), 1);
  conversation_.drain();
  EXPECT_FALSE(conversation_.receiving());
  EXPECT_EQ(receive(line(3), 2), 0u);
  EXPECT_EQ(output(), "");
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), ok(2) + kGoodbye);
  EXPECT_TRUE(conversation_.finished());
}

TEST_F(RelpConversationTest, SaysGoodbyeAtOnceWhenDrainedWithNothingToAnswer) {
  conversation_.drain();
  EXPECT_EQ(output(), kGoodbye);
  EXPECT_TRUE(conversation_.finished());
}

TEST_F(RelpConversationTest, EndsAtLinesThatCouldNotBeMadeSafeAndNeverAnswersThemOrLaterOnes) {
  open_it();
  receive(line(2), 1);
  receive(line(3), 2);
  receive(line(4), 3);
  conversation_.on_ack(3, true);
  conversation_.on_ack(2, false);
  EXPECT_EQ(receive(line(5), 4), 0u);
  EXPECT_EQ(output(), "");
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), ok(2) + kGoodbye);
  EXPECT_EQ(conversation_.end(), RelpEnd::not_safe);
  EXPECT_TRUE(conversation_.finished());
  EXPECT_EQ(conversation_.unanswered(), 0u);
}

TEST_F(RelpConversationTest, DoesNotAnswerCloseBehindLinesThatCouldNotBeMadeSafe) {
  open_it();
  receive(line(2) + command(3, "close", ""), 1);
  conversation_.on_ack(1, false);
  EXPECT_EQ(output(), kGoodbye);
  EXPECT_EQ(conversation_.end(), RelpEnd::not_safe);
}

TEST_F(RelpConversationTest, EndsAtALineBeforeOpen) {
  EXPECT_EQ(receive(line(1) + open(2)), 0u);
  EXPECT_EQ(output(), kGoodbye);
  EXPECT_EQ(conversation_.end(), RelpEnd::not_opened);
}

TEST_F(RelpConversationTest, EndsAtANumberThatIsNotTheOneBeforePlusOne) {
  for (const uint32_t wrong : {2u, 4u, 1u, 999'999'999u}) {
    conversation_ = RelpConversation();
    EXPECT_EQ(receive(open(1) + line(2) + line(wrong) + line(3), 1), 1u);
    output();
    conversation_.on_ack(1, true);
    EXPECT_EQ(output(), ok(2) + kGoodbye);
    EXPECT_EQ(conversation_.end(), RelpEnd::number_out_of_order);
  }
}

TEST_F(RelpConversationTest, CountsOnFrom1AfterTheLargestNumber) {
  receive(open(999'999'997));
  output();
  receive(line(999'999'998) + line(999'999'999) + line(1) + line(2), 1);
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), oks(999'999'998, 999'999'999) + oks(1, 2));
  EXPECT_TRUE(conversation_.receiving());
}

TEST_F(RelpConversationTest, StoresALineInAHintAndAnswersNoHint) {
  open_it();
  EXPECT_EQ(receive(line(0) + command(0, "serverclose", "") + line(2), 1), 2u);
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), ok(2));
}

TEST_F(RelpConversationTest, AnswersALineThatIsTooLongWhenItsFrameIsSafeAndItsRestHasGoneBy) {
  const std::string longer = line(3, std::string(300, 'y'));
  open_it();
  EXPECT_EQ(receive(line(2) + longer.substr(0, 200), 1), 2u);
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), ok(2));
  EXPECT_EQ(receive(longer.substr(200), 2), 0u);
  EXPECT_EQ(output(), ok(3));

  const std::string next = line(4, std::string(300, 'y'));
  receive(next.substr(0, 200), 3);
  receive(next.substr(200), 4);
  EXPECT_EQ(output(), "");
  conversation_.on_ack(3, true);
  EXPECT_EQ(output(), ok(4));
}

TEST_F(RelpConversationTest, DoesNotAnswerALineWhoseRestWillNotBeRead) {
  open_it();
  EXPECT_EQ(receive(line(2) + "3 syslog 300 " + std::string(200, 'y'), 1), 2u);
  conversation_.drain();
  conversation_.on_ack(1, true);
  EXPECT_EQ(output(), ok(2) + kGoodbye);
}

TEST_F(RelpConversationTest, IgnoresAcksThatItDoesNotKnow) {
  open_it();
  conversation_.on_ack(5, true);
  conversation_.on_ack(6, false);
  EXPECT_TRUE(conversation_.receiving());
  EXPECT_EQ(output(), "");
}

TEST_F(RelpConversationTest, GivesALongOutputInPieces) {
  open_it();
  std::string lines;
  for (uint32_t number = 2; number <= 20'000; ++number) lines += line(number);
  receive(lines, 1);
  conversation_.on_ack(1, true);
  std::string all;
  while (true) {
    const std::string piece = output();
    if (piece.empty()) break;
    EXPECT_LE(piece.size(), RelpConversation::kOutputBytes + 100);
    all += piece;
  }
  EXPECT_EQ(all, oks(2, 20'000));
}

class SmallRelpConversationTest : public RelpConversationTest {
 protected:
  SmallRelpConversationTest() : RelpConversationTest({.max_unanswered = 3}) {}
};

TEST_F(SmallRelpConversationTest, IsFullUntilAnswersHaveBeenTaken) {
  open_it();
  receive(line(2) + line(3), 1);
  EXPECT_FALSE(conversation_.full());
  receive(line(4), 2);
  EXPECT_TRUE(conversation_.full());
  conversation_.on_ack(1, true);
  EXPECT_TRUE(conversation_.full());
  output();
  EXPECT_FALSE(conversation_.full());
}

TEST_F(RelpConversationTest, IsFullOfAnswersThatChangeAllTheTime) {
  open_it();
  std::string commands;
  for (uint32_t number = 2; number < 2 + RelpConversation::kMaxRuns; number += 2) {
    commands += line(number) + command(number + 1, "other", "");
  }
  receive(commands, 1);
  EXPECT_TRUE(conversation_.full());
  conversation_.on_ack(1, true);
  while (!output().empty()) {
  }
  EXPECT_FALSE(conversation_.full());
}

// A sender and a store at random against the plainest model: a list of what was received.
class Model {
 public:
  void line(uint32_t number, uint64_t token, bool has_frame) { waiting_.push_back({number, token, !has_frame, false}); }
  void unknown(uint32_t number) { waiting_.push_back({number, 0, true, true}); }
  void ack(uint64_t token) {
    for (Entry& entry : waiting_) {
      if (!entry.safe && entry.token == token) entry.safe = true;
    }
  }
  std::string output() {
    std::string out;
    for (; !waiting_.empty() && waiting_.front().safe; waiting_.pop_front()) {
      const std::string number = std::to_string(waiting_.front().number);
      out += number + (waiting_.front().unknown ? " rsp 19 500 unknown command\n" : " rsp 6 200 OK\n");
    }
    return out;
  }
  size_t size() const { return waiting_.size(); }

 private:
  struct Entry {
    uint32_t number;
    uint64_t token;
    bool safe, unknown;
  };
  std::deque<Entry> waiting_;
};

TEST_F(RelpConversationTest, AnswersAsThePlainestModelDoes) {
  std::mt19937 random(20261130);
  receive(open(999'990'000));
  output();
  uint32_t number = 999'990'000;
  Model model;
  std::vector<uint64_t> unsafe;
  std::string said, expected;
  for (uint64_t token = 1; token < 5000; ++token) {
    std::string bytes;
    bool has_frame = false;
    for (size_t i = random() % 8; i > 0; --i) {
      number = number == RelpConversation::kMaxNumber ? 1 : number + 1;
      const size_t kind = random() % 8;
      bytes += kind == 0 ? command(number, "other", "x") : line(number, kind == 1 ? "" : "text");
      if (kind == 0) model.unknown(number);
      if (kind == 1) model.line(number, token, false);
      if (kind > 1) model.line(number, token, true);
      has_frame |= kind > 1;
    }
    receive(bytes, token);
    if (has_frame) unsafe.push_back(token);
    while (unsafe.size() > random() % 20) {
      const auto which = unsafe.begin() + static_cast<ptrdiff_t>(random() % unsafe.size());
      conversation_.on_ack(*which, true);
      model.ack(*which);
      unsafe.erase(which);
    }
    said += output();
    expected += model.output();
    ASSERT_EQ(said, expected) << "batch " << token;
    ASSERT_EQ(conversation_.unanswered(), model.size());
  }
  EXPECT_EQ(conversation_.end(), RelpEnd::none);
}

}  // namespace
}  // namespace sluice
