#include "daemon/admin/status_json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "daemon/admin/json_writer.h"
#include "tests/daemon/admin/status_fixture.h"

namespace sluice {
namespace {

// Reads one number of the document by a JSON pointer.
class StatusJson : public ::testing::Test {
 protected:
  void render(const StatusSnapshot& snapshot) {
    text_ = render_status(snapshot);
    ASSERT_EQ(parser_.parse(text_).get(document_), simdjson::SUCCESS) << text_;
  }
  double number(const char* pointer) {
    double value = -1;
    EXPECT_EQ(document_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer << "\n" << text_;
    return value;
  }
  std::string text(const char* pointer) {
    std::string_view value;
    EXPECT_EQ(document_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer << "\n" << text_;
    return std::string(value);
  }

  std::string text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element document_;
};

TEST_F(StatusJson, ShowsTheLedgerOfEachListener) {
  render(example_snapshot());
  EXPECT_EQ(number("/ledger/tcp-5514/received"), 1000);
  EXPECT_EQ(number("/ledger/tcp-5514/stored"), 900);
  EXPECT_EQ(number("/ledger/tcp-5514/collapsed"), 80);
  EXPECT_EQ(number("/ledger/tcp-5514/dropped/queue_full"), 4);
  EXPECT_EQ(number("/ledger/tcp-5514/dropped/memory"), 3);
  EXPECT_EQ(number("/ledger/tcp-5514/dropped/kernel"), 0);
  EXPECT_EQ(number("/ledger/tcp-5514/in_flight"), 13);
  EXPECT_EQ(number("/ledger/udp-5514/received"), 0);
}

TEST_F(StatusJson, ShowsTrouble) {
  StatusSnapshot snapshot = example_snapshot();
  render(snapshot);
  EXPECT_EQ(text("/trouble"), "");
  snapshot.trouble = "thread store has been at one piece of work for 12 s";
  snapshot.spool = SpoolStatus{.syncs = 7, .sync_errors = 2, .slots_found = 5, .damaged_slots = 1};
  snapshot.store.sync_errors = 3;
  render(snapshot);
  EXPECT_EQ(text("/trouble"), "thread store has been at one piece of work for 12 s");
  EXPECT_EQ(number("/spool/sync_errors"), 2);
  EXPECT_EQ(number("/spool/found_slots"), 5);
  EXPECT_EQ(number("/store/sync_errors"), 3);
}

TEST_F(StatusJson, ShowsEachPart) {
  render(example_snapshot());
  EXPECT_EQ(text("/version"), "1.2.3");
  EXPECT_EQ(number("/uptime_seconds"), 12.5);
  EXPECT_EQ(number("/load"), 25);
  EXPECT_EQ(text("/listeners/tcp-5514/address"), "127.0.0.1:5514");
  EXPECT_EQ(number("/listeners/tcp-5514/connections"), 2);
  EXPECT_EQ(number("/operations/admitted"), 7);
  EXPECT_EQ(number("/operations/timeout_seconds"), 0.4);
  EXPECT_EQ(number("/pipeline/blocks"), 5);
  EXPECT_EQ(number("/store/segments"), 2);
  EXPECT_EQ(number("/dedupe/repeated"), 80);
  EXPECT_EQ(text("/memory/level"), "warning");
  EXPECT_EQ(number("/memory/accounts/slots/peak_bytes"), 131'072);
  EXPECT_EQ(number("/memory/accounts/slots/charges_by_size/65536"), 3);
  EXPECT_EQ(number("/slots/medium/in_use"), 1);
  EXPECT_EQ(number("/interner/strings"), 42);
}

TEST_F(StatusJson, SaysNullForDedupeWhenItIsOff) {
  StatusSnapshot snapshot = example_snapshot();
  snapshot.dedupe.reset();
  render(snapshot);
  EXPECT_TRUE(document_["dedupe"].is_null());
}

TEST_F(StatusJson, IsJsonWithoutAnyListener) {
  render({});
  EXPECT_EQ(text_.substr(0, 12), "{\"version\":\"");
}

TEST(JsonWriter, EscapesWhatAStringCannotHold) {
  JsonWriter json;
  json.open().key("a\"b").value(std::string_view("x\\y\n\x01z")).key("n").value(-5).key("t").value(true).close();
  EXPECT_EQ(json.take(), "{\"a\\\"b\":\"x\\\\y\\u000a\\u0001z\",\"n\":-5,\"t\":true}");
}

}  // namespace
}  // namespace sluice
