#include "core/record/block.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/parse/parser.h"
#include "core/record/block_header.h"
#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

class Block : public RecordTest {
 protected:
  void parse_and_add(FormatChoice format, std::string_view frame) {
    const auto parser = make_parser({.format = format});
    parser->parse(frame, {.received = kTestTime, .peer = "192.0.2.7"}, event_);
    add(event_);
  }
  Event event_;
};

TEST_F(Block, GivesBackEveryFieldOfARecord) {
  begin("syslog-tcp", kTestTime + 5);
  parse_and_add(FormatChoice::rfc5424,
                "<165>1 2026-01-02T03:04:05.006Z web-1 sshd 77 LOGIN [a@1 b=\"c\"] root login failed");
  const BlockReader reader = expect_frames_come_back();
  const StoredRecord r = reader.record(0);
  EXPECT_EQ(r.id, 1u);
  EXPECT_EQ(r.time, kTestTime + 6 * kMillisecond);
  EXPECT_EQ(r.received, kTestTime + 5);
  EXPECT_EQ(r.flags.bits(), 165u | 2u << 8);
  EXPECT_EQ(r.layout, CommonLayout::rfc5424);
  EXPECT_EQ(r.time_shape, (TimeShape{TimeForm::rfc3339_zulu, 3, 0}));
  EXPECT_EQ(r.listener, "syslog-tcp");
  EXPECT_EQ(r.peer, "192.0.2.7");
  EXPECT_EQ(r.hostname, "web-1");
  EXPECT_EQ(r.app_name, "sshd");
  EXPECT_EQ(r.proc_id, "77");
  EXPECT_EQ(r.msg_id, "LOGIN");
  EXPECT_EQ(r.structured_data, "[a@1 b=\"c\"]");
  EXPECT_EQ(r.message, "root login failed");
}

TEST_F(Block, GivesBackFramesOfEveryFormatByteForByte) {
  begin();
  parse_and_add(FormatChoice::rfc5424, "<34>1 2026-01-02T03:04:05.006000Z web-1 sshd - - - failed");
  parse_and_add(FormatChoice::rfc5424, "<34>1 - - - - - -");
  parse_and_add(FormatChoice::rfc5424, "<34>1 - - - - - - ");
  parse_and_add(FormatChoice::rfc5424,
                "<0>1 2026-01-02T03:04:05+01:00 h a p m [x y=\"z\"][w] \xef\xbb\xbf"
                "bom");
  parse_and_add(FormatChoice::rfc5424, "<34>1  2026-01-02T03:04:05Z two blanks - - -");
  parse_and_add(FormatChoice::rfc5424, "<34>9 2026-01-02T03:04:05Z h a - - - another version\r");
  parse_and_add(FormatChoice::rfc3164, "<13>Jan  2 03:04:05 web-1 cron[12]: (root) CMD");
  parse_and_add(FormatChoice::rfc3164, "<13>Jan 22 03:04:05 web-1 cron: no pid");
  parse_and_add(FormatChoice::rfc3164, "<13>free text: of a kind");
  parse_and_add(FormatChoice::rfc3164, "<189>12: router: *Jan  2 03:04:05.123: %SYS-5-CONFIG_I: configured");
  parse_and_add(FormatChoice::rfc3164, "no header at all");
  parse_and_add(FormatChoice::json,
                R"({"timestamp":"2026-01-02T03:04:05Z","host":"h","level":"info","message":"a\nb"})");
  parse_and_add(FormatChoice::json, R"( { "msg" : "spaced" , "n" : 1.50 , "o" : {"p":[1,2]} , "host":"h\u00e9" } )");
  parse_and_add(FormatChoice::json, "{broken");
  parse_and_add(FormatChoice::gelf, R"({"version":"1.1","host":"h","short_message":"s","level":3,"_x":"y"})");
  parse_and_add(FormatChoice::raw, "anything\r\n");
  parse_and_add(FormatChoice::automatic, "");
  parse_and_add(FormatChoice::automatic, std::string_view("nul \0 and newline \n inside \xff\xfe", 30));
  parse_and_add(FormatChoice::automatic, std::string_view("\0\0", 2));
  expect_frames_come_back();
}

