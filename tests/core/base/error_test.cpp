#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace sluice {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Unexpected(Error{std::to_string(n) + " is odd"});
  return n / 2;
}

Result<void> check(bool fine) {
  if (!fine) return Unexpected(Error{"not fine"});
  return {};
}

TEST(Result, HoldsAValue) {
  const Result<int> r = half(8);
  ASSERT_TRUE(r);
  EXPECT_TRUE(r.has_value());
  EXPECT_EQ(*r, 4);
}

TEST(Result, OrTheReasonWhyThereIsNone) {
  const Result<int> r = half(7);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message, "7 is odd");
}

TEST(Result, OfNothingIsFineByItself) {
  EXPECT_TRUE(check(true));
  ASSERT_FALSE(check(false));
  EXPECT_EQ(check(false).error().message, "not fine");
}

TEST(Result, GivesUpWhatCanOnlyMove) {
  Result<std::unique_ptr<int>> r = std::make_unique<int>(3);
  const std::unique_ptr<int> owned = std::move(*r);
  EXPECT_EQ(*owned, 3);
}

TEST(Result, TakesAnEnumAsItsError) {
  enum class Problem { none, bad };
  const Result<int, Problem> r = Unexpected(Problem::bad);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error(), Problem::bad);
}

TEST(SystemError, IsASentenceWithTheReason) {
  const Error e = system_error("open /var/lib/sluice/1.seg", ENOSPC);
  EXPECT_EQ(e.message, "open /var/lib/sluice/1.seg: No space left on device");
  EXPECT_EQ(e.sys, ENOSPC);
}

}  // namespace
}  // namespace sluice
