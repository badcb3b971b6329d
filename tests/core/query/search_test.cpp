// A search gives the lines that looking at every line gives: whatever the pattern, with filters and without, by one
// thread or several.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>
#include <string>
#include <vector>

#include "core/query/timeline.h"
#include "tests/support/store_builder.h"

namespace sluice {
namespace {

StoreOptions small_blocks() {
  StoreOptions options;
  options.block_bytes = 64 << 10;
  options.segment_bytes = 64 << 10;
  options.filter_from = 0;
  return options;
}

class SearchTest : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  // Words that overlap, in both cases, with the characters that fold into ASCII, newlines, escapes and odd bytes.
  std::string random_message() {
    static const std::vector<std::string> words{"session",
                                                "Session",
                                                "SESSION",
                                                "sessions",
                                                "ended",
                                                "failed",
                                                "Failed password",
                                                "10.0.1.2",
                                                "10.0.1.23",
                                                "kelvin",
                                                "Kelvin",
                                                "\xe2\x84\xaa"
                                                "elvin",
                                                "We\xc5\xbft",
                                                "west",
                                                "gr\xc3\xbc\xc3\x9f",
                                                "GR\xc3\x9c",
                                                "\xff\xfe",
                                                "two\nlines",
                                                "a",
                                                "=",
                                                "user_1"};
    std::string message;
    for (size_t left = random_() % 6; left > 0; --left) {
      if (!message.empty()) message += random_() % 5 == 0 ? "" : " ";
      message += random_() % 4 == 0 ? random_hex() : words[random_() % words.size()];
    }
    return message;
  }
  std::string random_hex() {
    char text[16];
    std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(random_()));
    return text;
  }

  void add_lines(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string host = "web-" + std::to_string(random_() % 3);
      char time[32];
      std::snprintf(time, sizeof time, "2026-11-23T10:%02d:%02dZ", static_cast<int>(random_() % 60),
                    static_cast<int>(random_() % 60));
      std::string message = random_message();
      if (random_() % 4 != 0) {
        store_.line("<13>1 " + std::string(time) + " " + host + " app - - - " + message);
        continue;
      }
      for (char& c : message) {
        if (c == '\n') c = '|';
      }
      if (random_() % 3 == 0) message += "\\n\\u0073ession";
      store_.line(R"({"timestamp":")" + std::string(time) + R"(","host":")" + host + R"(","message":")" + message +
                  "\"}");
    }
  }

  std::string random_pattern() {
    static const std::vector<std::string> patterns{"session",
                                                   "Session",
                                                   "kelvin",
                                                   "Kelvin",
                                                   "west",
                                                   "\xe2\x84\xaa"
                                                   "elvin",
                                                   "gr\xc3\xbc",
                                                   "Gr\xc3\xbc",
                                                   "10\\.0\\.1\\.2",
                                                   "10.0.1.2",
                                                   "10.0.1.23",
                                                   "failed|ended",
                                                   "session.*ended",
                                                   "^Failed",
                                                   "password$",
                                                   "(?i)WE.T",
                                                   "[Ss]ession [0-9a-f]{8}",
                                                   "user_1",
                                                   "lines",
                                                   "two",
                                                   "no such thing",
                                                   "ssion",
                                                   "ess",
                                                   "=",
                                                   ".",
                                                   "\n",
                                                   "\xff"};
    if (random_() % 3 != 0) return patterns[random_() % patterns.size()];
    const std::string message = random_message();
    const std::string piece = message.substr(random_() % (message.size() + 1), 1 + random_() % 14);
    return piece.empty() ? "x" : RE2::QuoteMeta(piece);
  }

  Lines found(const Query& query, TimelineOptions options = {}) {
    const auto reader = store_.reader();
    const auto scan = Scan::compile(query);
    EXPECT_TRUE(scan);
    Timeline timeline(*reader, reader->blocks(), *scan, options);
    Lines lines;
    while (const TimelineEntry* entry = timeline.next()) lines.push_back(described(entry->record));
    EXPECT_TRUE(timeline.damage().empty());
    return lines;
  }
  // Every line by every line, with nothing but the expression.
  Lines found_slowly(Query query) {
    const auto scan = Scan::compile(query);
    query.pattern.clear();
    const auto all = Scan::compile(query);
    const auto reader = store_.reader();
    Timeline timeline(*reader, reader->blocks(), *all, {.threads = 1});
    Lines lines;
    std::string scratch;
    while (const TimelineEntry* entry = timeline.next()) {
      if (scan->matches_message(entry->record, scratch)) lines.push_back(described(entry->record));
    }
    return lines;
  }
  static std::string described(const StoredRecord& record) {
    std::string text = std::to_string(record.id) + " " + std::to_string(record.time) + " ";
    append_raw(record, text);
    return text;
  }

  void expect_same(int searches) {
    for (int i = 0; i < searches; ++i) {
      Query query{.pattern = random_pattern(), .case_rule = static_cast<CaseRule>(random_() % 3)};
      query.reverse = random_() % 2 == 0;
      if (random_() % 3 == 0) query.hostnames = {"web-" + std::to_string(random_() % 4)};
      const Lines expected = found_slowly(query);
      SCOPED_TRACE("'" + query.pattern + "' rule " + std::to_string(static_cast<int>(query.case_rule)));
      ASSERT_EQ(found(query, {.threads = 1}), expected);
      ASSERT_EQ(found(query, {.threads = 4}), expected);
    }
  }

  uint64_t blocks_with_filter() {
    const auto reader = store_.reader();
    uint64_t filtered = 0;
    for (const BlockRef& ref : reader->blocks()) filtered += ref.summary.merge_level != 0;
    return filtered;
  }
  void merge() {
    store_.reopen();
    store_.clock().advance(61 * kSecond);
    while (store_.store().maintain()) {
    }
  }

  std::mt19937 random_{1};
  StoreBuilder store_{small_blocks()};
};

