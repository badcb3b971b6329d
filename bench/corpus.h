// Corpus: log lines for benchmarks, made up here, the same for the same seed on every machine.
//
// What matters to a compressor, a dedupe window and an interner is how lines repeat, so the lines behave like those of
// a small site: a few dozen hosts, some much busier than others; services with a handful of messages each; numbers,
// addresses and users that vary; a clock that moves on by some microseconds a line. They compress about as well as real
// ones do (zstd -3: some 5 to 7 times).
//
//   Corpus corpus(CorpusFormat::rfc5424);
//   std::string stream = corpus.stream(100'000);                  // lines with '\n' behind each
//   std::vector<std::string> lines = corpus.lines(1000);          // goes on where the stream ended
//
// Threads: as plain memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

enum class CorpusFormat { rfc5424, rfc3164, json };

class Corpus {
 public:
  explicit Corpus(CorpusFormat format, uint64_t seed = 1) : format_(format), state_(seed * 0x9E3779B97F4A7C15u + 1) {}

  // One line, without an end.
  void append_line(std::string& out) {
    micros_ += 5 + below(90);
    const Service& service = kServices[skewed(kServices.size())];
    const Message& message = service.messages[skewed(service.messages.size())];
    const uint64_t host = skewed(kHosts);
    text_.clear();
    fill(message.text);
    switch (format_) {
      case CorpusFormat::rfc5424:
        return append_rfc5424(out, service, message, host);
      case CorpusFormat::rfc3164:
        return append_rfc3164(out, service, message, host);
      case CorpusFormat::json:
        return append_json(out, service, message, host);
    }
  }

  std::vector<std::string> lines(size_t count) {
    std::vector<std::string> lines(count);
    for (std::string& line : lines) append_line(line);
    return lines;
  }

  std::string stream(size_t count) {
    std::string stream;
    for (size_t i = 0; i < count; ++i) {
      append_line(stream);
      stream += '\n';
    }
    return stream;
  }

 private:
  struct Message {
    int severity;
    std::string_view id;
    std::string_view text;  // %d number, %u user, %a address, %x id, %p path, %t milliseconds
  };
  struct Service {
    std::string_view name;
    int facility;
    std::array<Message, 5> messages;
  };

  static constexpr uint64_t kHosts = 48;
  static constexpr std::array<std::string_view, 6> kRoles{"edge", "app", "db", "queue", "mail", "build"};
  static constexpr std::array<std::string_view, 12> kUsers{"amara", "bruno", "chen", "dalia", "emeka", "freya",
                                                           "goran", "hana",  "ivo",  "jorun", "kofi",  "lena"};
  static constexpr std::array<std::string_view, 8> kPaths{"/orders",           "/orders/open",  "/basket",
                                                          "/account/settings", "/healthz",      "/search",
                                                          "/static/logo",      "/api/v2/prices"};
  static constexpr std::array<Service, 6> kServices{{
      {"storefront",
       16,
       {{{6, "REQ", "served %p for %a in %t ms, %d bytes, session %x"},
         {6, "CACHE", "cache hit for %p, age %d s"},
         {6, "REQ", "redirected %p to the sign-in page, client %a"},
         {4, "SLOW", "slow answer: %p took %t ms, of which %t ms waiting for the pricing service"},
         {3, "FAIL", "giving up on %p after 3 attempts: upstream %a closed the connection (request %x)"}}}},
      {"gatekeeper",
       10,
       {{{6, "LOGIN", "user %u signed in from %a with a security key, session %x"},
         {6, "LOGOUT", "session %x of user %u ended after %d s"},
         {5, "DENY", "wrong password for user %u from %a, attempt %d"},
         {4, "LOCK", "account %u locked for 15 minutes after too many attempts from %a"},
         {6, "TOKEN", "token renewed for service account batch-%d"}}}},
      {"ledgerd",
       17,
       {{{6, "COMMIT", "committed transaction %x: %d rows in %t ms"},
         {7, "PLAN", "plan for statement %x reads %d pages, cost %d"},
         {6, "CHECKPOINT", "checkpoint written: %d buffers, %t ms"},
         {4, "WAIT", "transaction %x waited %t ms for a lock held by %x"},
         {5, "VACUUM", "table orders_%d: %d dead rows removed"}}}},
      {"courier",
       2,
       {{{6, "QUEUED", "message %x accepted from %u, %d bytes"},
         {6, "SENT", "message %x delivered to %a in %t ms"},
         {5, "DEFER", "message %x deferred: mailbox of %u is full, next try in %d s"},
         {6, "EXPIRE", "message %x removed from the queue"},
         {3, "REFUSE", "connection from %a refused: listed by the blocklist"}}}},
      {"housekeeper",
       9,
       {{{6, "RUN", "job rotate-reports started, pid %d"},
         {6, "DONE", "job rotate-reports finished in %t ms, exit status 0"},
         {6, "RUN", "job sync-mirrors started, pid %d"},
         {5, "LATE", "job sync-mirrors began %d s late: the previous run had not ended"},
         {3, "FAIL", "job backup-%d failed with exit status 2, see /var/log/backup/%x"}}}},
      {"netwatch",
       0,
       {{{6, "LINK", "interface port%d is up at 10 Gbit/s"},
         {4, "LINK", "interface port%d is down"},
         {5, "FLOW", "dropped packet from %a to %a, rule %d, %d bytes"},
         {6, "LEASE", "address %a leased to host-%d for %d s"},
         {6, "PROBE", "probe of %a answered in %t ms"}}}},
  }};

