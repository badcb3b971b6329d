#include "core/frame/framer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::string_literals;

// What a stream gave: the frames' bytes with a mark for each flag, and the counts.
struct Outcome {
  std::vector<std::string> frames;
  Framer::Counters counters;
  FramingError error = FramingError::none;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
  for (const std::string& frame : outcome.frames) *out << '[' << testing::PrintToString(frame) << ']';
  *out << " truncated " << outcome.counters.truncated << " discarded " << outcome.counters.discarded_bytes << " errors "
       << outcome.counters.framing_errors;
}

// A reader as the daemon has it: one slot, the tail moved to its start before every read.
class Reader {
 public:
  explicit Reader(FramerOptions options) : framer_(options) {}

  void receive(std::string_view bytes) {
    slot_ = tail_ + std::string(bytes);
    frames_.clear();
    const size_t used = framer_.cut(slot_, kOffset, frames_);
    ASSERT_LE(used, slot_.size());
    take_frames();
    tail_ = slot_.substr(used);
    ASSERT_LE(tail_.size(), framer_.max_tail());
  }

  Outcome finish() {
    frames_.clear();
    slot_ = tail_;
    framer_.finish(slot_, kOffset, frames_);
    take_frames();
    outcome_.counters = framer_.counters();
    outcome_.error = framer_.error();
    return outcome_;
  }

  const Framer& framer() const { return framer_; }
  const std::vector<std::string>& frames() const { return outcome_.frames; }
  const std::string& tail() const { return tail_; }

 private:
  static constexpr uint32_t kOffset = 100;  // the data's place in its slot; any will do
  void take_frames() {
    for (const FrameRef& frame : frames_) {
      std::string text = slot_.substr(frame.offset - kOffset, frame.length);
      if (frame.flags & kFrameTruncated) text += " (truncated)";
      if (frame.flags & kFrameCutShort) text += " (cut short)";
      outcome_.frames.push_back(text);
    }
  }

  Framer framer_;
  std::string slot_, tail_;
  std::vector<FrameRef> frames_;
  Outcome outcome_;
};

Outcome outcome_of(std::string_view stream, FramerOptions options) {
  Reader reader(options);
  reader.receive(stream);
  return reader.finish();
}

using Frames = std::vector<std::string>;
constexpr FramerOptions kNewline{.mode = FramingMode::newline};
constexpr FramerOptions kOctets{.mode = FramingMode::octet_counting};
constexpr FramerOptions kNul{.mode = FramingMode::nul};
constexpr FramerOptions kAutomatic{};

TEST(Framer, EndsALineAtEveryNewline) {
  EXPECT_EQ(outcome_of("<1>a\n<2>b\n", kNewline).frames, (Frames{"<1>a", "<2>b"}));
}

TEST(Framer, KeepsCarriageReturnAndNulBeforeTheNewline) {
  EXPECT_EQ(outcome_of("a\r\nb\0\n"s, kNewline).frames, (Frames{"a\r", "b\0"s}));
}

TEST(Framer, SkipsEmptyLines) { EXPECT_EQ(outcome_of("\n\na\n\n", kNewline).frames, (Frames{"a"})); }

TEST(Framer, TakesTheUnfinishedLastLineAtTheEnd) { EXPECT_EQ(outcome_of("a\nb", kNewline).frames, (Frames{"a", "b"})); }

TEST(Framer, GivesNothingForAnEmptyStream) {
  for (const FramerOptions& options : {kNewline, kOctets, kNul, kAutomatic}) {
    EXPECT_EQ(outcome_of("", options), Outcome{});
  }
}

TEST(Framer, KeepsNulInsideALineUnlessToldThatItEndsFrames) {
  EXPECT_EQ(outcome_of("a\0b\nc"s, kNewline).frames, (Frames{"a\0b"s, "c"}));
  EXPECT_EQ(outcome_of("a\0b\nc\0\n"s, {.mode = FramingMode::newline, .nul_ends_frames = true}).frames,
            (Frames{"a", "b", "c"}));
}

TEST(Framer, FindsTheEndOfFramesLongerThanOnePieceOfTheSearch) {
  const std::string longer(1000, 'x');
  EXPECT_EQ(outcome_of(longer + "\0"s + longer + "\n" + longer, {.nul_ends_frames = true}).frames,
            (Frames{longer, longer, longer}));
}

TEST(Framer, EndsAFrameAtNulAndKeepsNewlinesInsideIt) {
  EXPECT_EQ(outcome_of("{\n}\0{}\0{"s, kNul).frames, (Frames{"{\n}", "{}", "{"}));
}

TEST(Framer, ReadsOctetCounts) {
  EXPECT_EQ(outcome_of("4 <1>a12 <2>b\n3 <3>c\n", kOctets).frames, (Frames{"<1>a", "<2>b\n3 <3>c\n"}));
}

TEST(Framer, SkipsUncountedTrailersBetweenCountedFrames) {
  EXPECT_EQ(outcome_of("1 a\n1 b\r\n\0"s + "1 c", kOctets).frames, (Frames{"a", "b", "c"}));
}

