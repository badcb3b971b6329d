#include "core/record/layout.h"

#include <gtest/gtest.h>

#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

std::string spelled(std::string_view layout) {
  std::string out;
  LayoutCursor cursor(layout);
  std::string_view literal;
  Piece piece;
  while (cursor.next(literal, piece)) {
    out += literal;
    out += '{' + std::to_string(static_cast<int>(piece)) + '}';
  }
  return out;
}

SpannedEvent json(std::string_view host, std::string_view level) {
  SpannedEvent event;
  event.literal("{\"host\":\"").piece(Piece::hostname, host).literal("\",\"level\":\"").piece(Piece::value, level);
  event.literal("\"}");
  return event;
}

TEST(LayoutTable, GivesFramesThatDifferOnlyInTheirPiecesOneLayout) {
  LayoutTable table;
  const SpannedEvent a = json("web-1", "info"), b = json("db", "");
  EXPECT_EQ(table.index_of(a.event()), table.index_of(b.event()));
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(spelled(table.text(0)), "{\"host\":\"{3}\",\"level\":\"{9}\"}{0}");
}

TEST(LayoutTable, TellsLayoutsApartThatDifferInALiteralAPieceOrTheEnd) {
  LayoutTable table;
  std::vector<SpannedEvent> events(6);
  events[0].literal("a").piece(Piece::value, "x").literal("b");
  events[1].literal("a").piece(Piece::value, "x").literal("c");
  events[2].literal("a").piece(Piece::message, "x").literal("b");
  events[3].literal("ab").piece(Piece::value, "x");
  events[4].literal("a").piece(Piece::value, "x").piece(Piece::value, "y").literal("b");
  events[5].piece(Piece::value, "x");
  for (uint32_t round = 0; round < 3; ++round) {
    for (uint32_t i = 0; i < events.size(); ++i) EXPECT_EQ(table.index_of(events[i].event()), i);
  }
}

TEST(LayoutTable, KnowsThousandsOfLayoutsAndForgetsThemAllWhenCleared) {
  LayoutTable table;
  const auto layout = [](int i) { return SpannedEvent().literal(std::to_string(i)).piece(Piece::value, "v"); };
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5000; ++i) EXPECT_EQ(table.index_of(layout(i).event()), static_cast<uint32_t>(i));
    for (int i = 0; i < 5000; ++i) EXPECT_EQ(table.index_of(layout(i).event()), static_cast<uint32_t>(i));
    table.clear();
    EXPECT_EQ(table.size(), 0u);
  }
}

TEST(LayoutTable, TakesAnEmptyFrameAndOneOfAllTheSpansThereCanBe) {
  LayoutTable table;
  EXPECT_EQ(spelled(table.text(table.index_of(Event()))), "{0}");
  SpannedEvent event;
  std::string expected;
  for (size_t i = 0; i < kMaxSpans + 5; ++i) {
    event.literal(",").piece(Piece::value, "v");
    expected += i < kMaxSpans ? ",{9}" : ",v";
  }
  EXPECT_EQ(spelled(table.text(table.index_of(event.event()))), expected + "{0}");
}

TEST(LayoutCursor, StopsWhereALayoutIsDamaged) {
  const std::string layout("\2ab\x09\0\0", 6);
  EXPECT_EQ(spelled(layout), "ab{9}{0}");
  EXPECT_EQ(spelled(layout.substr(0, 5)), "ab{9}");
  EXPECT_EQ(spelled(layout.substr(0, 3)), "");
  EXPECT_EQ(spelled(""), "");
  EXPECT_EQ(spelled("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01z"), "");
}

}  // namespace
}  // namespace sluice
