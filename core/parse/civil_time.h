// Days and dates of the Gregorian calendar, and digits as numbers: what reading and writing a time needs.
//
// The algorithms are those of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms" (public domain): a year
// that begins in March has its leap day last, which makes day and date exact in integer arithmetic.
#pragma once

#include <cstdint>

namespace sluice {

inline constexpr int64_t kSecondsPerDay = 86'400;

inline constexpr bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// REQUIRES: 1 <= month <= 12
inline constexpr int days_in_month(int64_t year, int month) {
  constexpr int8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : kDays[month - 1];
}

// Days since 1970-01-01.
inline constexpr int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

struct CivilDate {
  int64_t year;
  int month;
  int day;
};

inline constexpr CivilDate civil_from_days(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2), month,
          static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1)};
}

inline constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// The value of two digits, or over 99 when one of them is none.
inline constexpr int two_digits(const char* p) {
  return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : 1000;
}

// 10^(9 - digits): what one unit of the last of `digits` fraction digits is worth in nanoseconds.
inline constexpr int32_t kFractionUnit[10] = {1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000,
                                              10'000,        1'000,       100,        10,        1};

}  // namespace sluice
