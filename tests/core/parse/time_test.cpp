#include <random>
#include <string>

#include "core/parse/event.h"
#include "core/parse/time_format.h"
#include "core/parse/time_shape.h"
#include "core/parse/time_zone.h"
#include "core/parse/timestamp.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

std::string rendered(Nanos time, TimeShape shape) {
  std::string text;
  render_time(time, shape, text);
  return text;
}

std::string utc(Nanos time) { return rendered(time, {TimeForm::rfc3339_zulu, 9, 0}); }

Nanos instant(std::string_view text) {
  TimestampReader reader{ParserOptions{}};
  const auto read = reader.read(text, 0);
  EXPECT_TRUE(read.has_value()) << text;
  return read ? read->time : 0;
}

const Nanos kNow = 1'795'428'930 * kSecond;  // 2026-11-23T10:15:30Z

struct ZonedReader {
  explicit ZonedReader(const char* name) : zone(TimeZone::load(name)) {
    if (zone) options.zone = &*zone;
  }
  Result<TimeZone> zone;
  ParserOptions options;
};

TEST(TimeShape, RendersEveryForm) {
  const Nanos time = 1'762'165'205 * kSecond + 120'000'000;  // 2025-11-03T10:20:05.12Z
  EXPECT_EQ(rendered(time, {TimeForm::rfc3339_zulu, 2, 0}), "2025-11-03T10:20:05.12Z");
  EXPECT_EQ(rendered(time, {TimeForm::rfc3339_offset, 0, -90}), "2025-11-03T08:50:05-01:30");
  EXPECT_EQ(rendered(time, {TimeForm::rfc3164, 0, 0}), "Nov  3 10:20:05");
  EXPECT_EQ(rendered(time, {TimeForm::rfc3164, 3, 0}), "Nov  3 10:20:05.120");
  EXPECT_EQ(rendered(time, {TimeForm::rfc3164_year, 0, 0}), "Nov  3 2025 10:20:05");
  EXPECT_EQ(rendered(time, {TimeForm::rfc3164_unpadded, 0, 0}), "Nov 3 10:20:05");
  EXPECT_EQ(rendered(time, {TimeForm::rfc3164_zero, 0, 0}), "Nov 03 10:20:05");
  EXPECT_EQ(rendered(time, {TimeForm::iso_space, 0, 0}), "2025-11-03 10:20:05");
  EXPECT_EQ(rendered(time, {TimeForm::iso_space_comma, 3, 0}), "2025-11-03 10:20:05,120");
  EXPECT_EQ(rendered(time, {TimeForm::iso_t, 9, 60}), "2025-11-03T11:20:05.120000000");
  EXPECT_EQ(rendered(time, {TimeForm::epoch_seconds, 1, 0}), "1762165205.1");
  EXPECT_EQ(rendered(time, {TimeForm::epoch_millis, 0, 0}), "1762165205120");
  EXPECT_EQ(rendered(time, {TimeForm::none, 0, 0}), "");
  EXPECT_EQ(rendered(time, TimeShape::unpacked(0xff)), "");
  EXPECT_EQ(rendered(time, {TimeForm::iso_t, 10, 0}), "");
}

