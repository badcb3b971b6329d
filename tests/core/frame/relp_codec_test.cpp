#include "core/frame/relp_codec.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::string_literals;

// What a stream gave: the frames' bytes, and each transaction as a text.
struct Outcome {
  std::vector<std::string> frames;
  std::vector<std::string> transactions;
  RelpCodec::Counters counters;
  RelpError error = RelpError::none;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
  for (const std::string& frame : outcome.frames) *out << '[' << testing::PrintToString(frame) << ']';
  for (const std::string& transaction : outcome.transactions) *out << '(' << transaction << ')';
  *out << " truncated " << outcome.counters.truncated << " discarded " << outcome.counters.discarded_bytes << " errors "
       << outcome.counters.framing_errors << " error " << relp_error_text(outcome.error);
}

const char* name_of(RelpCommand command) {
  constexpr const char* kNames[] = {"open", "close", "syslog", "unknown"};
  return kNames[static_cast<size_t>(command)];
}

// A reader as the daemon has it: one slot, the tail moved to its start before every read.
class Reader {
 public:
  explicit Reader(RelpCodecOptions options) : options_(options), codec_(options) {}

  void receive(std::string_view bytes) {
    slot_ = tail_ + std::string(bytes);
    frames_.clear();
    transactions_.clear();
    const size_t used = codec_.cut(slot_, kOffset, frames_, transactions_);
    ASSERT_LE(used, slot_.size());
    take();
    tail_ = slot_.substr(used);
    ASSERT_LE(tail_.size(), codec_.max_tail());
  }

  // The process dies; another one has the state and the tail.
  void crash() {
    sum(codec_.counters());
    RelpCodec::State state;
    const RelpCodec::State kept = codec_.state();
    std::memcpy(&state, &kept, sizeof state);  // as through a file
    codec_ = RelpCodec(options_, state);
  }

  Outcome finish() {
    codec_.finish(tail_);
    sum(codec_.counters());
    outcome_.error = codec_.error();
    return outcome_;
  }

  const RelpCodec& codec() const { return codec_; }
  const std::string& tail() const { return tail_; }

 private:
  static constexpr uint32_t kOffset = 100;  // the data's place in its slot; any will do
  void take() {
    const size_t before = outcome_.frames.size();
    for (const FrameRef& frame : frames_) {
      std::string text = slot_.substr(frame.offset - kOffset, frame.length);
      if (frame.flags & kFrameTruncated) text += " (truncated)";
      outcome_.frames.push_back(text);
    }
    for (const RelpTransaction& transaction : transactions_) {
      std::string text = std::to_string(transaction.number) + " " + name_of(transaction.command);
      if (transaction.data_length > 0) {
        text += " " + slot_.substr(transaction.data_offset - kOffset, transaction.data_length);
      }
      if (transaction.frame != RelpTransaction::kNoFrame) text += " #" + std::to_string(before + transaction.frame);
      if (!transaction.complete) text += " begun";
      outcome_.transactions.push_back(text);
    }
  }
  void sum(const RelpCodec::Counters& counters) {
    outcome_.counters.truncated += counters.truncated;
    outcome_.counters.discarded_bytes += counters.discarded_bytes;
    outcome_.counters.framing_errors += counters.framing_errors;
  }

  RelpCodecOptions options_;
  RelpCodec codec_;
  std::string slot_, tail_;
  std::vector<FrameRef> frames_;
  std::vector<RelpTransaction> transactions_;
  Outcome outcome_;
};

Outcome outcome_of(std::string_view stream, RelpCodecOptions options = {}) {
  Reader reader(options);
  reader.receive(stream);
  return reader.finish();
}

using Texts = std::vector<std::string>;

TEST(RelpCodec, ReadsWhatRsyslogSends) {
  const std::string offers = "relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog";
  const Outcome outcome = outcome_of("1 open 86 " + offers + "\n2 syslog 5 <1>a\n\n3 syslog 4 <2>b\n4 close 0\n");
  EXPECT_EQ(outcome.frames, (Texts{"<1>a\n", "<2>b"}));
  EXPECT_EQ(outcome.transactions, (Texts{"1 open " + offers, "2 syslog #0", "3 syslog #1", "4 close"}));
  EXPECT_EQ(outcome.counters, RelpCodec::Counters{});
}

