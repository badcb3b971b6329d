// The real sluicectl over stores that the real store wrote.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/end_to_end/child.h"
#include "tests/support/store_builder.h"

namespace sluice {
namespace {

class CtlLogs : public ::testing::Test {
 protected:
  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {SLUICE_CTL, "logs", "--store", store_.path()});
    return arguments;
  }
  Finished logs(std::vector<std::string> arguments = {}) const {
    return run(command(std::move(arguments)), {"TZ=UTC"});
  }
  std::string out(std::vector<std::string> arguments) const {
    const Finished done = logs(std::move(arguments));
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.err, "");
    return done.out;
  }

  void add_three() {
    store_.line("<11>1 2026-11-23T10:15:30.5Z web-1 sshd 4711 - - Failed password for root");
    store_.line("<14>Nov 23 10:15:31 web-2 cron[12]: job done");
    store_.line("no header at all");
    store_.seal();
  }

  StoreBuilder store_;
};

TEST_F(CtlLogs, ShowsLinesAsJournalctlDoes) {
  add_three();
  EXPECT_EQ(out({}),
            "Nov 23 10:15:30 192.0.2.7 no header at all\n"
            "Nov 23 10:15:30 web-1 sshd[4711]: Failed password for root\n"
            "Nov 23 10:15:31 web-2 cron[12]: job done\n");
}

TEST_F(CtlLogs, ShowsTimesInTheLocalZone) {
  add_three();
  const Finished done = run(command({"-o", "short-iso", "-n", "2"}), {"TZ=Europe/Berlin"});
  EXPECT_EQ(done.out,
            "2026-11-23T11:15:30.500000+01:00 web-1 sshd[4711]: Failed password for root\n"
            "2026-11-23T11:15:31.000000+01:00 web-2 cron[12]: job done\n");
}

TEST_F(CtlLogs, RawGivesTheReceivedBytes) {
  add_three();
  using std::string_literals::operator""s;
  const std::string odd = "<13>1 - - - - - - a\0b\xff\r"s;
  store_.line(odd);
  store_.seal();
  EXPECT_EQ(out({"-o", "raw", "-n", "3"}),
            odd +
                "\n<11>1 2026-11-23T10:15:30.5Z web-1 sshd 4711 - - Failed password for root\n"
                "<14>Nov 23 10:15:31 web-2 cron[12]: job done\n");
}

TEST_F(CtlLogs, CatGivesTheMessageAlone) {
  add_three();
  store_.line(R"({"time":"2026-11-23T10:16:00Z","msg":"two\nlines"})");
  store_.seal();
  EXPECT_EQ(out({"-o", "cat", "-n", "2"}), "job done\ntwo\nlines\n");
}

TEST_F(CtlLogs, AMessageOfSeveralLinesIsIndented) {
  store_.line(R"({"time":"2026-11-23T10:16:00Z","host":"web-1","msg":"two\nlines\n"})");
  store_.seal();
  EXPECT_EQ(out({}), "Nov 23 10:16:00 web-1 two\n                      lines\n");
}

TEST_F(CtlLogs, JsonHasTheKeysOfParseAndThoseOfTheStore) {
  const uint64_t id = store_.line(R"(<34>1 2026-01-02T03:04:05.006Z web-1 sshd 7 LOGIN [a@1 b="c"] hi)");
  store_.repeat(id, 2);
  store_.seal();
  EXPECT_EQ(out({"-o", "json"}),
            R"({"facility":4,"severity":2,"version":1,"timestamp":"2026-01-02T03:04:05.006Z","hostname":"web-1",)"
            R"("app_name":"sshd","procid":"7","msgid":"LOGIN","structured_data":{"a@1":{"b":"c"}},"message":"hi",)"
            R"("id":1,"received":"2026-11-23T10:15:30.001Z","listener":"in","peer":"192.0.2.7","format":"rfc5424",)"
            R"("flags":[],"repeats":2})"
            "\n");
}

TEST_F(CtlLogs, JsonNamesWhatWasAssumedAndKeepsExtraFields) {
  store_.line("plain");
  store_.line(R"({"msg":"x","user":"ann"})");
  store_.seal();
  const std::string all = out({"-o", "json"});
  EXPECT_NE(all.find(R"("format":"raw","flags":["time_assumed","pri_absent"])"), std::string::npos) << all;
  EXPECT_NE(all.find(R"("structured_data":{"json":{"user":"ann"}},"message":"x")"), std::string::npos) << all;
}

TEST_F(CtlLogs, ChoosesByEveryCondition) {
  add_three();
  const std::string ssh = "Failed password for root\n", cron = "job done\n", plain = "no header at all\n";
  EXPECT_EQ(out({"-o", "cat", "-p", "err"}), ssh);
  EXPECT_EQ(out({"-o", "cat", "-p", "6..info"}), cron);
  EXPECT_EQ(out({"-o", "cat", "-t", "sshd", "-t", "cron"}), ssh + cron);
  EXPECT_EQ(out({"-o", "cat", "-H", "web-2"}), cron);
  EXPECT_EQ(out({"-o", "cat", "--host", "web-2", "-t", "sshd"}), "");
  EXPECT_EQ(out({"-o", "cat", "-g", "failed .* root"}), ssh);
  EXPECT_EQ(out({"-o", "cat", "-g", "FAILED"}), "");
  EXPECT_EQ(out({"-o", "cat", "-g", "FAILED", "--case-sensitive=false"}), ssh);
  EXPECT_EQ(out({"-o", "cat", "--since", "2026-11-23 10:15:31"}), cron);
  EXPECT_EQ(out({"-o", "cat", "--until", "2026-11-23 10:15:30.5"}), plain + ssh);
  EXPECT_EQ(out({"-o", "cat", "-r"}), cron + ssh + plain);
  EXPECT_EQ(out({"-o", "cat", "-n", "1"}), cron);
  EXPECT_EQ(out({"-o", "cat", "-n2"}), ssh + cron);
  EXPECT_EQ(out({"-o", "cat", "-rn", "1"}), cron);
  EXPECT_EQ(out({"-o", "cat", "-n", "all"}), plain + ssh + cron);
  EXPECT_EQ(out({"-o", "cat", "-n", "0"}), "");
}

