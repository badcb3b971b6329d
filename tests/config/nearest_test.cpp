#include "config/nearest.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

constexpr std::string_view kWords[] = {"address", "name", "max_connections", "idle_timeout"};

TEST(Nearest, FindsAWordWithASlip) {
  EXPECT_EQ(nearest("adress", kWords), "address");
  EXPECT_EQ(nearest("addresss", kWords), "address");
  EXPECT_EQ(nearest("nmae", kWords), "name");
  EXPECT_EQ(nearest("max_conections", kWords), "max_connections");
  EXPECT_EQ(nearest("idle-timeout", kWords), "idle_timeout");
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest("port", kWords), "");
  EXPECT_EQ(nearest("nm", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest(std::string(65, 'a'), kWords), "");
}

TEST(EditDistance, CountsInsertionsRemovalsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", "abd"), 1u);
  EXPECT_EQ(edit_distance("abc", "acb"), 1u);
  EXPECT_EQ(edit_distance("abcd", "bacd"), 1u);
  EXPECT_EQ(edit_distance("abc", "ab"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance(std::string(64, 'a'), std::string(64, 'b')), 64u);
}

}  // namespace
}  // namespace sluice
