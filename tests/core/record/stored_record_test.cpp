#include "core/record/stored_record.h"

#include <gtest/gtest.h>

#include "tests/core/record/record_fixture.h"

namespace sluice {
namespace {

StoredRecord full_record(CommonLayout layout) {
  StoredRecord r;
  r.layout = layout;
  r.flags = PackedFlags(34);
  r.time = kTestTime;
  r.time_shape = {TimeForm::rfc3339_zulu, 0, 0};
  r.hostname = "web-1";
  r.app_name = "sshd";
  r.proc_id = "77";
  r.msg_id = "LOGIN";
  r.structured_data = "[a@1 b=\"c\"]";
  r.message = "root login";
  return r;
}

TEST(StoredRecord, WritesTheCommonLayoutsFromItsFields) {
  EXPECT_EQ(raw_of(full_record(CommonLayout::rfc5424)),
            "<34>1 2026-01-02T03:04:05Z web-1 sshd 77 LOGIN [a@1 b=\"c\"] root login");
  EXPECT_EQ(raw_of(full_record(CommonLayout::rfc5424_no_msg)),
            "<34>1 2026-01-02T03:04:05Z web-1 sshd 77 LOGIN [a@1 b=\"c\"]");
  EXPECT_EQ(raw_of(full_record(CommonLayout::raw)), "root login");
  StoredRecord old = full_record(CommonLayout::rfc3164_pid);
  old.time_shape = {TimeForm::rfc3164, 0, 0};
  EXPECT_EQ(raw_of(old), "<34>Jan  2 03:04:05 web-1 sshd[77]: root login");
  old.layout = CommonLayout::rfc3164;
  EXPECT_EQ(raw_of(old), "<34>Jan  2 03:04:05 web-1 sshd: root login");
}

TEST(StoredRecord, WritesAbsentRfc5424FieldsAsDashes) {
  StoredRecord r;
  r.layout = CommonLayout::rfc5424;
  EXPECT_EQ(raw_of(r), "<0>1 - - - - - - ");
  r.layout = CommonLayout::rfc5424_no_msg;
  r.flags = PackedFlags(191);
  EXPECT_EQ(raw_of(r), "<191>1 - - - - - -");
}

TEST(StoredRecord, WritesItsLayoutsPiecesInOrderAndSurvivesTooFewValues) {
  StoredRecord r = full_record(CommonLayout::none);
  r.layout_text = std::string_view("\1{\1\1,\x09\1,\x09\1}\0", 13);
  r.values = std::string_view("\2v1\0", 4);
  EXPECT_EQ(raw_of(r), "{34,v1,}");
  r.values = "\2v";
  EXPECT_EQ(raw_of(r), "{34,,}");
}

std::string message_of(std::string_view text, uint32_t flags) {
  StoredRecord r;
  r.message = text;
  r.flags = PackedFlags(flags);
  std::string out;
  append_message(r, out);
  return out;
}

TEST(StoredRecord, UndoesJsonEscapesOnlyWhereTheMessageIsEscaped) {
  EXPECT_EQ(message_of("a\\nb", 0), "a\\nb");
  EXPECT_EQ(message_of("a\\nb", kMessageEscaped), "a\nb");
  EXPECT_EQ(message_of("\\\"\\\\\\/\\b\\f\\n\\r\\t", kMessageEscaped), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(message_of("\\u0041\\u00e9\\u20ac\\ud83d\\ude00!", kMessageEscaped), "A\u00e9\u20ac\U0001F600!");
  EXPECT_EQ(message_of("no escapes", kMessageEscaped), "no escapes");
  EXPECT_EQ(message_of("", kMessageEscaped), "");
}

TEST(StoredRecord, MakesHalfASurrogatePairAReplacementCharacterAndLeavesWhatIsNoEscape) {
  EXPECT_EQ(message_of("\\ud83dx", kMessageEscaped), "\uFFFDx");
  EXPECT_EQ(message_of("\\ude00", kMessageEscaped), "\uFFFD");
  EXPECT_EQ(message_of("\\ud83d\\u0041", kMessageEscaped), "\uFFFDA");
  EXPECT_EQ(message_of("\\u12", kMessageEscaped), "\\u12");
  EXPECT_EQ(message_of("\\uzzzz", kMessageEscaped), "\\uzzzz");
  EXPECT_EQ(message_of("\\q\\", kMessageEscaped), "\\q\\");
}

}  // namespace
}  // namespace sluice