TEST(RelpCodec, ReadsTheLargestNumbersAndLeadingZeros) {
  EXPECT_EQ(outcome_of("999999999 syslog 000000001 a\n0 serverclose 0\n").transactions,
            (Texts{"999999999 syslog #0", "0 unknown"}));
}

TEST(RelpCodec, GivesAnEmptyLineNoFrameButATransaction) {
  for (const char* stream : {"1 syslog 0\n", "1 syslog 0 \n", "1 syslog 00\n"}) {
    const Outcome outcome = outcome_of(stream);
    EXPECT_EQ(outcome.frames, Texts{});
    EXPECT_EQ(outcome.transactions, (Texts{"1 syslog"}));
  }
}

TEST(RelpCodec, KeepsNewlinesInsideALine) {
  EXPECT_EQ(outcome_of("1 syslog 14 a\n2 syslog 1 b\n\n").frames, (Texts{"a\n2 syslog 1 b"}));
}

TEST(RelpCodec, SkipsTheDataOfUnknownCommandsAndOfClose) {
  const Outcome outcome = outcome_of("1 starttls 0\n2 eventlog 5 a\nb\nc\n3 close 2 by\n4 SYSLOG 1 a\n");
  EXPECT_EQ(outcome.transactions, (Texts{"1 unknown", "2 unknown", "3 close", "4 unknown"}));
  EXPECT_EQ(outcome.counters, RelpCodec::Counters{});
}

TEST(RelpCodec, AcceptsACommandOf32LettersAndRefuses33) {
  EXPECT_EQ(outcome_of("1 " + std::string(32, 'x') + " 0\n").transactions, (Texts{"1 unknown"}));
  EXPECT_EQ(outcome_of("1 " + std::string(33, 'x') + " 0\n").error, RelpError::not_a_command);
}

TEST(RelpCodec, StopsAtWhatIsNoRelpAndKeepsWhatCameBefore) {
  struct Case {
    std::string bad;
    RelpError error;
  };
  for (const Case& c : {
           Case{"<34>1 - host", RelpError::not_a_number},
           Case{"\n", RelpError::not_a_number},
           Case{" 2 syslog 1 a\n", RelpError::not_a_number},
           Case{"2\n", RelpError::not_a_number},
           Case{"1234567890", RelpError::not_a_number},
           Case{"\x16\x03\x01", RelpError::not_a_number},
           Case{"83 <34>1", RelpError::not_a_command},
           Case{"2  1 a\n", RelpError::not_a_command},
           Case{"2 sys_log", RelpError::not_a_command},
           Case{"2 syslog\n", RelpError::not_a_command},
           Case{"2 syslog  ", RelpError::not_a_length},
           Case{"2 syslog x", RelpError::not_a_length},
           Case{"2 syslog 5\n", RelpError::not_a_length},
           Case{"2 syslog 1234567890", RelpError::not_a_length},
           Case{"2 open 4097 ", RelpError::offers_too_long},
       }) {
    Reader reader({});
    reader.receive("1 syslog 1 a\n" + c.bad);
    EXPECT_EQ(reader.codec().error(), c.error) << c.bad;
    EXPECT_EQ(reader.codec().error_bytes(), c.bad.substr(0, 16));
    reader.receive("2 syslog 1 b\n");
    const Outcome outcome = reader.finish();
    EXPECT_EQ(outcome.frames, (Texts{"a"})) << c.bad;
    EXPECT_EQ(outcome.counters, (RelpCodec::Counters{0, c.bad.size() + 13, 1})) << c.bad;
  }
}

TEST(RelpCodec, GivesNoFrameAndNoTransactionWhereTheNewlineBehindTheDataIsMissing) {
  for (const char* stream : {"1 syslog 1 ab", "1 syslog 0 a", "1 open 1 ab", "1 close 1 ab", "1 other 0 a"}) {
    const Outcome outcome = outcome_of(stream);
    EXPECT_EQ(outcome.error, RelpError::not_an_end) << stream;
    EXPECT_EQ(outcome.frames, Texts{}) << stream;
    EXPECT_EQ(outcome.transactions, Texts{}) << stream;
  }
}

