#include "core/spool/slot_lines.h"

#include <arpa/inet.h>

#include "core/frame/relp_codec.h"
#include "core/spool/datagram_rounds.h"
#include "tests/core/spool/spool_fixture.h"

namespace sluice {
namespace {

using Texts = std::vector<std::string>;

class SlotLinesTest : public testing::Test {
 protected:
  SlotLines cut(bool rest_went_on = false) { return cut_slot(slot_, rest_went_on, interner_); }
  SlotHeader& header() { return header_of(slot_); }

  BufferPool pool_{{.max_bytes = 1 << 20}};
  Interner interner_;
  Slot slot_ = pool_.acquire(SlotSize::small);
};

TEST_F(SlotLinesTest, WholeLinesAreCutAgainAndTheRestIsALineCutShort) {
  fill_stream(slot_, "one\ntwo\nthr");
  const SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"one", "two"}));
  EXPECT_EQ(texts_of(slot_, lines.end), (Texts{"thr"}));
  EXPECT_EQ(lines.end[0].flags, kFrameCutShort);
  EXPECT_EQ(interner_.text(lines.frames[0].peer), "192.0.2.7");
  EXPECT_FALSE(lines.damaged);
}

TEST_F(SlotLinesTest, ARestThatWentOnElsewhereIsNoLineHere) {
  fill_stream(slot_, "one\ntwo\nthr");
  const SlotLines lines = cut(/*rest_went_on=*/true);
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"one", "two"}));
  EXPECT_TRUE(lines.end.empty());
}

TEST_F(SlotLinesTest, ARestWhoseEndTheReaderSawIsAWholeLine) {
  fill_stream(slot_, "one\ntwo");
  header().end_id = 9;
  EXPECT_EQ(cut().end[0].flags, kFrameWhole);
  header().cut_short = 1;
  EXPECT_EQ(cut().end[0].flags, kFrameCutShort) << "it was a start after a crash that gave it the number";
}

TEST_F(SlotLinesTest, ACountedFrameThatIsNotWholeIsCutShort) {
  fill_stream(slot_, "3 one10 begi", 1, false, FramingMode::octet_counting);
  const SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"one"}));
  EXPECT_EQ(texts_of(slot_, lines.end), (Texts{"begi"}));
}

TEST_F(SlotLinesTest, ALineOverTheLimitIsCutToItAndFlagged) {
  fill_stream(slot_, "0123456789\nab\n", 1, false, FramingMode::newline, 4);
  const SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"0123", "ab"}));
  EXPECT_EQ(lines.frames[0].flags, kFrameTruncated);
}

TEST_F(SlotLinesTest, AFramingErrorEndsTheSlotAsItEndedTheStream) {
  fill_stream(slot_, "3 onex no count", 1, false, FramingMode::octet_counting);
  const SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"one"}));
  EXPECT_TRUE(lines.end.empty());
}

TEST_F(SlotLinesTest, MoreBytesThanTheSlotHasIsDamage) {
  fill_stream(slot_, "one\n");
  header().message.msg_len = static_cast<unsigned>(slot_.size() + 1);
  EXPECT_TRUE(cut().damaged);
  header().message.msg_len = UINT32_MAX;
  header().tail_bytes = UINT32_MAX;
  EXPECT_TRUE(cut().damaged);
}

TEST_F(SlotLinesTest, AKindThatIsNotKnownIsDamage) {
  fill_stream(slot_, "one\n");
  header().kind = SlotKind::none;
  EXPECT_TRUE(cut().damaged);
  header().kind = SlotKind{77};
  EXPECT_TRUE(cut().damaged);
}

TEST_F(SlotLinesTest, ARelpSlotGivesTheLinesOfItsWholeCommandsAndNoMore) {
  fill_stream(slot_, "1 open 0\n2 syslog 5 first\n3 syslog 6 second\n4 syslog 9 unfin");
  header().kind = SlotKind::relp;
  std::memset(header().framing, 0, sizeof header().framing);
  const RelpCodec::State begin;
  std::memcpy(header().framing, &begin, sizeof begin);
  const SlotLines lines = cut();
  EXPECT_FALSE(lines.damaged);
  ASSERT_EQ(lines.frames.size(), 2u);
  EXPECT_EQ(std::string(slot_.data() + lines.frames[1].offset, lines.frames[1].length), "second");
  EXPECT_TRUE(lines.end.empty()) << "a command that was not whole was not answered: its sender has it";
}