TEST_F(SearchTest, OfFreshBlocksFindsWhatLookingAtEveryLineFinds) {
  for (int block = 0; block < 12; ++block) {
    add_lines(block % 4 == 0 ? 3 : 120);
    store_.seal();
  }
  expect_same(150);
}

TEST_F(SearchTest, OfBlocksWithFiltersFindsTheSame) {
  for (int block = 0; block < 24; ++block) {
    add_lines(200);
    store_.seal();
  }
  merge();
  ASSERT_GT(blocks_with_filter(), 3u);
  expect_same(150);
}

TEST_F(SearchTest, ABlockWhoseFilterKnowsBetterIsNotDecoded) {
  // Long words, of many grams: one gram alone is in a filter by chance often enough.
  const std::vector<std::string> markers{"quartzberry", "monsoonwave", "flintlocked", "dovetailing"};
  for (size_t block = 0; block < markers.size(); ++block) {
    for (int i = 0; i < 500; ++i) {
      store_.line("<13>1 2026-11-23T10:15:30Z web-1 app - - - item " + random_hex() + " of block " +
                  std::to_string(block) + std::string(60, '.'));
    }
    store_.line("<13>1 2026-11-23T10:15:30Z web-1 app - - - marker-" + markers[block]);
    store_.seal();
  }
  merge();
  ASSERT_EQ(blocks_with_filter(), 4u);
  const auto reader = store_.reader();
  for (const auto& [pattern, decoded] :
       std::vector<std::pair<std::string, uint64_t>>{{"monsoonwave", 1},
                                                     {"MONSOONWAVE", 1},
                                                     {"zephyrhills", 0},
                                                     {"item [0-9a-f]+ of block", 4},
                                                     {"marker-(monsoon|flintlock)", 2}}) {
    const auto scan = Scan::compile({.pattern = pattern, .case_rule = CaseRule::insensitive});
    Timeline timeline(*reader, reader->blocks(), *scan, {.threads = 1});
    while (timeline.next() != nullptr) {
    }
    EXPECT_EQ(timeline.stats().decoded, decoded) << pattern;
  }
}

TEST_F(SearchTest, ABlockThatNamesNoneOfTheHostsIsNotDecoded) {
  for (const std::string host : {"web-1", "db-1"}) {
    store_.line("<13>1 2026-11-23T10:15:30Z " + host + " app - - - text");
    store_.seal();
  }
  const auto reader = store_.reader();
  const auto scan = Scan::compile({.hostnames = {"db-1"}});
  Timeline timeline(*reader, reader->blocks(), *scan);
  ASSERT_NE(timeline.next(), nullptr);
  EXPECT_EQ(timeline.next(), nullptr);
  EXPECT_EQ(timeline.stats().decoded, 1u);
}

TEST_F(SearchTest, WhatIsNotAskedForIsNotRead) {
  store_.line("<13>1 2026-11-23T10:15:30Z web-1 app 77 - - text");
  store_.seal();
  const auto reader = store_.reader();
  const auto scan = Scan::compile({.pattern = "text"});
  Timeline timeline(*reader, reader->blocks(), *scan, {.parts = kClassPart | kMessagePart});
  const TimelineEntry* entry = timeline.next();
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->record.message, "text");
  EXPECT_EQ(entry->record.proc_id, "");
}

}  // namespace
}  // namespace sluice