TEST(RelpCodec, KeepsALineOfExactlyTheLimitAndTruncatesOneByteMore) {
  EXPECT_EQ(outcome_of("1 syslog 4 abcd\n", {.max_frame_bytes = 4}), (Outcome{{"abcd"}, {"1 syslog #0"}, {}}));
  EXPECT_EQ(outcome_of("1 syslog 5 abcde\n2 syslog 1 x\n", {.max_frame_bytes = 4}),
            (Outcome{{"abcd (truncated)", "x"}, {"1 syslog #0 begun", "1 syslog", "2 syslog #1"}, {1, 1, 0}}));
}

TEST(RelpCodec, CompletesATransactionOnlyWhenTheRestOfItsLongLineHasGoneBy) {
  Reader reader({.max_frame_bytes = 4});
  reader.receive("7 syslog 10 abcd");
  EXPECT_EQ(reader.tail(), "");
  reader.receive("efghij");
  Reader unfinished = reader;
  EXPECT_EQ(unfinished.finish(), (Outcome{{"abcd (truncated)"}, {"7 syslog #0 begun"}, {1, 6, 0}}));
  reader.receive("\n");
  EXPECT_EQ(reader.finish().transactions, (Texts{"7 syslog #0 begun", "7 syslog"}));
}

TEST(RelpCodec, NeverNeedsToHoldMoreThanTheLimitOfAnEndlessLine) {
  Reader reader({.max_frame_bytes = 10'000});
  reader.receive("1 syslog 100000 ");
  for (int i = 0; i < 1000; ++i) reader.receive(std::string(100, 'x'));  // the reader checks the tail each time
  reader.receive("\n2 syslog 1 y\n");
  const Outcome outcome = reader.finish();
  EXPECT_EQ(outcome.frames, (Texts{std::string(10'000, 'x') + " (truncated)", "y"}));
  EXPECT_EQ(outcome.counters, (RelpCodec::Counters{1, 90'000, 0}));
}

TEST(RelpCodec, KeepsOffersWholeHoweverShortLinesMustBe) {
  const std::string offers(RelpCodec::kMaxOfferBytes, 'x');
  EXPECT_EQ(outcome_of("1 open 4096 " + offers + "\n", {.max_frame_bytes = 1}).transactions,
            (Texts{"1 open " + offers}));
}

TEST(RelpCodec, DiscardsAndCountsTheCommandThatTheEndOfTheStreamCuts) {
  EXPECT_EQ(outcome_of("1 syslog 1 a\n2 sys"), (Outcome{{"a"}, {"1 syslog #0"}, {0, 5, 0}}));
  EXPECT_EQ(outcome_of("1 syslog 1 a\n2 syslog 3 bc"), (Outcome{{"a"}, {"1 syslog #0"}, {0, 2, 0}}));
}

TEST(RelpCodec, TellsHowLongTheDataWillBeThatTheTailBegins) {
  Reader reader({});
  reader.receive("1 syslog 300 <1>");
  EXPECT_EQ(reader.codec().expected(), 301u);
  EXPECT_EQ(reader.tail(), "<1>");
}

TEST(RelpCodec, WritesThePeerAndThePlaceInTheSlotIntoEveryFrame) {
  RelpCodec codec({.peer = 7});
  std::vector<FrameRef> frames(1);
  std::vector<RelpTransaction> transactions;
  EXPECT_EQ(codec.cut("1 open 3 a=b\n2 syslog 1 x\n3 syslog 1 y\n", 40, frames, transactions), 39u);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[1].offset, 64u);
  EXPECT_EQ(frames[2].offset, 77u);
  EXPECT_EQ(frames[2].peer, 7u);
  EXPECT_EQ(transactions[0].data_offset, 49u);
  EXPECT_EQ(transactions[2].frame, 2u);
}

TEST(RelpCodec, RefusesAStateThatNoCodecGave) {
  for (const RelpCodec::State& state : {RelpCodec::State{.place = 3}, RelpCodec::State{.skip = 1'000'000'000},
                                        RelpCodec::State{.command = static_cast<RelpCommand>(4)}}) {
    RelpCodec codec({}, state);
    EXPECT_EQ(codec.error(), RelpError::bad_state);
    std::vector<FrameRef> frames;
    std::vector<RelpTransaction> transactions;
    EXPECT_EQ(codec.cut("1 syslog 1 a\n", 0, frames, transactions), 13u);
    EXPECT_TRUE(transactions.empty());
  }
}

// Streams with every kind of trouble, for the cutting tests below.
std::vector<std::pair<std::string, RelpCodecOptions>> troublesome_streams() {
  const std::string open = "1 open 30 relp_version=0\ncommands=syslog\n";
  const std::vector<std::string> streams = {
      open + "2 syslog 5 hello\n3 syslog 0\n4 syslog 0 \n5 syslog 12 0123456789ab\n6 close 0\n0 serverclose 0\n",
      open + "2 eventlog 9 012345678\n3 syslog 9 a\n\0\r\n 1 b\n4 syslog 300"s,
      open + "2 syslog 20 0123456789012345678x\n3 syslog 1 a\n4 syslog 5 abcde!",
      "1 syslog 9 012345678!2 syslog 1 a\n",
      "1 close 3 abcx",
      "999999999 syslog 000000008 abcdefgh\n1234567890 syslog 1 a\n",
      "1 syslog 1 a\n<34>1 - host",
      "1 syslog 1 a\n2 syslog 0x",
      "1 abcdefghijklmnopqrstuvwxyzabcdef 1 a\n2 abcdefghijklmnopqrstuvwxyzabcdefg 0\n",
      "1 open 4096",
      "1 open 4097 a",
      "\n",
  };
  std::vector<std::pair<std::string, RelpCodecOptions>> all;
  for (const std::string& stream : streams) {
    for (const uint32_t limit : {1u, 7u, 100u}) all.push_back({stream, {.max_frame_bytes = limit}});
  }
  return all;
}

TEST(RelpCodec, GivesTheSameWhereverTheStreamIsCutInTwo) {
  for (const auto& [stream, options] : troublesome_streams()) {
    const Outcome whole = outcome_of(stream, options);
    for (size_t cut = 0; cut <= stream.size(); ++cut) {
      Reader reader(options);
      reader.receive(stream.substr(0, cut));
      reader.receive(stream.substr(cut));
      ASSERT_EQ(reader.finish(), whole) << testing::PrintToString(stream) << " cut at " << cut;
    }
  }
}

TEST(RelpCodec, GivesTheSameHoweverTheStreamIsCut) {
  std::mt19937 random(20261130);
  for (const auto& [stream, options] : troublesome_streams()) {
    const Outcome whole = outcome_of(stream, options);
    for (int round = 0; round < 20; ++round) {
      Reader reader(options);
      for (size_t at = 0; at < stream.size();) {
        const size_t length = round == 0 ? 1 : random() % 6;
        reader.receive(std::string_view(stream).substr(at, length));
        at += length;
      }
      ASSERT_EQ(reader.finish(), whole) << testing::PrintToString(stream) << " round " << round;
    }
  }
}

TEST(RelpCodec, GoesOnFromItsStateWhereverTheProcessDies) {
  for (const auto& [stream, options] : troublesome_streams()) {
    const Outcome whole = outcome_of(stream, options);
    for (size_t cut = 0; cut <= stream.size(); ++cut) {
      Reader reader(options);
      reader.receive(stream.substr(0, cut));
      reader.crash();
      reader.receive(stream.substr(cut));
      ASSERT_EQ(reader.finish(), whole) << testing::PrintToString(stream) << " died at " << cut;
    }
  }
}

TEST(RelpCodec, GivesTheSameForRandomStreamsByteByByteThroughCrashes) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"1",     "0",        " ",       "\n",     "syslog",         "open",
                                           "close", " syslog ", "3 abc\n", "12 abc", "1 syslog 3 abc", "x",
                                           "\0"s,   "99999"};
  for (int round = 0; round < 20'000; ++round) {
    std::string stream;
    for (size_t i = random() % 12; i > 0; --i) stream += pieces[random() % pieces.size()];
    const RelpCodecOptions options{.max_frame_bytes = 1 + static_cast<uint32_t>(random() % 5)};
    Reader reader(options);
    for (const char c : stream) {
      reader.receive(std::string(1, c));
      if (random() % 2) reader.crash();
    }
    ASSERT_EQ(reader.finish(), outcome_of(stream, options)) << testing::PrintToString(stream);
  }
}

}  // namespace
}  // namespace sluice