TEST_F(Block, TakesASingleEmptyFrame) {
  begin();
  add(raw_event(""));
  const BlockReader reader = expect_frames_come_back();
  EXPECT_EQ(reader.record(0).hostname, "");
  EXPECT_EQ(reader.summary().raw_bytes, 0u);
}

TEST_F(Block, TakesAMessageOfAMegabyteBesideTinyOnes) {
  begin();
  add(raw_event("a"));
  add(raw_event(std::string(1 << 20, 'x') + "\n" + std::string(70'000, 'y')));
  add(raw_event("b"));
  expect_frames_come_back();
}

TEST_F(Block, StoresLayoutsWithValuesOfEveryLength) {
  begin();
  for (const size_t size : {0, 1, 10, 127, 128, 5000, 70'000}) {
    SpannedEvent event;
    event.literal("{").piece(Piece::value, std::string(size, 'v')).literal(",").piece(Piece::value, "\n");
    event.literal("}").piece(Piece::message, "m");
    add(event.event());
  }
  expect_frames_come_back();
}

TEST_F(Block, StoresAnEscapedMessageAsItStandsInTheFrame) {
  SpannedEvent spanned;
  spanned.literal("{\"msg\":\"").piece(Piece::message, "a\\tb").literal("\"}");
  Event event = spanned.event();
  event.message = "a\tb";  // what a parser undid in its scratch memory
  event.flags |= kMessageEscaped;
  begin();
  add(event);
  const BlockReader reader = expect_frames_come_back();
  std::string message;
  append_message(reader.record(0), message);
  EXPECT_EQ(message, "a\tb");
}

TEST_F(Block, KeepsAFieldThatTheFrameSpellsDifferentlyBesideItsValue) {
  SpannedEvent spanned;
  spanned.literal("{\"host\":\"").piece(Piece::value, "h\\u00e9").literal("\"}");
  Event event = spanned.event();
  event.hostname = "h\u00e9";
  begin();
  add(event);
  const BlockReader reader = expect_frames_come_back();
  EXPECT_EQ(reader.record(0).hostname, "h\u00e9");
}

TEST_F(Block, KeepsListenersPeersAndTimesOfReceiptOfEachRecord) {
  for (int i = 0; i < 300; ++i) {
    begin("listener-" + std::to_string(i % 3), kTestTime + i / 7);
    add(raw_event("line"), "192.0.2." + std::to_string(i % 100));
  }
  const BlockReader reader = expect_frames_come_back();
  for (uint32_t i = 0; i < 300; ++i) {
    EXPECT_EQ(reader.record(i).listener, "listener-" + std::to_string(i % 3));
    EXPECT_EQ(reader.record(i).peer, "192.0.2." + std::to_string(i % 100));
    EXPECT_EQ(reader.record(i).received, kTestTime + i / 7);
  }
}

TEST_F(Block, GroupingByOriginDoesNotDisturbTheOrderOfRecords) {
  begin();
  std::vector<SpannedEvent> events(1000);
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].piece(Piece::hostname, "host-" + std::to_string(i * 7 % 31)).literal(" ");
    events[i].piece(Piece::app_name, "app-" + std::to_string(i * 13 % 17)).literal(" ");
    events[i].piece(Piece::message, "message " + std::to_string(i));
    add(events[i].event());
  }
  const BlockReader reader = expect_frames_come_back();
  for (uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(reader.record(i).id, i + 1u);
    EXPECT_EQ(reader.record(i).app_name, "app-" + std::to_string(i * 13 % 17));
  }
}

TEST_F(Block, SummarisesItsRecords) {
  begin("tcp", kTestTime + 100);
  Event late = raw_event("late"), early = raw_event("early one");
  late.time = kTestTime + 50;
  late.severity = 7;
  early.time = kTestTime - 50;
  early.severity = 0;
  add(late);
  begin("tcp", kTestTime + 200);
  add(early);
  block_.add_repeat({.first_id = 1, .count = 5, .first_time = 1, .last_time = 2});
  block_.add_repeat({.first_id = 2, .count = 7, .first_time = 3, .last_time = 3});
  BlockEncoder encoder({.merge_level = 3});
  EncodedBlock encoded;
  encoder.encode(block_, encoded);
  const BlockSummary expected{.rows = 2,
                              .repeat_notes = 2,
                              .repeats = 12,
                              .raw_bytes = 13,
                              .first_id = 1,
                              .last_id = 2,
                              .min_time = kTestTime - 50,
                              .max_time = kTestTime + 50,
                              .min_received = kTestTime + 100,
                              .max_received = kTestTime + 200,
                              .severities = 0x81,
                              .merge_level = 3};
  EXPECT_EQ(encoded.summary, expected);
  EXPECT_EQ(read(encoded.bytes).summary(), expected);
}

TEST_F(Block, CanHoldRepeatNotesAlone) {
  block_.add_repeat({.first_id = 900, .count = 1, .first_time = kTestTime, .last_time = kTestTime + 9});
  block_.add_repeat({.first_id = 12, .count = 3'000'000'000, .first_time = kTestTime - 5, .last_time = kTestTime - 4});
  EXPECT_FALSE(block_.empty());
  const BlockReader reader = read(encode());
  EXPECT_EQ(reader.rows(), 0u);
  EXPECT_EQ(reader.summary().first_id, 12u);
  EXPECT_EQ(reader.summary().last_id, 900u);
  EXPECT_EQ(reader.summary().min_time, kTestTime - 5);
  EXPECT_EQ(reader.summary().max_time, kTestTime + 9);
  const auto notes = reader.repeats();
  ASSERT_TRUE(notes);
  ASSERT_EQ(notes->size(), 2u);
  EXPECT_EQ((*notes)[1].first_id, 12u);
  EXPECT_EQ((*notes)[1].count, 3'000'000'000u);
  EXPECT_EQ((*notes)[1].first_time, kTestTime - 5);
  EXPECT_EQ((*notes)[1].last_time, kTestTime - 4);
}

TEST_F(Block, FiltersLoadWithoutTexts) {
  begin();
  parse_and_add(FormatChoice::rfc5424, "<34>1 2026-01-02T03:04:05Z web-1 sshd 77 - - secret");
  BlockReader reader;
  ASSERT_TRUE(reader.open(encode()));
  ASSERT_TRUE(reader.load_filters());
  const StoredRecord r = reader.record(0);
  EXPECT_EQ(r.hostname, "web-1");
  EXPECT_EQ(r.app_name, "sshd");
  EXPECT_EQ(r.listener, "tcp");
  EXPECT_EQ(r.flags.severity(), 2);
  EXPECT_EQ(r.message, "");
  ASSERT_TRUE(reader.load_all());
  EXPECT_EQ(reader.record(0).message, "secret");
}

TEST_F(Block, AReaderTakesOneBlockAfterAnother) {
  begin();
  add(raw_event("first"));
  const std::string first = encode();
  block_.clear();
  SpannedEvent spanned;
  spanned.literal("[").piece(Piece::value, "second");
  add(spanned.event());
  BlockReader reader = read(encode());
  EXPECT_EQ(raw_of(reader.record(0)), "[second");
  ASSERT_TRUE(reader.open(first));
  ASSERT_TRUE(reader.load_all());
  EXPECT_EQ(raw_of(reader.record(0)), "first");
}

TEST_F(Block, AnEncoderMakesTheSameBytesAgainAndAfterGivingItsMemoryBack) {
  begin();
  for (int i = 0; i < 500; ++i)
    parse_and_add(FormatChoice::automatic, "<34>Jan  2 03:04:05 h a: m " + std::to_string(i));
  BlockEncoder encoder;
  EncodedBlock first, again;
  encoder.encode(block_, first);
  encoder.encode(block_, again);
  EXPECT_EQ(first.bytes, again.bytes);
  const size_t held = encoder.bytes();
  encoder.shrink();
  EXPECT_LT(encoder.bytes(), held);
  encoder.encode(block_, again);
  EXPECT_EQ(first.bytes, again.bytes);
}

TEST_F(Block, IsFullByBytesOfFramesAndByMemoryWhenFramesAreTiny) {
  begin();
  add(raw_event(std::string(1000, 'x')));
  EXPECT_TRUE(block_.full(1000));
  EXPECT_FALSE(block_.full(1001));
  block_.clear();
  while (!block_.full(100'000)) add(raw_event("x"));
  EXPECT_LT(block_.rows(), 10'000u);
  EXPECT_LT(block_.bytes(), 1'000'000u);
}

TEST_F(Block, ClearKeepsMemoryAndShrinkGivesItBack) {
  begin();
  for (int i = 0; i < 1000; ++i) add(raw_event(std::string(100, 'x')));
  const size_t held = block_.bytes();
  block_.clear();
  EXPECT_TRUE(block_.empty());
  EXPECT_EQ(block_.bytes(), held);
  block_.shrink();
  EXPECT_LT(block_.bytes(), held / 10);
}

TEST_F(Block, MergedRecordsComeBackAsTheyWere) {
  begin("udp", kTestTime + 1);
  parse_and_add(FormatChoice::rfc5424, "<165>1 2026-01-02T03:04:05.006Z web-1 sshd 77 LOGIN [a@1 b=\"c\"] one");
  parse_and_add(FormatChoice::json, R"({"host":"h","level":"info","message":"a\nb","x":[1,2]})");
  begin("tcp", kTestTime + 2);
  parse_and_add(FormatChoice::raw, "raw\r\n");
  BlockReader original = read(encode());
  OpenBlock merged(cache_, interner_);
  for (uint32_t row = 0; row < original.rows(); ++row) merged.add(original.record(row));
  EXPECT_EQ(merged.raw_bytes(), block_.raw_bytes());
  EncodedBlock encoded, direct;
  BlockEncoder encoder;
  encoder.encode(merged, encoded);
  encoder.encode(block_, direct);
  EXPECT_EQ(encoded.bytes, direct.bytes);
}

// An interner that is full before the block is begun, as a flood of made-up hostnames leaves it.
TEST(BlockWithFullInterner, KeepsTheTextsThatCouldNotBeInterned) {
  InternerOptions options;
  options.max_strings = 0;
  Interner interner(options);
  InternCache cache(interner);
  OpenBlock block(cache, interner);
  StoredRecord record;
  record.layout = CommonLayout::rfc5424;
  std::vector<std::string> hosts;
  for (int i = 0; i < 100; ++i) hosts.push_back("host-" + std::to_string(i % 40));
  for (const std::string& host : hosts) {
    record.hostname = host;
    record.app_name = host.size() % 2 ? "odd" : "even";
    record.listener = "listener";
    record.peer = host;
    block.add(record);
  }
  BlockEncoder encoder;
  EncodedBlock encoded;
  encoder.encode(block, encoded);
  BlockReader reader;
  ASSERT_TRUE(reader.open(encoded.bytes));
  ASSERT_TRUE(reader.load_all());
  ASSERT_EQ(reader.rows(), hosts.size());
  for (uint32_t row = 0; row < reader.rows(); ++row) {
    EXPECT_EQ(reader.record(row).hostname, hosts[row]);
    EXPECT_EQ(reader.record(row).peer, hosts[row]);
    EXPECT_EQ(reader.record(row).listener, "listener");
    EXPECT_EQ(reader.record(row).app_name, hosts[row].size() % 2 ? "odd" : "even");
  }
}

}  // namespace
}  // namespace sluice
