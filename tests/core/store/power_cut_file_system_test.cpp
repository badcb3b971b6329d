#include "tests/support/power_cut_file_system.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace sluice {
namespace {

const std::string kDir = "/disk";
const std::string kPath = kDir + "/a";

class PowerCutFileSystemTest : public testing::Test {
 protected:
  PowerCutFileSystemTest() { EXPECT_TRUE(fs_.make_directory(kDir)); }

  std::unique_ptr<File> durable_file(const std::string& bytes) {
    auto file = std::move(*fs_.create(kPath));
    EXPECT_TRUE(file->append(bytes) && file->sync() && fs_.sync_directory(kDir));
    return file;
  }
  // What a machine finds that starts after a power cut, for each of many seeds.
  void after_cuts(const std::function<void(PowerCutFileSystem&)>& look) const {
    for (uint64_t seed = 0; seed < 400; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      const auto machine = fs_.snapshot();
      machine->power_cut(seed);
      look(*machine);
    }
  }
  std::set<std::string> contents_after_cuts() const {
    std::set<std::string> found;
    after_cuts([&](PowerCutFileSystem& machine) { found.insert(machine.bytes(kPath)); });
    return found;
  }
  std::set<std::set<std::string>> names_after_cuts() const {
    std::set<std::set<std::string>> found;
    after_cuts([&](PowerCutFileSystem& machine) {
      const auto names = *machine.list(kDir);
      found.emplace(names.begin(), names.end());
    });
    return found;
  }

