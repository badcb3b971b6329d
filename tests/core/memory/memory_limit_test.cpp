#include "core/memory/memory_limit.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

TEST(MemoryLimit, IsAQuarterOfTheMachine) {
  const MemoryLimit limit = resolve_memory_limit({.machine = 4 * kGiB});
  EXPECT_EQ(limit.bytes, 4 * kGiB / 100 * 25);
  EXPECT_EQ(limit.reason, "1024 MiB: 25 % of the machine's 4.0 GiB");
}

TEST(MemoryLimit, IsFourFifthsOfASmallerControlGroup) {
  const MemoryLimit limit = resolve_memory_limit({.machine = 64 * kGiB, .cgroup = 512 * kMiB});
  EXPECT_EQ(limit.bytes, 512 * kMiB / 100 * 80);
  EXPECT_EQ(limit.reason, "410 MiB: 80 % of the control group's limit of 512 MiB");
}

TEST(MemoryLimit, LargerControlGroupDoesNotMatter) {
  EXPECT_EQ(resolve_memory_limit({.machine = 4 * kGiB, .cgroup = 3 * kGiB}).bytes, 4 * kGiB / 100 * 25);
}

TEST(MemoryLimit, HasAFloorAndACap) {
  EXPECT_EQ(resolve_memory_limit({.machine = 256 * kMiB}).bytes, 128 * kMiB);
  EXPECT_EQ(resolve_memory_limit({.machine = 0}).bytes, 128 * kMiB);
  EXPECT_EQ(resolve_memory_limit({.machine = 512 * kGiB}).bytes, 4 * kGiB);
}

TEST(MemoryLimit, FloorNeverLiftsItOverTheControlGroup) {
  const MemoryLimit limit = resolve_memory_limit({.machine = 64 * kGiB, .cgroup = 50 * kMiB});
  EXPECT_EQ(limit.bytes, 50 * kMiB / 100 * 80);
  EXPECT_NE(limit.reason.find("less than the 128 MiB that is sensible"), std::string::npos);
}

TEST(BytesText, HasAUnitThatFits) {
  EXPECT_EQ(bytes_text(0), "0 bytes");
  EXPECT_EQ(bytes_text(1023), "1023 bytes");
  EXPECT_EQ(bytes_text(1024), "1.0 KiB");
  EXPECT_EQ(bytes_text(100 << 10), "100 KiB");
  EXPECT_EQ(bytes_text(1536 * kMiB), "1.5 GiB");
  EXPECT_EQ(bytes_text(~uint64_t{0}), "16.0 EiB");
}

}  // namespace
}  // namespace sluice