TEST_F(CtlLogs, LinesAloneMeansTen) {
  for (int i = 0; i < 12; ++i) store_.line("<13>1 2026-11-23T10:15:" + std::to_string(10 + i) + "Z - - - - - x");
  store_.seal();
  EXPECT_EQ(out({"-n", "-o", "cat"}), "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\n");
}

TEST_F(CtlLogs, ACollapsedLineShowsOnceWithItsCount) {
  const uint64_t id = store_.line("<13>1 2026-11-23T10:15:30Z web-1 app - - - again");
  store_.seal();
  store_.repeat(id, 2);
  store_.seal();
  EXPECT_EQ(out({}),
            "Nov 23 10:15:30 web-1 app: again \xc3\x97"
            "3\n");
  EXPECT_EQ(out({"-o", "cat"}), "again\n");
  EXPECT_EQ(out({"-o", "cat", "--repeats"}), "again\nagain\nagain\n");
  EXPECT_EQ(out({"--repeats", "-n", "2"}), "Nov 23 10:15:30 web-1 app: again\nNov 23 10:15:30 web-1 app: again\n");
}

TEST_F(CtlLogs, AHeaderCannotForgeALine) {
  store_.line(R"({"time":"2026-11-23T10:16:00Z","host":"a\nNov 24 00:00:00 b","msg":"x"})");
  store_.seal();
  EXPECT_EQ(out({}), "Nov 23 10:16:00 a\\x0aNov 24 00:00:00 b x\n");
}

TEST_F(CtlLogs, AnEmptyStoreGivesNothing) { EXPECT_EQ(out({}), ""); }

TEST_F(CtlLogs, ReadsWhileTheStoreIsOpenForWritingAndAfterwards) {
  add_three();
  const std::string before = out({"-o", "raw"});
  store_.close();
  EXPECT_EQ(out({"-o", "raw"}), before);
}

TEST_F(CtlLogs, WrongArgumentsAreToldInOneLine) {
  const auto complaint = [&](std::vector<std::string> arguments) {
    const Finished done = logs(std::move(arguments));
    EXPECT_EQ(done.status, 2);
    EXPECT_EQ(done.out, "");
    return done.err;
  };
  EXPECT_EQ(complaint({"--since", "noonish"}).rfind("sluicectl: --since: 'noonish' is not a time: ", 0), 0u);
  EXPECT_EQ(complaint({"-p", "loud"}).rfind("sluicectl: --priority: 'loud' is not a severity: ", 0), 0u);
  EXPECT_EQ(complaint({"-g", "("}).rfind("sluicectl: --grep: '(' is not a regular expression: ", 0), 0u);
  EXPECT_EQ(complaint({"-o", "xml"}),
            "sluicectl: --output: 'xml' is not an output style: give short, short-iso, json, cat or raw\n");
  EXPECT_EQ(complaint({"-n", "many"}), "sluicectl: --lines: 'many' is not a number of lines: give a number, or all\n");
  EXPECT_EQ(complaint({"-f", "-r"}), "sluicectl: --follow and --reverse exclude each other\n");
  EXPECT_EQ(complaint({"--since", "now", "--until", "yesterday"}), "sluicectl: --since is later than --until\n");
  EXPECT_NE(complaint({"--nonsense"}).find("--nonsense"), std::string::npos);
}

TEST_F(CtlLogs, NoStoreIsToldInOneLine) {
  const std::string missing = store_.path() + "/missing";
  const Finished done = run({SLUICE_CTL, "logs", "--store", missing});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, "sluicectl: there is no store at " + missing + " (--store says where it is)\n");
}

TEST_F(CtlLogs, ADamagedStoreGivesTheRestAndAWarning) {
  add_three();
  store_.line("<13>1 2026-11-23T10:17:00Z web-1 app - - - after");
  store_.seal();
  store_.close();
  const auto reader = store_.reader();
  const BlockRef first = reader->blocks()[0];
  {
    std::fstream file(reader->segments()[0].path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(first.offset + first.length));
    file.put('\x55');
  }
  const Finished done = logs({"-o", "cat"});
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.out, "after\n");
  EXPECT_EQ(done.err.rfind("sluicectl: the store is damaged in 1 place (", 0), 0u) << done.err;
}

TEST_F(CtlLogs, AClosedPipeEndsItQuietly) {
  for (int i = 0; i < 20'000; ++i) store_.line("<13>1 2026-11-23T10:15:30Z web-1 app - - - " + std::string(100, 'x'));
  store_.seal();
  Child child(command({}));
  EXPECT_NE(child.line(), "");
  child.close_output();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(child.errors(), "");
}

TEST_F(CtlLogs, AFullDiskIsTold) {
  add_three();
  const Finished done =
      run({"/bin/sh", "-c", std::string(SLUICE_CTL) + " logs --store " + store_.path() + " > /dev/full"});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, "sluicectl: write to standard output: No space left on device\n");
}

}  // namespace
}  // namespace sluice
