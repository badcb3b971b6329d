#include "daemon/admin/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/daemon/admin/status_fixture.h"

namespace sluice {
namespace {

// Samples by name and labels, as a scraper reads them.
std::map<std::string, double> samples(const std::string& text) {
  std::map<std::string, double> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    const size_t blank = line.rfind(' ');
    EXPECT_TRUE(result.emplace(line.substr(0, blank), std::stod(line.substr(blank + 1))).second) << line;
  }
  return result;
}

TEST(Metrics, ShowTheLedgerOfEachListener) {
  const auto text = samples(render_metrics(example_snapshot()));
  EXPECT_EQ(text.at("sluice_received_lines_total{listener=\"tcp-5514\"}"), 1000);
  EXPECT_EQ(text.at("sluice_received_bytes_total{listener=\"tcp-5514\"}"), 130'000);
  EXPECT_EQ(text.at("sluice_stored_lines_total{listener=\"tcp-5514\"}"), 900);
  EXPECT_EQ(text.at("sluice_collapsed_lines_total{listener=\"tcp-5514\"}"), 80);
  EXPECT_EQ(text.at("sluice_in_flight_lines{listener=\"tcp-5514\"}"), 13);
  EXPECT_EQ(text.at("sluice_received_lines_total{listener=\"udp-5514\"}"), 0);
}

TEST(Metrics, ShowEachDropWithItsReasonAndWhetherItWasMeant) {
  const auto text = samples(render_metrics(example_snapshot()));
  const auto dropped = [&](const char* reason, const char* intentional) {
    return text.at("sluice_dropped_lines_total{listener=\"tcp-5514\",reason=\"" + std::string(reason) +
                   "\",intentional=\"" + intentional + "\"}");
  };
  EXPECT_EQ(dropped("queue_full", "true"), 4);
  EXPECT_EQ(dropped("memory", "true"), 3);
  EXPECT_EQ(dropped("shutdown", "false"), 0);
  EXPECT_EQ(dropped("store_failed", "false"), 0);
  EXPECT_EQ(dropped("kernel", "false"), 0);
  EXPECT_EQ(dropped("malformed", "false"), 0);
}

TEST(Metrics, BalanceForEachListener) {
  const StatusSnapshot snapshot = example_snapshot();
  const auto text = samples(render_metrics(snapshot));
  for (const ListenerStatus& listener : snapshot.listeners) {
    const std::string label = "listener=\"" + listener.ledger.listener + "\"";
    const auto at = [&](const std::string& name) { return text.at(name + "{" + label + "}"); };
    double dropped = 0;
    for (const auto& [name, value] : text) {
      if (name.starts_with("sluice_dropped_lines_total{" + label)) dropped += value;
    }
    EXPECT_EQ(at("sluice_received_lines_total"), at("sluice_stored_lines_total") + at("sluice_collapsed_lines_total") +
                                                     dropped + at("sluice_in_flight_lines"));
  }
}

TEST(Metrics, HaveHelpAndTypeOnceBeforeEachFamily) {
  std::istringstream in(render_metrics(example_snapshot()));
  std::set<std::string> families;
  std::string family, type;
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex("# HELP (\\w+) [A-Z0-9].*\\."))) {
      family = match[1];
      EXPECT_TRUE(families.insert(family).second) << family;
      ASSERT_TRUE(std::getline(in, line));
      ASSERT_TRUE(std::regex_match(line, match, std::regex("# TYPE (\\w+) (counter|gauge)"))) << line;
      EXPECT_EQ(match[1], family);
      type = match[2];
      EXPECT_EQ(type == "counter", family.ends_with("_total")) << family;
      continue;
    }
    ASSERT_TRUE(std::regex_match(line, match, std::regex("(\\w+)(\\{.*\\})? [0-9.e+-]+"))) << line;
    EXPECT_EQ(match[1], family);
  }
  EXPECT_GT(families.size(), 50u);
}

TEST(Metrics, WriteLargeCountsInFull) {
  StatusSnapshot snapshot = example_snapshot();
  snapshot.pipeline.lines = 123'456'789'012'345;
  EXPECT_NE(render_metrics(snapshot).find("\nsluice_processed_lines_total 123456789012345\n"), std::string::npos);
}

TEST(Metrics, WriteSharesAndTimesWithTheirFraction) {
  const auto text = samples(render_metrics(example_snapshot()));
  EXPECT_EQ(text.at("sluice_load_ratio"), 0.25);
  EXPECT_EQ(text.at("sluice_uptime_seconds"), 12.5);
  EXPECT_EQ(text.at("sluice_memory_level"), 1);
  EXPECT_EQ(text.at("sluice_account_bytes{account=\"slots\"}"), 65536);
}

TEST(Metrics, ShowFaults) {
  StatusSnapshot snapshot = example_snapshot();
  snapshot.spool = SpoolStatus{.syncs = 7, .sync_errors = 2, .slots_found = 5, .damaged_slots = 1};
  snapshot.store.sync_errors = 3;
  snapshot.store.clock_doubted = true;
  snapshot.healthy = false;
  const auto text = samples(render_metrics(snapshot));
  EXPECT_EQ(text.at("sluice_spool_syncs_total"), 7);
  EXPECT_EQ(text.at("sluice_spool_sync_errors_total"), 2);
  EXPECT_EQ(text.at("sluice_spool_found_slots"), 5);
  EXPECT_EQ(text.at("sluice_spool_damaged_slots"), 1);
  EXPECT_EQ(text.at("sluice_sync_errors_total"), 3);
  EXPECT_EQ(text.at("sluice_store_clock_doubted"), 1);
  EXPECT_EQ(text.at("sluice_healthy"), 0);
}

TEST(Metrics, EscapeWhatALabelCannotHold) {
  StatusSnapshot snapshot = example_snapshot();
  snapshot.listeners[0].ledger.listener = "a\"b\\c\nd";
  EXPECT_NE(render_metrics(snapshot).find("sluice_received_lines_total{listener=\"a\\\"b\\\\c\\nd\"} 1000\n"),
            std::string::npos);
}

TEST(Metrics, LeaveDedupeOutWhenItIsOff) {
  StatusSnapshot snapshot = example_snapshot();
  EXPECT_NE(render_metrics(snapshot).find("sluice_dedupe_"), std::string::npos);
  snapshot.dedupe.reset();
  EXPECT_EQ(render_metrics(snapshot).find("sluice_dedupe_"), std::string::npos);
}

}  // namespace
}  // namespace sluice
