#include "core/query/time_spec.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

// Monday 2026-11-23 18:15:00 in Berlin, one hour ahead of UTC.
constexpr Nanos kNow = 1795454100 * kSecond;

absl::TimeZone berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

Nanos read(std::string_view text) {
  const auto time = parse_time_spec(text, kNow, berlin());
  EXPECT_TRUE(time) << text << ": " << (time ? "" : time.error().message);
  return time ? *time : -1;
}

std::string complaint(std::string_view text) {
  const auto time = parse_time_spec(text, kNow, berlin());
  EXPECT_FALSE(time) << text;
  return time ? "" : time.error().message;
}

TEST(TimeSpec, NowAndTheDaysAroundIt) {
  const Nanos midnight = kNow - (18 * 3600 + 15 * 60) * kSecond;
  EXPECT_EQ(read("now"), kNow);
  EXPECT_EQ(read("today"), midnight);
  EXPECT_EQ(read("yesterday"), midnight - 86400 * kSecond);
  EXPECT_EQ(read("tomorrow"), midnight + 86400 * kSecond);
}

TEST(TimeSpec, DateAndTimeAreInTheGivenZone) {
  EXPECT_EQ(read("2026-11-23 18:15:00"), kNow);
  EXPECT_EQ(read("  2026-11-23 18:15:00 "), kNow);
  EXPECT_EQ(read("2026-11-23 18:15"), kNow);
  EXPECT_EQ(read("2026-11-23"), kNow - (18 * 3600 + 15 * 60) * kSecond);
  EXPECT_EQ(read("2026-07-01 12:00:00"), 1782900000 * kSecond);  // summer: two hours ahead of UTC
}

TEST(TimeSpec, ATimeAloneIsToday) {
  EXPECT_EQ(read("18:15"), kNow);
  EXPECT_EQ(read("18:15:07"), kNow + 7 * kSecond);
  EXPECT_EQ(read("8:05"), kNow - (10 * 3600 + 600) * kSecond);
}

TEST(TimeSpec, AWeekdayBeforeTheDateIsPassedOver) {
  EXPECT_EQ(read("Mon 2026-11-23 18:15:00"), kNow);
  EXPECT_EQ(read("monday 2026-11-23 18:15:00"), kNow);
}

TEST(TimeSpec, FractionsAreKeptToTheNanosecond) {
  EXPECT_EQ(read("2026-11-23 18:15:00.5"), kNow + kSecond / 2);
  EXPECT_EQ(read("2026-11-23 18:15:00.123456789"), kNow + 123456789);
  EXPECT_EQ(read("@1795454100.000000001"), kNow + 1);
  EXPECT_EQ(read("@-1.25"), -1250 * kMillisecond);
}

TEST(TimeSpec, Rfc3339SaysItsOwnZone) {
  EXPECT_EQ(read("2026-11-23T17:15:00Z"), kNow);
  EXPECT_EQ(read("2026-11-23T17:15:00.25Z"), kNow + kSecond / 4);
  EXPECT_EQ(read("2026-11-23T18:15:00+01:00"), kNow);
  EXPECT_EQ(read("2026-11-23T12:45:00-04:30"), kNow);
  EXPECT_EQ(read("2026-11-23T18:15:00+0100"), kNow);
  EXPECT_EQ(read("2026-11-23T18:15:00"), kNow);
}

TEST(TimeSpec, AZoneMayBeNamed) {
  EXPECT_EQ(read("2026-11-23 17:15:00 UTC"), kNow);
  EXPECT_EQ(read("2026-11-23 18:15 Europe/Berlin"), kNow);
  EXPECT_EQ(read("17:15 UTC"), kNow);
  EXPECT_EQ(read("2026-11-23 UTC"), kNow - (17 * 3600 + 15 * 60) * kSecond);
}

TEST(TimeSpec, SecondsSince1970) { EXPECT_EQ(read("@1795454100"), kNow); }

TEST(TimeSpec, SpansBeforeAndAfterNow) {
  EXPECT_EQ(read("-5min"), kNow - 300 * kSecond);
  EXPECT_EQ(read("+1h"), kNow + 3600 * kSecond);
  EXPECT_EQ(read("-1h30min"), kNow - 5400 * kSecond);
  EXPECT_EQ(read("-1h 30min"), kNow - 5400 * kSecond);
  EXPECT_EQ(read("- 2 days"), kNow - 2 * 86400 * kSecond);
  EXPECT_EQ(read("5 min ago"), kNow - 300 * kSecond);
  EXPECT_EQ(read("1.5h ago"), kNow - 5400 * kSecond);
  EXPECT_EQ(read("2h left"), kNow + 7200 * kSecond);
  EXPECT_EQ(read("-90"), kNow - 90 * kSecond);
  EXPECT_EQ(read("-250ms"), kNow - 250 * kMillisecond);
}

TEST(TimeSpec, MinutesAndMonthsDifferByCase) {
  EXPECT_EQ(read("-1m"), kNow - 60 * kSecond);
  EXPECT_EQ(read("-1M"), kNow - static_cast<Nanos>(30.44 * 86400) * kSecond);
}

TEST(TimeSpec, AnHourThatTheClockSkipsMeansTheMomentOfTheChange) {
  EXPECT_EQ(read("2026-03-29 02:30:00"), read("2026-03-29 03:00:00"));  // from 02:00 straight to 03:00
}

TEST(TimeSpec, AnHourThatComesTwiceMeansTheFirst) {
  EXPECT_EQ(read("2026-10-25 02:30:00"), read("2026-10-25T02:30:00+02:00"));
}

TEST(TimeSpec, WhatIsNoTimeIsToldInOneSentence) {
  EXPECT_EQ(complaint("last tuesday").rfind("'last tuesday' is not a time: give ", 0), 0u);
  for (const char* text : {"",
                           "-",
                           "+",
                           "5min",
                           "ago",
                           "-5 parsecs",
                           "2026-13-01",
                           "2026-02-30",
                           "2026-02-29",
                           "2026-11-23 24:00",
                           "2026-11-23 18:60",
                           "2026-11-23 18:15:60",
                           "18",
                           "18:",
                           "18:5",
                           "2026-11-23 18:15 Mars/Olympus",
                           "2026-11-23T",
                           "2026-11-23X18:15",
                           "@",
                           "@x",
                           "@1.",
                           "@1.x",
                           "@99999999999999",
                           "-99999999y",
                           "26-11-23",
                           "2026-11-23 18:15:00+99:00",
                           "2026-11-23T18:15:00Zebra",
                           "1e3 ago",
                           "-1e3",
                           "-.",
                           "--5min",
                           "now now"}) {
    complaint(text);
  }
}

TEST(TimeSpec, LeapDaysExistInLeapYearsOnly) { EXPECT_EQ(read("2028-02-29") - read("2028-02-28"), 86400 * kSecond); }

}  // namespace
}  // namespace sluice
