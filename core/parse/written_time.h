// WrittenTime: a time as its text says it, before an absent year or zone is settled; and the forms that need no
// configuration.
//
// Each function reads at the start of `text` and returns false, with `out` unspecified, where its form does not
// begin. Dates and clocks are checked (no 31 September, no 24:00), second 60 is let through.
//
// Threads: free functions without state.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/clock.h"
#include "core/parse/time_format_cache.h"
#include "core/parse/time_shape.h"

namespace sluice {

struct WrittenTime {
  int year = kNoYear;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  uint32_t nanos = 0;
  uint8_t digits = 0;  // of the fraction
  char point = '.';    // before the fraction
  Fraction fraction = Fraction::optional;
  bool has_offset = false;
  int32_t offset = 0;              // seconds, local minus UTC
  std::string_view zone_name;      // as in "CEST"; empty: none
  TimeForm form = TimeForm::none;  // `none`: render_time() can't make it again
  uint32_t fraction_begin = 0;     // offset of the point, or of where it would stand
  uint32_t fraction_end = 0;
  uint32_t rendered = 0;  // octets that `form` makes
  uint32_t length = 0;

  static constexpr int kNoYear = -1;
};

// 2026-11-23T10:15:30.123Z with its variants: a blank or `t` for the T, a comma for the point, `z`, an offset
// without colon or minutes, no zone.
bool read_iso(std::string_view text, WrittenTime& out);

// Nov 23 10:15:30.123 with its variants: any case, day padded or not, year before the month or the time.
bool read_month_name(std::string_view text, WrittenTime& out);

// What may follow either, after a blank or glued: a year (where there is none yet), an offset, a known zone name.
// Extends `out`. A name that a host could bear ("WEST") counts only before a colon.
void read_tail(std::string_view text, WrittenTime& out);

// Whether read_tail() could find something at `at`, or, behind what it found, take it back. False means surely not.
bool may_have_tail(std::string_view text, size_t at);

// The offset of a zone's well-known name ("CET", "PDT"). False: unknown or ambiguous.
bool zone_name_offset(std::string_view name, int32_t& offset);

// +01:00, -0730, +02, Z. Returns the octets read, 0 for none.
size_t read_offset(std::string_view text, int32_t& offset);

// 1 to 12, or 0. The first three letters in any case.
int month_number(const char* name);

}  // namespace sluice
