#include "core/memory/memory_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/core/memory/fake_machine.h"

namespace sluice {
namespace {

constexpr uint64_t kMiB = 1 << 20;

TEST(MemoryFiles, ReadsResidentPagesAndMachineMemory) {
  FakeMachine machine;
  machine.write("/proc/self/statm", "800 200 100 5 0 150 0\n");
  machine.write("/proc/meminfo", "MemTotal:        2048000 kB\nMemFree:  1 kB\n");
  MemoryFiles files(machine.root());
  EXPECT_EQ(files.rss(), 200u * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(files.machine_memory(), 2048000u * 1024);
}

TEST(MemoryFiles, MissingFilesGiveNothing) {
  FakeMachine machine;
  MemoryFiles files(machine.root());
  EXPECT_EQ(files.rss(), 0u);
  EXPECT_EQ(files.machine_memory(), 0u);
  EXPECT_FALSE(files.cgroup());
  EXPECT_FALSE(files.cgroup_limit());
  EXPECT_FALSE(files.pressure());
}

TEST(MemoryFiles, GarbledFilesGiveNothing) {
  FakeMachine machine;
  machine.write("/proc/self/statm", "12");
  machine.write("/proc/self/cgroup", "0\n::\n0:::\n\n0:memory\nx:memory:");
  machine.write("/proc/meminfo", "MemTotal: many kB\n");
  machine.write("/proc/pressure/memory", "some avg10=\nfull avg10=50.00");
  machine.write("/sys/fs/cgroup/memory.stat", "");
  machine.write("/sys/fs/cgroup/memory.max", "-5\n");
  MemoryFiles files(machine.root());
  EXPECT_EQ(files.rss(), 0u);
  EXPECT_EQ(files.machine_memory(), 0u);
  EXPECT_FALSE(files.cgroup());
  EXPECT_FALSE(files.pressure());
}

TEST(MemoryFiles, Version2GroupCountsWithoutItsPageCache) {
  FakeMachine machine;
  machine.write("/proc/self/cgroup", "0::/system.slice/sluiced.service\n");
  machine.group_v2("/system.slice/sluiced.service", 90 * kMiB, "104857600");
  machine.write("/sys/fs/cgroup/system.slice/sluiced.service/memory.stat",
                "anon 31457280\nfile 60000000\ninactive_file 41943040\nactive_file 10485760\n");
  MemoryFiles files(machine.root());
  ASSERT_TRUE(files.cgroup());
  EXPECT_EQ(files.cgroup()->limit, 100 * kMiB);
  EXPECT_EQ(files.cgroup()->used, 40 * kMiB);
  EXPECT_EQ(files.cgroup_limit(), 100 * kMiB);
}

TEST(MemoryFiles, GroupWithoutLimitIsNone) {
  FakeMachine machine;
  machine.write("/proc/self/cgroup", "0::/a\n");
  machine.group_v2("/a", kMiB, "max");
  MemoryFiles files(machine.root());
  EXPECT_FALSE(files.cgroup());
  EXPECT_FALSE(files.cgroup_limit());
}

TEST(MemoryFiles, LimitsOfGroupsAboveCount) {
  FakeMachine machine;
  machine.write("/proc/self/cgroup", "0::/a/b/c\n");
  machine.group_v2("", 0, "max");
  machine.group_v2("/a", 190 * kMiB, std::to_string(200 * kMiB));
  machine.group_v2("/a/b", 10 * kMiB, "max");
  machine.group_v2("/a/b/c", 10 * kMiB, std::to_string(100 * kMiB));
  MemoryFiles files(machine.root());
  EXPECT_EQ(files.cgroup_limit(), 100 * kMiB);  // the smallest limit
  ASSERT_TRUE(files.cgroup());
  EXPECT_EQ(files.cgroup()->limit, 200 * kMiB);  // but the fullest is another
  EXPECT_EQ(files.cgroup()->used, 190 * kMiB);
}

TEST(MemoryFiles, ContainersGroupLiesAtTheMountsRoot) {
  FakeMachine machine;
  machine.write("/proc/self/cgroup", "0::/outside/that/is/not/visible\n");
  machine.group_v2("", 30 * kMiB, std::to_string(64 * kMiB));
  MemoryFiles files(machine.root());
  EXPECT_EQ(files.cgroup_limit(), 64 * kMiB);
}

TEST(MemoryFiles, Version1GroupIsReadBesideVersion2) {
  FakeMachine machine;
  machine.write("/proc/self/cgroup", "9:name=systemd:/\n4:memory:/box\n1:cpu:/\n0::/\n");
  const std::string box = "/sys/fs/cgroup/memory/box";
  machine.write(box + "/memory.usage_in_bytes", std::to_string(50 * kMiB));
  machine.write(box + "/memory.limit_in_bytes", std::to_string(80 * kMiB));
  machine.write(box + "/memory.stat", "inactive_file 1\ntotal_inactive_file 10485760\ntotal_active_file 0\n");
  machine.write("/sys/fs/cgroup/memory/memory.stat", "");
  machine.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  MemoryFiles files(machine.root());
  ASSERT_TRUE(files.cgroup());
  EXPECT_EQ(files.cgroup()->limit, 80 * kMiB);
  EXPECT_EQ(files.cgroup()->used, 40 * kMiB);
}

TEST(MemoryFiles, PressureOfOurGroupComesBeforeTheMachines) {
  FakeMachine machine;
  machine.write("/proc/pressure/memory", "some avg10=40.00 avg60=0.00\nfull avg10=90.00\n");
  EXPECT_EQ(MemoryFiles(machine.root()).pressure(), 0.4);
  machine.write("/proc/self/cgroup", "0::/a\n");
  machine.group_v2("/a", kMiB, "max");
  EXPECT_EQ(MemoryFiles(machine.root()).pressure(), 0.4);  // the group does not say
  machine.write("/sys/fs/cgroup/a/memory.pressure", "some avg10=2.50 avg60=0.00\n");
  EXPECT_EQ(MemoryFiles(machine.root()).pressure(), 0.025);
}

TEST(MemoryFiles, RealFilesAreUnderstood) {
  const MemoryFiles files;
  EXPECT_GT(files.rss(), 100'000u);
  EXPECT_GT(files.machine_memory(), files.rss());
  if (const auto group = files.cgroup()) {
    EXPECT_GT(group->used, 0u);
    EXPECT_GE(group->limit, *files.cgroup_limit());
  }
  if (const auto pressure = files.pressure()) {
    EXPECT_LE(*pressure, 1.0);
  }
}

}  // namespace
}  // namespace sluice