TEST(TimeShape, RendersTimesBefore1970) {
  EXPECT_EQ(rendered(-1, {TimeForm::rfc3339_zulu, 9, 0}), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(instant("1969-12-31T23:59:59.999999999Z"), -1);
}

TEST(Timestamp, ReadsIsoInItsVariants) {
  const Nanos noon = instant("2026-07-02T12:00:00Z");
  for (std::string_view text :
       {"2026-07-02T12:00:00z", "2026-07-02t12:00:00Z", "2026-07-02 12:00:00Z", "2026-07-02T14:00:00+02:00",
        "2026-07-02T14:00:00+0200", "2026-07-02T14:00:00+02", "2026-07-02 14:00:00 +0200", "2026-07-02 12:00:00 UTC",
        "2026-07-02T12:00:00,000Z", "2026-07-02T11:59:60Z"}) {
    EXPECT_EQ(instant(text), noon) << text;
  }
}

TEST(Timestamp, ReadsEpochsByTheirSize) {
  EXPECT_EQ(instant("1385053862"), 1'385'053'862 * kSecond);
  EXPECT_EQ(instant("1385053862.3072"), 1'385'053'862 * kSecond + 307'200'000);
  EXPECT_EQ(instant("1385053862307"), 1'385'053'862'307 * kMillisecond);
  EXPECT_EQ(instant("1385053862307200"), 1'385'053'862'307'200 * kMicrosecond);
  EXPECT_EQ(instant("1385053862307200001"), 1'385'053'862'307'200'001);
  TimestampReader reader{ParserOptions{}};
  EXPECT_FALSE(reader.read("1385053862.", 0));
  EXPECT_FALSE(reader.read("13850538623072000010", 0));
  EXPECT_TRUE(reader.read("9999999999999999999", 7)->flags & kTimeAssumed);
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  TimestampReader reader{ParserOptions{}};
  for (std::string_view text : {"",
                                "-",
                                "2026-02-29T00:00:00Z",
                                "2026-13-01T00:00:00Z",
                                "2026-00-01T00:00:00Z",
                                "2026-01-00T00:00:00Z",
                                "2026-01-01T24:00:00Z",
                                "2026-01-01T00:60:00Z",
                                "2026-01-01T00:00:61Z",
                                "2026-01-01T00:00:00+24:00",
                                "2026-01-01T00:00:00+00:60",
                                "2026-01-01T00:00:0",
                                "2026-01-01X00:00:00Z",
                                "Foo 11 22:14:15",
                                "Oct 32 22:14:15",
                                "Oct  0 22:14:15",
                                "Feb 30 22:14:15",
                                "Oct 11 2026",
                                "Feb 29 2026 00:00:00",
                                "2026-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(reader.read(text, kNow)) << text;
  }
}

TEST(Timestamp, PutsATimeWithoutYearNearItsReceipt) {
  ZonedReader zoned("UTC");
  ASSERT_TRUE(zoned.zone);
  TimestampReader reader(zoned.options);
  const auto year_of = [&](std::string_view text, std::string_view received) {
    return utc(reader.read(text, instant(received))->time).substr(0, 4);
  };
  EXPECT_EQ(year_of("Dec 31 23:59:59", "2026-01-01T00:00:05Z"), "2025");
  EXPECT_EQ(year_of("Jan  1 00:00:00", "2025-12-31T23:59:59Z"), "2026");
  EXPECT_EQ(year_of("Nov 23 10:15:31", "2026-11-23T10:15:30Z"), "2026");
  EXPECT_EQ(year_of("Jun  1 00:00:00", "2026-02-01T00:00:00Z"), "2025");
  EXPECT_EQ(year_of("Mar  4 00:00:00", "2026-02-01T00:00:00Z"), "2026");  // exactly 31 days ahead
  EXPECT_EQ(year_of("Mar  4 00:00:01", "2026-02-01T00:00:00Z"), "2025");
  EXPECT_EQ(year_of("Feb 29 12:00:00", "2026-03-01T00:00:00Z"), "2024");
  EXPECT_EQ(year_of("Feb 29 12:00:00", "2028-02-29T12:00:01Z"), "2028");
  EXPECT_EQ(year_of("Feb 29 12:00:00", "2100-03-01T00:00:00Z"), "2096");
  EXPECT_EQ(year_of("Feb 29 23:59:59", "2028-03-01T00:00:01Z"), "2028");
  EXPECT_EQ(year_of("Feb 29 00:00:00", "2028-02-28T23:59:58Z"), "2028");  // a sender a little ahead
  EXPECT_EQ(year_of("Feb 29 00:00:00", "2027-12-31T00:00:00Z"), "2024");  // not yet: 2028's is 60 days ahead
  EXPECT_EQ(year_of("Mar  1 00:00:00", "2028-02-29T23:59:59Z"), "2028");
  // The receiver's clock was set back over the new year, or far.
  EXPECT_EQ(year_of("Jan  1 00:00:10", "2025-12-31T23:50:00Z"), "2026");
  EXPECT_EQ(year_of("Jan  1 00:00:00", "1970-01-01T00:00:00Z"), "1970");
  EXPECT_EQ(year_of("Dec 31 23:59:59", "1970-01-01T00:00:05Z"), "1969");
}

TEST(Timestamp, ReadsSummerTimeAndTheHoursAroundIt) {
  ZonedReader zoned("Europe/Berlin");
  if (!zoned.zone) GTEST_SKIP() << zoned.zone.error().message;
  TimestampReader reader(zoned.options);
  const auto read = [&](std::string_view text, std::string_view received) {
    return utc(reader.read(text, instant(received))->time).substr(0, 19);
  };
  EXPECT_EQ(read("Mar 25 01:59:59", "2018-03-25T00:59:59Z"), "2018-03-25T00:59:59");
  EXPECT_EQ(read("Mar 25 03:00:00", "2018-03-25T01:00:00Z"), "2018-03-25T01:00:00");
  EXPECT_EQ(read("Mar 25 02:30:00", "2018-03-25T01:30:00Z"), "2018-03-25T01:30:00");  // there was no 02:30
  EXPECT_EQ(read("Oct 28 02:30:00", "2018-10-28T00:30:00Z"), "2018-10-28T00:30:00");  // there were two
  EXPECT_EQ(read("Oct 28 02:30:00", "2018-10-28T01:30:00Z"), "2018-10-28T01:30:00");
  EXPECT_EQ(read("Oct 28 02:30:00", "2018-12-01T00:00:00Z"), "2018-10-28T00:30:00");
  EXPECT_EQ(read("Oct 28 03:00:00", "2018-10-28T02:00:00Z"), "2018-10-28T02:00:00");
  EXPECT_EQ(read("Oct 28 02:30:00 CET", "2018-10-28T00:30:00Z"), "2018-10-28T01:30:00");
}

TEST(Timestamp, ZoneNamesOfTheListenersZoneComeFirst) {
  ZonedReader zoned("Asia/Shanghai");
  if (!zoned.zone) GTEST_SKIP() << zoned.zone.error().message;
  TimestampReader there(zoned.options);
  EXPECT_EQ(utc(there.read("2026-07-02 12:00:00 CST", 0)->time), "2026-07-02T04:00:00.000000000Z");
  TimestampReader here{ParserOptions{}};
  EXPECT_EQ(utc(here.read("2026-07-02 12:00:00 EST", 0)->time), "2026-07-02T17:00:00.000000000Z");
}

TEST(TimeZone, NamesAnUnknownZone) {
  const auto zone = TimeZone::load("Mars/Olympus");
  ASSERT_FALSE(zone);
  EXPECT_NE(zone.error().message.find("Mars/Olympus"), std::string::npos);
}

// The text that render_time() makes of what was read is the text that was read.
TEST(Timestamp, ShapesRenderTheTextAgain) {
  ZonedReader zoned("America/New_York");
  if (!zoned.zone) GTEST_SKIP() << zoned.zone.error().message;
  TimestampReader reader(zoned.options);
  std::mt19937 random(1);
  int with_shape = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto form = static_cast<TimeForm>(1 + random() % 11);
    auto digits = static_cast<uint8_t>(random() % 10);
    if (form == TimeForm::epoch_millis) digits = 0;
    const auto offset =
        static_cast<int16_t>(form == TimeForm::rfc3339_offset ? static_cast<int>(random() % 2879) - 1439 : 0);
    const Nanos time = static_cast<Nanos>(random() % 4'000'000'000) * kSecond + static_cast<Nanos>(random() % kSecond);
    const std::string text = rendered(time, {form, digits, offset});
    const auto read = reader.read(text, time);
    ASSERT_TRUE(read) << text;
    if (read->shape.form == TimeForm::none) continue;
    ++with_shape;
    EXPECT_EQ(rendered(read->time, read->shape), text);
    EXPECT_EQ(read->rendered, text.size());
  }
  EXPECT_GT(with_shape, 19'000);
}

// Mutated texts in any order, with the cache and without it: the answers are the same.
TEST(TimeFormatCache, NeverAnswersOtherThanTheSlowWay) {
  ZonedReader zoned("Europe/Berlin");
  if (!zoned.zone) GTEST_SKIP() << zoned.zone.error().message;
  zoned.options.time_formats = {"%m-%d %H:%M:%S.%f", "%d/%b/%Y:%H:%M:%S %z", "%m-%d %H:%M:%S", "%j/%Y %H:%M:%S,%f"};
  ParserOptions uncached = zoned.options;
  uncached.time_cache = false;
  TimestampReader quick[3] = {TimestampReader(zoned.options), TimestampReader(zoned.options),
                              TimestampReader(zoned.options)};
  TimestampReader slow(uncached);
  const std::string seeds[] = {"2026-11-23T10:15:30.123456Z ",
                               "2026-11-23T10:15:30+01:00 ",
                               "2026-11-23T10:15:30",
                               "2026-11-23 10:15:30,123 -",
                               "2026-11-23 10:15:30 host",
                               "Nov 23 10:15:30 web-1",
                               "Nov 23 10:15:30.1: ",
                               "Nov 23 10:15:30 2019 web",
                               "Nov 23 10:15:30 CET: ",
                               "Nov  3 2026 10:15:30:",
                               "Nov 3 10:15:30 UTC ",
                               "2026 Nov 23 10:15:30 ",
                               "11-23 10:15:30.123",
                               "23/Nov/2026:10:15:30 +0100",
                               "11-23 10:15:30",
                               "327/2026 10:15:30,5",
                               "1795428930.123 ",
                               "Oct 25 02:30:00 h",
                               "2026-10-25T02:30:00",
                               "Feb 29 00:00:00"};
  constexpr std::string_view kOctets = "0123456789 .,:+-ZTCES/abN";
  std::mt19937 random(7);
  std::string text = seeds[0];
  for (int i = 0; i < 200'000; ++i) {
    if (random() % 8 == 0) text = seeds[random() % std::size(seeds)];
    if (random() % 2 == 0) text[random() % text.size()] = kOctets[random() % kOctets.size()];
    if (random() % 16 == 0 && text.size() > 8) text.resize(text.size() - 1);
    if (random() % 16 == 0) text += kOctets[random() % kOctets.size()];
    const Nanos received = kNow + static_cast<Nanos>(random() % 5) * 100 * 86'400 * kSecond;
    ReadTime a, b;
    bool ok_a = false, ok_b = false;
    switch (random() % 3) {
      case 0:
        ok_a = quick[0].read_rfc5424(text, received, a);
        ok_b = slow.read_rfc5424(text, received, b);
        break;
      case 1:
        ok_a = quick[1].read_rfc3164(text, received, a);
        ok_b = slow.read_rfc3164(text, received, b);
        break;
      default:
        if (const auto read = quick[2].read(text, received)) ok_a = true, a = *read;
        if (const auto read = slow.read(text, received)) ok_b = true, b = *read;
    }
    ASSERT_EQ(ok_a, ok_b) << text;
    if (!ok_a) continue;
    ASSERT_EQ(a.time, b.time) << text;
    ASSERT_EQ(a.shape, b.shape) << text;
    ASSERT_EQ(a.flags, b.flags) << text;
    ASSERT_EQ(a.length, b.length) << text;
    ASSERT_EQ(a.rendered, b.rendered) << text;
  }
}

TEST(TimeFormat, ReadsWhatStrptimeReads) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"%y/%m/%d %H:%M:%S", "26/07/02 12:00:00"},
      {"%y%m%d %H%M%S", "260702 120000"},
      {"[%a %b %d %T %Y]", "[Thu Jul 02 12:00:00 2026]"},
      {"%A, %d. %B %Y, %I:%M:%S %p", "Thursday, 2. July 2026, 12:00:00 PM"},
      {"%d/%b/%Y:%T %z", "02/Jul/2026:14:00:00 +0200"},
      {"%s", "1782993600"},
      {"%Y-%j %R", "2026-183 12:00"},
      {"%F %T.%f %Z", "2026-07-02 12:00:00.000 UTC"},
      {"%m/%e/%Y %I %p", "7/ 2/2026 12 pm"},
      {"%%%D %R", "%07/02/26 12:00"},
  };
  for (const auto& [pattern, text] : cases) {
    SCOPED_TRACE(pattern);
    const auto format = TimeFormat::compile(pattern);
    ASSERT_TRUE(format) << format.error().message;
    WrittenTime written;
    ASSERT_TRUE(format->read(text, written)) << text;
    EXPECT_EQ(written.length, text.size());
    ParserOptions options;
    static const TimeZone kUtc = TimeZone::utc();
    options.zone = &kUtc;
    options.time_formats = {std::string(pattern)};
    TimestampReader reader(options);
    EXPECT_EQ(utc(reader.read(text, kNow)->time), "2026-07-02T12:00:00.000000000Z");
  }
}

TEST(TimeFormat, NamesWhatIsWrongWithAPattern) {
  for (const auto& [pattern, part] : {std::pair<std::string_view, std::string_view>{"%Q", "%Q"},
                                      {"%H:%M", "day"},
                                      {"%d %H:%M", "month"},
                                      {"%m/%d", "hour"},
                                      {"%m/%d %H %H", "%H comes twice"},
                                      {"%m/%d %I", "%p"},
                                      {"%F %T %", "%"}}) {
    const auto format = TimeFormat::compile(pattern);
    ASSERT_FALSE(format) << pattern;
    EXPECT_NE(format.error().message.find(part), std::string::npos) << format.error().message;
  }
}

}  // namespace
}  // namespace sluice