TEST(Framer, FlagsACountedFrameThatTheEndOfTheStreamCutsShort) {
  const Outcome outcome = outcome_of("1 a5 bcd", kOctets);
  EXPECT_EQ(outcome.frames, (Frames{"a", "bcd (cut short)"}));
  EXPECT_EQ(outcome.error, FramingError::none);
}

TEST(Framer, ReportsAStreamThatEndsInsideACount) {
  for (const char* stream : {"1 a12", "1 a12 "}) {
    const Outcome outcome = outcome_of(stream, kOctets);
    EXPECT_EQ(outcome.frames, (Frames{"a"}));
    EXPECT_EQ(outcome.error, FramingError::count_cut_short);
    EXPECT_EQ(outcome.counters.framing_errors, 1u);
  }
}

TEST(Framer, StopsAtWhatIsNoCountAndKeepsWhatCameBefore) {
  for (const char* bad : {"x", " 1 a", "01 a", "0 ", "1a ", "1\n", "-1 a", "<1>a"}) {
    Reader reader(kOctets);
    reader.receive("1 a"s + bad);
    EXPECT_EQ(reader.framer().error(), FramingError::not_a_count) << bad;
    EXPECT_EQ(reader.framer().error_bytes(), bad);
    reader.receive("1 b");
    const Outcome outcome = reader.finish();
    EXPECT_EQ(outcome.frames, (Frames{"a"})) << bad;
    EXPECT_EQ(outcome.counters, (Framer::Counters{0, std::string_view(bad).size() + 3, 1})) << bad;
  }
}

TEST(Framer, AcceptsNineDigitsAndRefusesTen) {
  EXPECT_EQ(outcome_of("999999999 a", kOctets).frames, (Frames{"a (cut short)"}));
  const Outcome outcome = outcome_of("9999999999 a", kOctets);
  EXPECT_EQ(outcome.frames, Frames{});
  EXPECT_EQ(outcome.error, FramingError::count_too_large);
  EXPECT_EQ(outcome.counters.discarded_bytes, 12u);
}

TEST(Framer, KeepsAFrameOfExactlyTheLimitAndTruncatesOneByteMore) {
  FramerOptions lines{.mode = FramingMode::newline, .max_frame_bytes = 4};
  EXPECT_EQ(outcome_of("abcd\nx\n", lines), (Outcome{{"abcd", "x"}, {}}));
  EXPECT_EQ(outcome_of("abcde\nx\n", lines), (Outcome{{"abcd (truncated)", "x"}, {1, 1, 0}}));
  EXPECT_EQ(outcome_of("abcdefg", lines), (Outcome{{"abcd (truncated)"}, {1, 3, 0}}));
  FramerOptions octets{.mode = FramingMode::octet_counting, .max_frame_bytes = 4};
  EXPECT_EQ(outcome_of("4 abcd1 x", octets), (Outcome{{"abcd", "x"}, {}}));
  EXPECT_EQ(outcome_of("5 abcde1 x", octets), (Outcome{{"abcd (truncated)", "x"}, {1, 1, 0}}));
}

