#include "core/parse/structured_data.h"

#include <string>

#include "core/parse/event.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(StructuredData, ReadsElementsAndUndoesEscapes) {
  StructuredData data;
  ASSERT_TRUE(data.parse(R"([a x="1" y="q\"b\]s\\"][empty])"));
  ASSERT_EQ(data.elements().size(), 2u);
  EXPECT_EQ(data.elements()[0].id, "a");
  EXPECT_EQ(data.find("a", "x"), "1");
  EXPECT_EQ(data.find("a", "y"), R"(q"b]s\)");
  EXPECT_TRUE(data.params(data.elements()[1]).empty());
  EXPECT_EQ(data.find("a", "z"), std::nullopt);
  EXPECT_EQ(data.find("b", "x"), std::nullopt);
}

TEST(StructuredData, IsEmptyWithoutText) {
  StructuredData data;
  EXPECT_TRUE(data.parse(""));
  EXPECT_TRUE(data.elements().empty());
}

TEST(StructuredData, RepairsAsTheParserDoes) {
  StructuredData data;
  ASSERT_TRUE(data.parse(R"([ a x=1  y="]" z="\n" ][])"));
  EXPECT_EQ(data.find("a", "x"), "1");
  EXPECT_EQ(data.find("a", "y"), "]");
  EXPECT_EQ(data.find("a", "z"), "\\n");
  EXPECT_EQ(data.elements().size(), 1u);
}

TEST(StructuredData, MergesARepeatedIdAndKeepsRepeatedNames) {
  StructuredData data;
  ASSERT_TRUE(data.parse(R"([a x="1"][b y="2"][a x="3"])"));
  ASSERT_EQ(data.elements().size(), 2u);
  const auto params = data.params(data.elements()[0]);
  ASSERT_EQ(params.size(), 2u);
  EXPECT_EQ(params[0].value, "1");
  EXPECT_EQ(params[1].value, "3");
  EXPECT_EQ(data.find("a", "x"), "3");
}

TEST(StructuredData, FindsAmongFewAndAmongMany) {
  for (const int count : {1, 7, 8, 9, 15, 16, 17, 1000}) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "[id" + std::to_string(i) + " n=\"" + std::to_string(i) + "\"]";
    text += text;  // every id twice
    StructuredData data;
    ASSERT_TRUE(data.parse(text));
    ASSERT_EQ(data.elements().size(), static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(data.find("id" + std::to_string(i), "n"), std::to_string(i));
      EXPECT_EQ(data.params(data.elements()[static_cast<size_t>(i)]).size(), 2u);
    }
    EXPECT_EQ(data.find("id" + std::to_string(count), "n"), std::nullopt);
  }
}

TEST(StructuredData, SaysWhereItEnds) {
  SdMeasurer measurer;
  const SdMeasure measure = measurer.measure("[a x=\"1\"][b] text");
  EXPECT_FALSE(measure.broken);
  EXPECT_EQ(measure.length, 12u);
  EXPECT_EQ(measure.flags, 0u);
}

TEST(StructuredData, IsBrokenWhenItIsNotPlainWhatWasMeant) {
  SdMeasurer measurer;
  StructuredData data;
  for (std::string_view text : {"[", "[a", "[a x", "[a x]", "[a x=", "[a x=\"", "[a x=\"1", "[a x=\"1\"", "[a=\"1\"]",
                                "[a x=\"1\"\"]", "[a x=b\"c]", "[\"a\"]", "[a x=\"1\\\"]"}) {
    EXPECT_TRUE(measurer.measure(text).broken) << text;
    EXPECT_FALSE(data.parse(text)) << text;
  }
}

TEST(StructuredData, FlagsNamesOfOverThirtyTwoOctets) {
  SdMeasurer measurer;
  const std::string name(32, 'n');
  EXPECT_EQ(measurer.measure("[" + name + " " + name + "=\"1\"]").flags, 0u);
  EXPECT_EQ(measurer.measure("[" + name + "n]").flags, uint32_t{kFieldOverlong});
  EXPECT_EQ(measurer.measure("[a " + name + "n=\"1\"]").flags, uint32_t{kFieldOverlong});
}

}  // namespace
}  // namespace sluice