// A reader that is killed after any byte, with its partial frame moved on or not yet: every line once.
TEST_F(SlotLinesTest, AStreamInTwoSlotsGivesEachLineOnceWhereverItWasCut) {
  for (const auto& [mode, bytes] : {std::pair{FramingMode::newline, "first line\nsecond\n\nthird one\nlast"},
                                    {FramingMode::octet_counting, "5 first6 second\n11 third is it4 last"},
                                    {FramingMode::automatic, "5 <13>a7 <13>bcd\n11 <13>third i4 {  }"},
                                    {FramingMode::automatic, "<13>first\n<13>second\n<13>third\n{last}"}}) {
    const std::string_view stream(bytes);
    Texts wanted;
    {
      Framer framer({.mode = mode, .max_frame_bytes = 8});
      std::vector<FrameRef> frames;
      const size_t used = framer.cut(stream, 0, frames);
      framer.finish(stream.substr(used), static_cast<uint32_t>(used), frames);
      for (const FrameRef& frame : frames) wanted.emplace_back(stream.substr(frame.offset, frame.length));
    }
    for (size_t at = 1; at < stream.size(); ++at) {
      Slot first = pool_.acquire(SlotSize::small);
      Slot second = pool_.acquire(SlotSize::small);
      fill_stream(first, stream.substr(0, at), 1, false, mode, 8);
      // What the reader does with it: the tail goes on, with the state behind it.
      Framer framer({.mode = mode, .max_frame_bytes = 8});
      std::vector<FrameRef> frames;
      const size_t used = framer.cut(stream.substr(0, at), 0, frames);
      const auto tail = static_cast<uint32_t>(at - used);
      const FramingState state = framer.state();
      std::memcpy(second.data(), first.data() + used, tail);
      describe_slot(second, {.file_id = kTestFileId, .peer = "192.0.2.7", .max_frame_bytes = 8}, 2, 0, bytes_of(state),
                    {.previous = tail > 0 ? uint64_t{1} : 0, .bytes = tail});
      std::memcpy(second.data() + tail, stream.data() + at, stream.size() - at);
      header_of(second).message.msg_len = static_cast<unsigned>(stream.size() - at);

      SlotLines lines = cut_slot(first, /*rest_went_on=*/tail > 0, interner_);
      Texts texts = texts_of(first, lines.frames);
      EXPECT_TRUE(tail == 0 || lines.end.empty());
      lines = cut_slot(second, false, interner_);
      for (const auto& part : {lines.frames, lines.end}) {
        for (std::string& text : texts_of(second, part)) texts.push_back(std::move(text));
      }
      EXPECT_EQ(texts, wanted) << "cut after " << at << " of " << stream;

      // Killed before the second slot: all of the first is there, and nothing else.
      lines = cut_slot(first, false, interner_);
      std::string all;
      for (const std::string& text : texts_of(first, lines.frames)) all += text;
      for (const std::string& text : texts_of(first, lines.end)) all += text;
      EXPECT_LE(all.size(), at);
    }
  }
}

// ---- datagrams ----

class DatagramLinesTest : public SlotLinesTest {
 protected:
  void describe(bool gelf, uint32_t max_frame = 1000) {
    describe_slot(slot_,
                  {.file_id = kTestFileId, .source = "udp", .max_frame_bytes = max_frame, .kind = SlotKind::datagrams},
                  1, 0, gelf ? std::string_view(&kLooksForGelf, 1) : std::string_view());
    rounds_ = DatagramRounds(slot_);
  }
  mmsghdr& arrive(std::string_view bytes, size_t stride = 100) {
    const DatagramRound round = rounds_.begin(stride, 1);
    auto& address = reinterpret_cast<sockaddr_in&>(*round.sender(0));
    address.sin_family = AF_INET;
    inet_pton(AF_INET, "198.51.100.3", &address.sin_addr);
    std::memcpy(round.data(0), bytes.data(), std::min(bytes.size(), stride));
    round.headers()[0].msg_len = static_cast<unsigned>(bytes.size());
    return round.headers()[0];
  }
  DatagramRounds rounds_;
};

TEST_F(DatagramLinesTest, EachDatagramIsALineOfItsSender) {
  describe(false);
  arrive("one");
  arrive("two\n");
  const SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"one", "two\n"}));
  EXPECT_EQ(interner_.text(lines.frames[0].peer), "198.51.100.3");
  EXPECT_TRUE(lines.end.empty());
}

TEST_F(DatagramLinesTest, WhatIsOverTheLimitOrItsStrideIsTruncated) {
  describe(false, 4);
  arrive("012345");
  arrive("0123", 2);
  const SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"0123", "01"}));
  EXPECT_EQ(lines.frames[0].flags, kFrameTruncated);
  EXPECT_EQ(lines.frames[1].flags, kFrameTruncated);
}

TEST_F(DatagramLinesTest, ChunksAndCompressedBodiesArePendingWhereTheyAreLookedFor) {
  const std::string chunk(
      "\x1e\x0f"
      "12345678"
      "\x00\x02"
      "part",
      16);
  describe(true);
  arrive("{\"version\":\"1.1\"}");
  mmsghdr& message = arrive(chunk);
  arrive("\x1f\x8b gzip");
  SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"{\"version\":\"1.1\"}"}));
  ASSERT_EQ(lines.pending.size(), 2u);
  EXPECT_EQ(std::string_view(slot_.data() + lines.pending[0].offset, lines.pending[0].length), chunk);
  EXPECT_EQ(lines.pending[0].header, &message);

  lines.pending[0].header->msg_len = 0;  // it has gone on elsewhere
  EXPECT_EQ(cut().pending.size(), 1u);

  describe(false);
  arrive(chunk);
  EXPECT_EQ(cut().frames.size(), 1u) << "to a listener for syslog they are lines as any";
}

TEST_F(DatagramLinesTest, RoundsThatDoNotAddUpAreDamageAndWhatIsBeforeThemCounts) {
  describe(false);
  arrive("one");
  header().rounds_end += 8;
  const SlotLines lines = cut();
  EXPECT_EQ(texts_of(slot_, lines.frames), (Texts{"one"}));
  EXPECT_TRUE(lines.damaged);
}

}  // namespace
}  // namespace sluice