TEST(Framer, NeverNeedsToHoldMoreThanTheLimitOfAnEndlessLine) {
  Reader reader({.max_frame_bytes = 1000});
  for (int i = 0; i < 1000; ++i) reader.receive(std::string(100, 'x'));  // the reader checks the tail each time
  reader.receive("\nnext\n");
  const Outcome outcome = reader.finish();
  EXPECT_EQ(outcome.frames, (Frames{std::string(1000, 'x') + " (truncated)", "next"}));
  EXPECT_EQ(outcome.counters, (Framer::Counters{1, 99'000, 0}));
}

TEST(Framer, DecidesByTheFirstBytesHowAStreamIsFramed) {
  struct Case {
    std::string stream;
    FramingMode mode;
    Frames frames;
  };
  for (const Case& c : {
           Case{"4 <1>a", FramingMode::octet_counting, {"<1>a"}},
           Case{"2 {}2 {}", FramingMode::octet_counting, {"{}", "{}"}},
           Case{"123456789 <1>", FramingMode::octet_counting, {"<1> (cut short)"}},
           Case{"1234567890 <1>", FramingMode::newline, {"1234567890 <1>"}},
           Case{"0 <1>", FramingMode::newline, {"0 <1>"}},
           Case{"04 <1>", FramingMode::newline, {"04 <1>"}},
           Case{"12 monkeys\n", FramingMode::newline, {"12 monkeys"}},
           Case{"12  <1>", FramingMode::newline, {"12  <1>"}},
           Case{"12<1>", FramingMode::newline, {"12<1>"}},
           Case{" 4 <1>a", FramingMode::newline, {" 4 <1>a"}},
           Case{"<1>a\n4 <1>b\n", FramingMode::newline, {"<1>a", "4 <1>b"}},
           Case{"\n4 <1>b\n", FramingMode::newline, {"4 <1>b"}},
           Case{"12", FramingMode::newline, {"12"}},
           Case{"12 ", FramingMode::newline, {"12 "}},
           Case{"1\n", FramingMode::newline, {"1"}},
       }) {
    Reader reader(kAutomatic);
    reader.receive(c.stream);
    EXPECT_EQ(reader.finish().frames, c.frames) << c.stream;
    EXPECT_EQ(reader.framer().mode(), c.mode) << c.stream;
  }
}

TEST(Framer, WaitsForTheByteAfterTheCountBeforeItDecides) {
  Reader reader(kAutomatic);
  for (const char* piece : {"1", "2", " "}) {
    reader.receive(piece);
    EXPECT_EQ(reader.framer().mode(), FramingMode::automatic);
  }
  EXPECT_EQ(reader.tail(), "12 ");
  reader.receive("<");
  EXPECT_EQ(reader.framer().mode(), FramingMode::octet_counting);
}

TEST(Framer, DoesNotLetAMessageSmuggleFramesOfTheOtherKind) {
  EXPECT_EQ(outcome_of("<1>a\n9 <0>fake\n<2>b\n", kAutomatic).frames, (Frames{"<1>a", "9 <0>fake", "<2>b"}));
  EXPECT_EQ(outcome_of("13 <1>a\n<0>fake\n4 <2>b", kAutomatic).frames, (Frames{"<1>a\n<0>fake\n", "<2>b"}));
}

TEST(Framer, TellsHowLongTheFrameWillBeThatTheTailBegins) {
  Reader reader(kOctets);
  reader.receive("300 <1>");
  EXPECT_EQ(reader.framer().expected(), 300u);
  EXPECT_EQ(reader.tail(), "<1>");
}

TEST(Framer, WritesThePeerIntoEveryFrame) {
  Framer framer({.peer = 7});
  std::vector<FrameRef> frames;
  EXPECT_EQ(framer.cut("a\nb\nc", 40, frames), 4u);
  framer.finish("c", 90, frames);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[1].offset, 42u);
  EXPECT_EQ(frames[2].offset, 90u);
  for (const FrameRef& frame : frames) EXPECT_EQ(frame.peer, 7u);
}

// Streams with every kind of trouble, for the cutting tests below.
std::vector<std::pair<std::string, FramerOptions>> troublesome_streams() {
  std::vector<std::pair<std::string, FramerOptions>> all;
  const std::vector<std::string> streams = {
      "<1>a\n\n\r\nbcdefgh\n0123456789ab\nx\0y\0\nlast"s,
      "4 <1>a10 <2>bcdefgh\n3 <3>1 x20 01234567890123456789\n\0\r\n5 <4>"s,
      "4 <1>a7 abcdefgx4 <2>b",
      "4 {} \n1234567890 a",
      "12 {}1",
      "123 monkeys\n4 <1>b\n",
      "123456789 {cut short",
      "1234567890 <1>a\n",
      "12345678901234567890",
      "1 a00000000001 <1>",
      "1",
      "\0\0\n\n"s,
  };
  for (const std::string& stream : streams) {
    for (const FramingMode mode :
         {FramingMode::automatic, FramingMode::newline, FramingMode::octet_counting, FramingMode::nul}) {
      for (const uint32_t limit : {1u, 7u, 100u}) {
        for (const bool nul : {false, true}) {
          all.push_back({stream, {.mode = mode, .max_frame_bytes = limit, .nul_ends_frames = nul}});
        }
      }
    }
  }
  return all;
}

TEST(Framer, GivesTheSameFramesWhereverTheStreamIsCutInTwo) {
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

TEST(Framer, GivesTheSameFramesHoweverTheStreamIsCut) {
  std::mt19937 random(20261123);
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

TEST(Framer, AccountsForEveryByteOfRandomStreams) {
  std::mt19937 random(7);
  const std::string alphabet = "0123 <{a\n\r\0"s;
  for (int round = 0; round < 20'000; ++round) {
    std::string stream(random() % 40, ' ');
    for (char& c : stream) c = alphabet[random() % alphabet.size()];
    const FramerOptions options{.mode = static_cast<FramingMode>(random() % 4),
                                .max_frame_bytes = 1 + static_cast<uint32_t>(random() % 9)};
    const Outcome whole = outcome_of(stream, options);
    Reader reader(options);
    for (const char c : stream) reader.receive(std::string(1, c));
    ASSERT_EQ(reader.finish(), whole) << testing::PrintToString(stream);
    if (reader.framer().mode() == FramingMode::octet_counting) continue;  // counts and trailers are not frames
    uint64_t accounted = whole.counters.discarded_bytes;
    for (const std::string& frame : whole.frames) {
      accounted += frame.size() - (frame.ends_with(" (truncated)") ? 12 : 0);
    }
    const char delimiter = options.mode == FramingMode::nul ? '\0' : '\n';
    accounted += static_cast<uint64_t>(std::count(stream.begin(), stream.end(), delimiter));
    ASSERT_EQ(accounted, stream.size()) << testing::PrintToString(stream);
  }
}

}  // namespace
}  // namespace sluice