  PowerCutFileSystem fs_;
};

std::string sector(char c) { return std::string(PowerCutFileSystem::kSector, c); }
const std::string kLost = sector('\0');

using Contents = std::set<std::string>;
using Names = std::set<std::set<std::string>>;

TEST_F(PowerCutFileSystemTest, WhatWasSyncedIsThere) {
  durable_file("synced");
  EXPECT_EQ(contents_after_cuts(), Contents{"synced"});
}

TEST_F(PowerCutFileSystemTest, AnUnsyncedWriteIsKeptDroppedOrZeros) {
  const auto file = durable_file("synced");
  EXPECT_TRUE(file->append("ab"));
  EXPECT_EQ(contents_after_cuts(), (Contents{"synced", "syncedab", std::string("synced\0\0", 8)}));
}

TEST_F(PowerCutFileSystemTest, OfATornWriteAnySectorsAreThere) {
  const auto file = durable_file("");
  EXPECT_TRUE(file->append(sector('1') + sector('2')));
  EXPECT_EQ(contents_after_cuts(),
            (Contents{"", sector('1') + sector('2'), sector('1') + kLost, kLost + sector('2'), kLost + kLost}));
}

TEST_F(PowerCutFileSystemTest, AWriteIsTornWhereSectorsOfTheFileBegin) {
  const auto file = durable_file("xy");
  const std::string rest(PowerCutFileSystem::kSector - 2, 'r');
  EXPECT_TRUE(file->append(rest + "z"));
  EXPECT_TRUE(contents_after_cuts().contains("xy" + rest + std::string(1, '\0')));
  EXPECT_TRUE(contents_after_cuts().contains("xy" + std::string(rest.size(), '\0') + "z"));
}

TEST_F(PowerCutFileSystemTest, ALaterWriteMayBeThereWhileAnEarlierOneIsNot) {
  const auto file = durable_file("");
  EXPECT_TRUE(file->append("a") && file->append("b"));
  EXPECT_EQ(contents_after_cuts(), (Contents{"", "a", std::string(1, '\0'), "ab", std::string("a\0", 2),
                                             std::string("\0b", 2), std::string(2, '\0')}));
}

TEST_F(PowerCutFileSystemTest, AnUnsyncedTruncationIsKeptOrDroppedAlsoBeforeAWriteThatIsKept) {
  const auto file = durable_file("abcd");
  EXPECT_TRUE(file->truncate(1) && file->append("X"));
  const Contents found = contents_after_cuts();
  for (const char* possible : {"abcd", "a", "aX", "aXcd"}) EXPECT_TRUE(found.contains(possible)) << possible;
}

TEST_F(PowerCutFileSystemTest, EachUnsyncedNameIsKeptOrDropped) {
  durable_file("");
  EXPECT_TRUE(fs_.create(kDir + "/b") && fs_.create(kDir + "/c") && fs_.remove(kPath));
  EXPECT_EQ(names_after_cuts(), (Names{{}, {"b"}, {"c"}, {"b", "c"}, {"a"}, {"a", "b"}, {"a", "c"}, {"a", "b", "c"}}));
  EXPECT_TRUE(fs_.sync_directory(kDir));
  EXPECT_EQ(names_after_cuts(), (Names{{"b", "c"}}));
}

TEST_F(PowerCutFileSystemTest, ARenamedFileHasOneOfItsNamesAndItsSyncedBytes) {
  durable_file("synced");
  EXPECT_TRUE(fs_.rename(kPath, kDir + "/b"));
  EXPECT_EQ(names_after_cuts(), (Names{{"a"}, {"b"}}));
  after_cuts([](PowerCutFileSystem& machine) {
    EXPECT_EQ(machine.bytes(machine.exists(kPath) ? kPath : kDir + "/b"), "synced");
  });
}

TEST_F(PowerCutFileSystemTest, BytesSyncedBeforeTheNameAreThereIfTheNameIs) {
  auto file = std::move(*fs_.create(kPath));
  EXPECT_TRUE(file->append("synced") && file->sync());
  after_cuts([](PowerCutFileSystem& machine) {
    if (machine.exists(kPath)) {
      EXPECT_EQ(machine.bytes(kPath), "synced");
    }
  });
  EXPECT_EQ(names_after_cuts(), (Names{{}, {"a"}}));
}

TEST_F(PowerCutFileSystemTest, TheSameSeedLosesTheSameAndWhatIsThereAfterwardsIsDurable) {
  const auto file = durable_file("");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(file->append(sector('a')));
  const auto one = fs_.snapshot(), other = fs_.snapshot();
  one->power_cut(7);
  other->power_cut(7);
  const std::string found = one->bytes(kPath);
  EXPECT_EQ(found, other->bytes(kPath));
  one->power_cut(8);
  EXPECT_EQ(found, one->bytes(kPath));
}

TEST_F(PowerCutFileSystemTest, AProcessThatIsKilledLosesNothingAndItsFilesAreClosed) {
  const auto lock = std::move(*fs_.lock(kDir + "/lock"));
  const auto file = durable_file("synced");
  EXPECT_TRUE(file->append(" not synced"));
  fs_.kill();
  EXPECT_EQ(fs_.bytes(kPath), "synced not synced");
  EXPECT_FALSE(file->append("by the dead"));
  EXPECT_TRUE(fs_.lock(kDir + "/lock")) << "is held by the dead";
  fs_.power_cut(1);
  EXPECT_TRUE(fs_.bytes(kPath).starts_with("synced"));
}

TEST_F(PowerCutFileSystemTest, ASnapshotIsAMachineOfItsOwn) {
  const auto lock = std::move(*fs_.lock(kDir + "/lock"));
  const auto file = durable_file("a");
  EXPECT_TRUE(file->append("b"));
  const auto machine = fs_.snapshot();
  EXPECT_TRUE(file->append("c"));
  EXPECT_TRUE(fs_.remove(kPath));
  EXPECT_EQ(machine->bytes(kPath), "ab");
  EXPECT_TRUE(machine->lock(kDir + "/lock"));
  EXPECT_TRUE((*machine->open_append(kPath))->append("d"));
  EXPECT_EQ(machine->bytes(kPath), "abd");
  EXPECT_FALSE(fs_.exists(kPath));
}

TEST_F(PowerCutFileSystemTest, WhatDiesInTheMiddleOfAWriteLeavesHalfOfIt) {
  const auto file = durable_file("");
  fs_.fail_after(1);
  EXPECT_TRUE(file->append("ab"));
  EXPECT_FALSE(file->append("cdef"));
  EXPECT_FALSE(file->append("gh"));
  fs_.kill();
  EXPECT_EQ(fs_.bytes(kPath), "abcd");
}

}  // namespace
}  // namespace sluice
