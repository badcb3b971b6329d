#include "daemon/service/self_log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include "core/base/mutex.h"

namespace sluice {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

// sd-daemon(3): the syslog severity between angle brackets.
const char* journal_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "<7>";
    case LogLevel::info:
      return "<6>";
    case LogLevel::warning:
      return "<4>";
    case LogLevel::error:
      break;
  }
  return "<3>";
}

void append_printable(std::string& out, std::string_view message) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool cut = message.size() > SelfLog::kMaxMessageBytes;
  for (const char c : message.substr(0, SelfLog::kMaxMessageBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  if (cut) out += "...";
}

}  // namespace

class SelfLog::Impl {
 public:
  Impl(SelfLogOptions options, const Clock& clock, std::shared_ptr<spdlog::sinks::sink> sink, bool journal)
      : options_(std::move(options)), clock_(clock), journal_(journal), logger_("sluiced", std::move(sink)) {
    logger_.set_level(to_spdlog(options_.level));
    logger_.set_pattern(journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
    logger_.flush_on(spdlog::level::debug);
    // A full disk under log.file must not stop the daemon, nor make spdlog write where nobody asked for it.
    logger_.set_error_handler([](const std::string&) {});
  }

  void write(LogLevel level, std::string_view kind, std::string_view message) EXCLUDES(mutex_) {
    if (level < options_.level) return;
    MutexLock lock(mutex_);
    if (!kind.empty() && !may_pass(level, kind)) return;
    put(level, message);
  }

  void tell_suppressed(bool all) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const Nanos now = clock_.monotonic();
    for (auto kind = kinds_.begin(); kind != kinds_.end();) {
      if (!all && now - kind->second.since < options_.window) {
        ++kind;
        continue;
      }
      tell(kind->first, kind->second);
      kind = kinds_.erase(kind);
    }
  }

 private:
  struct Kind {
    Nanos since = 0;  // when its window began
    uint32_t passed = 0;
    uint64_t suppressed = 0;
    LogLevel level = LogLevel::info;  // the worst that was held back
  };

  bool may_pass(LogLevel level, std::string_view name) REQUIRES(mutex_) {
    const Nanos now = clock_.monotonic();
    auto found = kinds_.find(name);
    if (found == kinds_.end()) {
      if (kinds_.size() >= kMaxKinds) name = "other";
      found = kinds_.try_emplace(std::string(name), Kind{.since = now}).first;
    }
    Kind& kind = found->second;
    if (now - kind.since >= options_.window) {
      tell(found->first, kind);
      kind = {.since = now};
    }
    if (kind.passed < options_.burst) {
      ++kind.passed;
      return true;
    }
    ++kind.suppressed;
    kind.level = std::max(kind.level, level);
    return false;
  }

  void tell(const std::string& name, const Kind& kind) REQUIRES(mutex_) {
    if (kind.suppressed == 0) return;
    put(kind.level, name + ": " + std::to_string(kind.suppressed) +
                        (kind.suppressed == 1 ? " more message" : " more messages") +
                        " like this suppressed");
  }

  void put(LogLevel level, std::string_view message) REQUIRES(mutex_) {
    line_.assign(journal_ ? journal_prefix(level) : "");
    append_printable(line_, message);
    logger_.log(to_spdlog(level), spdlog::string_view_t(line_.data(), line_.size()));
  }

  const SelfLogOptions options_;
  const Clock& clock_;
  const bool journal_;
  Mutex mutex_;
  spdlog::logger logger_ GUARDED_BY(mutex_);
  std::string line_ GUARDED_BY(mutex_);
  std::map<std::string, Kind, std::less<>> kinds_ GUARDED_BY(mutex_);
};

Result<std::unique_ptr<SelfLog>> SelfLog::open(SelfLogOptions options, const Clock& clock) {
  const bool journal = options.file.empty() && is_journal_stream(std::getenv("JOURNAL_STREAM"), 2);
  std::shared_ptr<spdlog::sinks::sink> sink;
  try {
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(options.file);
    }
  } catch (const spdlog::spdlog_ex& error) {
    return Unexpected(Error{error.what()});
  }
  return std::unique_ptr<SelfLog>(
      new SelfLog(std::make_unique<Impl>(std::move(options), clock, std::move(sink), journal)));
}

SelfLog::SelfLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SelfLog::~SelfLog() { impl_->tell_suppressed(true); }

void SelfLog::write(LogLevel level, std::string_view kind, std::string_view message) {
  impl_->write(level, kind, message);
}
void SelfLog::tick() { impl_->tell_suppressed(false); }

LogLevel log_level(std::string_view text) {
  if (text == "debug") return LogLevel::debug;
  if (text == "warning") return LogLevel::warning;
  if (text == "error") return LogLevel::error;
  return LogLevel::info;
}

bool is_journal_stream(const char* journal_stream, int fd) {
  if (journal_stream == nullptr) return false;
  struct stat status{};
  if (fstat(fd, &status) != 0) return false;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == journal_stream;
}

}  // namespace sluice
