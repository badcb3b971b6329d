// SelfLog: what the daemon tells its operator, on standard error or in a file.
//
//   auto log = SelfLog::open({.level = LogLevel::info}, system_clock());
//   (*log)->info("listener", "listening on tcp 127.0.0.1:5514");
//   (*log)->warning("bad_frame", text);     // the first word is the message's kind: what rate limiting
//   counts by
//   (*log)->tick();                         // every second or so: tells what was held back
//
// Rate limit: of one kind, `burst` messages pass in a window of `window`; what comes after them is counted
// and told
//             as "7 more messages like this suppressed" when the window is over. An empty kind is never
//             limited.
// Journald:   when standard error is the journal (JOURNAL_STREAM names it) each line begins with its
// priority,
//             `<4>`, and has no time of its own; otherwise time and level stand before the text.
// Safety:     a message may quote bytes that came from outside: control characters are written as \x0a, so
// that one
//             message is always one line. A message is cut at kMaxMessageBytes.
// Threads:    every method is safe from any thread; one lock per message. Not for the way of a line.
// Memory:     at most kMaxKinds kinds are remembered; more share one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace sluice {

enum class LogLevel : uint8_t { debug, info, warning, error };

struct SelfLogOptions {
  LogLevel level = LogLevel::info;  // messages below it are not written
  std::string file;                 // empty: standard error. Appended to, made if missing
  Nanos window = 10 * kSecond;      // of the rate limit
  uint32_t burst = 5;               // messages of one kind in a window
};

class SelfLog {
 public:
  static constexpr size_t kMaxMessageBytes =
      2048;                                 // bytes; a line that a terminal and the journal still show
  static constexpr size_t kMaxKinds = 256;  // kinds are words in our code, there are far fewer

  // Fails when the file can't be opened.
  static Result<std::unique_ptr<SelfLog>> open(SelfLogOptions options, const Clock& clock);
  ~SelfLog();  // tells what was held back

  void write(LogLevel level, std::string_view kind, std::string_view message);
  void debug(std::string_view kind, std::string_view message) { write(LogLevel::debug, kind, message); }
  void info(std::string_view kind, std::string_view message) { write(LogLevel::info, kind, message); }
  void warning(std::string_view kind, std::string_view message) { write(LogLevel::warning, kind, message); }
  void error(std::string_view kind, std::string_view message) { write(LogLevel::error, kind, message); }
  void tick();

 private:
  class Impl;
  explicit SelfLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "debug", "info", "warning", "error"; info for anything else.
LogLevel log_level(std::string_view text);

// True when file descriptor `fd` is the stream that JOURNAL_STREAM ("device:inode") names.
bool is_journal_stream(const char* journal_stream, int fd);

}  // namespace sluice
