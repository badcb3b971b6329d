// TimeFormat: a strptime-like pattern, compiled once, for the times of senders that follow no standard.
//
//   Result<TimeFormat> format = TimeFormat::compile("[%a %b %d %H:%M:%S %Y]");
//   WrittenTime written;
//   if (format->read(text, written)) ...               // at the start of `text`; written.length octets of it
//
// | directive      | reads                                                              |
// |----------------|--------------------------------------------------------------------|
// | %Y %y          | year of four digits; of two (69 to 99: 19.., 00 to 68: 20..)       |
// | %m %b %B %h    | month as one or two digits; its English name, short or whole       |
// | %d %e %j       | day as one or two digits, blanks before it skipped; day of the year |
// | %H %I %p       | hour 0 to 23; 1 to 12 with AM or PM                                |
// | %M %S          | minute, second, one or two digits                                  |
// | %f             | one to nine fraction digits                                        |
// | %z %Z          | offset (+01:00, +0100, +01, Z); zone name                          |
// | %s             | seconds since 1970                                                 |
// | %a %A          | English weekday, short or whole: read and not checked              |
// | %F %T %R %D    | %Y-%m-%d, %H:%M:%S, %H:%M, %m/%d/%y                                |
// | %%, a blank    | a percent sign; any number of blanks, none included                |
//
// Everything else stands for itself.
//
// Errors:  compile() names the directive that is unknown or missing: a format needs a day and a month (or %j, or %s).
// Threads: immutable. Memory: none per read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/parse/written_time.h"

namespace sluice {

class TimeFormat {
 public:
  static Result<TimeFormat> compile(std::string_view pattern);

  bool read(std::string_view text, WrittenTime& out) const;
  const std::string& pattern() const { return pattern_; }

 private:
  struct Step {
    char directive;  // 0: the literal
    char literal;
  };
  struct Progress;

  static bool expand(std::string_view pattern, std::vector<Step>& steps, std::string& unknown);
  bool read_step(Step step, std::string_view text, Progress& progress, WrittenTime& out) const;

  std::string pattern_;
  std::vector<Step> steps_;
};

}  // namespace sluice