  uint64_t next() {  // xorshift64*
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du;
  }
  uint64_t below(uint64_t n) { return (next() >> 32) * n >> 32; }
  // The first are the most frequent: the least of four draws.
  uint64_t skewed(uint64_t n) {
    uint64_t least = n - 1;
    for (int i = 0; i < 3; ++i) least = std::min(least, below(n));
    return least;
  }

  void fill(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        text_ += pattern[i];
        continue;
      }
      append_variable(pattern[++i]);
    }
  }

  void append_variable(char kind) {
    switch (kind) {
      case 'd':
        return print(text_, "%u", static_cast<unsigned>(below(skewed(4) == 3 ? 100'000 : 500)));
      case 't':
        return print(text_, "%u.%u", static_cast<unsigned>(skewed(900)), static_cast<unsigned>(below(10)));
      case 'x':
        return print(text_, "%08x", static_cast<unsigned>(next() >> 32));
      case 'a':
        return print(text_, "10.%u.%u.%u", static_cast<unsigned>(below(4)), static_cast<unsigned>(below(16)),
                     static_cast<unsigned>(below(250)));
      case 'u':
        text_ += kUsers[skewed(kUsers.size())];
        return;
      case 'p':
        text_ += kPaths[skewed(kPaths.size())];
        return;
    }
  }

  template <class... Args>
  static void print(std::string& out, const char* format, Args... args) {
    char buffer[160];
    out.append(buffer, static_cast<size_t>(std::snprintf(buffer, sizeof buffer, format, args...)));
  }

  static unsigned process_id(const Service& service, uint64_t host) {
    return 300 + static_cast<unsigned>((host * 7919 + service.name.size() * 104729) % 30000);
  }
  void append_host(std::string& out, uint64_t host) const {
    out += kRoles[host % kRoles.size()];
    print(out, "-%02u", static_cast<unsigned>(host / kRoles.size() + 1));
  }
  std::tm calendar() const {
    const auto seconds = static_cast<std::time_t>(kStart + micros_ / 1'000'000);
    std::tm tm{};
    gmtime_r(&seconds, &tm);
    return tm;
  }
  void append_iso_time(std::string& out) const {
    char buffer[40];
    const std::tm tm = calendar();
    out.append(buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &tm));
    print(out, ".%06uZ", static_cast<unsigned>(micros_ % 1'000'000));
  }

  void append_rfc5424(std::string& out, const Service& service, const Message& message, uint64_t host) {
    print(out, "<%d>1 ", service.facility * 8 + message.severity);
    append_iso_time(out);
    out += ' ';
    append_host(out, host);
    out += ' ';
    out += service.name;
    print(out, " %u ", process_id(service, host));
    out += message.id;
    if (message.severity <= 4) {
      print(out, " [site@32473 rack=\"%u\" zone=\"north\"] ", static_cast<unsigned>(host % 5));
    } else {
      out += " - ";
    }
    out += text_;
  }

  void append_rfc3164(std::string& out, const Service& service, const Message& message, uint64_t host) {
    char buffer[40];
    const std::tm tm = calendar();
    print(out, "<%d>", service.facility * 8 + message.severity);
    out.append(buffer, std::strftime(buffer, sizeof buffer, "%b %e %H:%M:%S ", &tm));
    append_host(out, host);
    out += ' ';
    out += service.name;
    print(out, "[%u]: ", process_id(service, host));
    out += text_;
  }

  void append_json(std::string& out, const Service& service, const Message& message, uint64_t host) {
    out += R"({"timestamp":")";
    append_iso_time(out);
    out += R"(","host":")";
    append_host(out, host);
    out += R"(","app":")";
    out += service.name;
    print(out, R"(","pid":%u,"severity":%d,"event":")", process_id(service, host), message.severity);
    out += message.id;
    out += R"(","message":")";
    out += text_;  // holds nothing that JSON would have to escape
    out += "\"}";
  }

  static constexpr uint64_t kStart = 1'767'323'045;  // 2026-01-02T03:04:05Z

  const CorpusFormat format_;
  uint64_t state_;
  uint64_t micros_ = 0;  // since kStart
  std::string text_;     // of the line being made
};

}  // namespace sluice
