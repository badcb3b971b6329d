// The real `sluicectl stats`, `verify`, `config` and its help.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/end_to_end/child.h"
#include "tests/support/store_builder.h"

namespace sluice {
namespace {

class CtlStore : public ::testing::Test {
 protected:
  Finished ctl(const std::string& command) const {
    return run({SLUICE_CTL, command, "--store", store_.path()}, {"TZ=UTC"});
  }
  // Changes one byte of the first segment.
  void damage(uint64_t offset) const {
    std::fstream file(store_.reader()->segments()[0].path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char was = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(was ^ 0x20));
  }
  void add_lines() {
    for (int i = 0; i < 30; ++i) {
      store_.line("<" + std::to_string(i % 2 == 0 ? 11 : 14) + ">1 2026-11-23T10:15:" + std::to_string(10 + i) +
                  "Z host-" + std::to_string(i % 25) + " app - - - x");
    }
    store_.repeat(1, 5);
    store_.seal();
    store_.line("plain text", {.listener = "other"});
    store_.seal();
  }

  StoreBuilder store_;
};

TEST_F(CtlStore, StatsCountLinesByTheirFields) {
  add_lines();
  const Finished done = ctl("stats");
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.err, "");
  const auto has = [&](const std::string& text) {
    EXPECT_NE(done.out.find(text), std::string::npos) << text << " in\n" << done.out;
  };
  has("Lines     31, and 5 repeats of them\n");
  has("Time      2026-11-23T10:15:10.000000+00:00 to 2026-11-23T10:15:39.000000+00:00\n");
  has("Files     1 segments, 2 blocks\n");
  has("\nHosts (26)\n");
  has("and 6 more");
  has("\nApps (2)\n");
  has("\nListeners (2)\n");
  has("rfc5424");
  has("96.8 %");
}

TEST_F(CtlStore, StatsAsJsonAreOneObject) {
  add_lines();
  const Finished done = run({SLUICE_CTL, "stats", "--json", "--store", store_.path()});
  EXPECT_EQ(done.status, 0);
  const auto has = [&](const std::string& text) {
    EXPECT_NE(done.out.find(text), std::string::npos) << text << " in\n" << done.out;
  };
  has("\"lines\":31,\"repeats\":5,");
  has("\"first_time\":\"2026-11-23T10:15:10Z\"");
  has("\"segments\":1,\"blocks\":2,\"damaged\":0,");
  has(R"("severities":{"top":[{"name":"err","lines":15},{"name":"info","lines":15},{"name":"notice","lines":1}],"names":3,"rest":{"names":0,"lines":0}})");
  has(R"("names":26,"rest":{"names":6,"lines":6}})");
}

TEST_F(CtlStore, StatsOfAnEmptyStoreAreZero) {
  const Finished done = ctl("stats");
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.out.find("Lines     0, and 0 repeats of them\n"), std::string::npos) << done.out;
}

TEST_F(CtlStore, VerifyOfAWholeStoreIsClean) {
  add_lines();
  EXPECT_EQ(ctl("verify").status, 0);  // while it is written
  store_.close();
  const Finished done = ctl("verify");
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.out, "1 segments, 2 blocks, 31 lines: no damage\n");
}

TEST_F(CtlStore, VerifyFindsAnyChangedByte) {
  add_lines();
  store_.close();
  const auto size = store_.reader()->segments()[0].bytes;
  for (uint64_t offset = 0; offset < size; offset += 97) {
    damage(offset);
    const Finished done = ctl("verify");
    EXPECT_EQ(done.status, 1) << "byte " << offset << " of " << size << ": " << done.out;
    EXPECT_NE(done.out.find(": offset "), std::string::npos) << done.out;
    damage(offset);  // back
  }
  EXPECT_EQ(ctl("verify").status, 0);
}

TEST_F(CtlStore, VerifyNamesFilesPutAsideAndUnfinishedMerges) {
  add_lines();
  store_.close();
  std::ofstream(store_.path() + "/0000000007-0000000009.m1.seg.tmp") << "half";
  Finished done = ctl("verify");
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.out.find("not whole yet, no damage: " + store_.path() + "/0000000007-0000000009.m1.seg.tmp: "),
            std::string::npos)
      << done.out;
  std::ofstream(store_.path() + "/0000000003.seg.damaged") << "what was left";
  std::ofstream(store_.path() + "/spool.damaged.1") << "slots";
  done = ctl("verify");
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.out.find("/0000000003.seg.damaged: offset 0, 13 bytes: put aside"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("/spool.damaged.1: offset 0, 5 bytes: put aside"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find(": 2 damaged places"), std::string::npos) << done.out;
}

TEST_F(CtlStore, WithoutAStoreTheyCouldNot) {
  for (const char* command : {"stats", "verify"}) {
    const Finished done = run({SLUICE_CTL, command, "--store", "/nonexistent/store"});
    EXPECT_EQ(done.status, 2);
    EXPECT_EQ(done.err, "sluicectl: there is no store at /nonexistent/store (--store says where it is)\n");
  }
}

TEST_F(CtlStore, AFileIsNotAStore) {
  const Finished done = run({SLUICE_CTL, "verify", "--store", SLUICE_CTL});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, std::string("sluicectl: ") + SLUICE_CTL + " is not a directory; a store is one\n");
}

TEST(Ctl, SaysItsVersionAndItsCommands) {
  EXPECT_EQ(run({SLUICE_CTL, "--version"}).out.rfind("sluicectl ", 0), 0u);
  const Finished help = run({SLUICE_CTL, "--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* command : {"logs", "stats", "verify", "status", "parse", "frame", "config"}) {
    EXPECT_NE(help.out.find(std::string("\n  ") + command + " "), std::string::npos) << command;
    EXPECT_EQ(run({SLUICE_CTL, command, "--help"}).status, 0) << command;
  }
}

TEST(Ctl, WithoutACommandItHelpsAndSaysThatNothingWasDone) {
  const Finished done = run({SLUICE_CTL});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.out, "");
  EXPECT_NE(done.err.find("Subcommands:"), std::string::npos);
  EXPECT_EQ(run({SLUICE_CTL, "nonsense"}).status, 2);
}

TEST(Ctl, StatusWithoutADaemonIsToldInOneLine) {
  const Finished done = run({SLUICE_CTL, "status", "--address", "127.0.0.1:1"});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, "sluicectl: nobody answers at 127.0.0.1:1: Connection refused (does sluiced run?)\n");
}

TEST(Ctl, ConfigCheckTellsErrorsWithTheirPlace) {
  TempDirectory directory;
  const std::string path = directory.path() + "/sluice.yaml";
  std::ofstream(path) << "workers: 2\n";
  const Finished good = run({SLUICE_CTL, "config", "check", path});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(good.out, path + " is good: 2 listeners, store at /var/lib/sluice\n");
  std::ofstream(path) << "wrokers: 2\n";
  const Finished bad = run({SLUICE_CTL, "config", "check", path});
  EXPECT_EQ(bad.status, 2);
  EXPECT_NE(bad.err.find("sluice.yaml:1:1: wrokers: unknown key"), std::string::npos) << bad.err;
}

TEST(Ctl, ConfigKeysNamesThem) {
  const Finished done = run({SLUICE_CTL, "config", "keys"});
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.out.find("store.path"), std::string::npos);
}

}  // namespace
}  // namespace sluice
