#include "config/units.h"

#include <arpa/inet.h>

#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace sluice {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kSizes[] = {
    {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}};
constexpr Unit kTimes[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

std::string names_after_first(std::span<const Unit> units) {
  std::string names;
  for (const Unit& unit : units.subspan(1)) names.append(names.empty() ? "" : ", ").append(unit.name);
  return names;
}

// What people write who mean one of ours.
std::string_view meant(std::string_view unit) {
  constexpr std::pair<std::string_view, std::string_view> kMeant[] = {
      {"k", "KiB"},  {"kb", "KiB"},   {"kib", "KiB"},   {"m", "MiB"},  {"mb", "MiB"},   {"mib", "MiB"},
      {"g", "GiB"},  {"gb", "GiB"},   {"gib", "GiB"},   {"t", "TiB"},  {"tb", "TiB"},   {"tib", "TiB"},
      {"b", "B"},    {"byte", "B"},   {"bytes", "B"},   {"sec", "s"},  {"second", "s"}, {"seconds", "s"},
      {"min", "m"},  {"minute", "m"}, {"minutes", "m"}, {"hour", "h"}, {"hours", "h"},  {"day", "d"},
      {"days", "d"}, {"msec", "ms"},  {"millis", "ms"}, {"secs", "s"}, {"mins", "m"}};
  std::string lower;
  for (const char c : unit.substr(0, 16)) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const auto& [written, name] : kMeant) {
    if (lower == written) return name;
  }
  return {};
}

std::string unknown_unit(std::string_view text, std::string_view unit, std::span<const Unit> units) {
  const std::string_view guess = meant(unit);
  for (const Unit& known : units) {
    if (known.name == guess)
      return in_quotes(text) + " has the unknown unit " + in_quotes(unit) + "; did you mean " + std::string(guess) +
             "?";
  }
  return in_quotes(text) + " has the unknown unit " + in_quotes(unit) + ": use " + std::string(units[0].name) + ", " +
         names_after_first(units);
}

Result<uint64_t, std::string> parse_with_unit(std::string_view text, std::span<const Unit> units, const char* what) {
  const char* end = text.data() + text.size();
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) return Unexpected(in_quotes(text) + " is too large");
  if (error != std::errc{}) return Unexpected(in_quotes(text) + " is not " + what);
  std::string_view unit(rest, static_cast<size_t>(end - rest));
  if (unit.empty()) {
    return Unexpected(std::string(text) + " has no unit: write " + std::string(text) + std::string(units[0].name) +
                      ", or " + names_after_first(units));
  }
  if (unit.front() == '.') return Unexpected(in_quotes(text) + " is not a whole number: use a smaller unit");
  if (unit.front() == ' ') unit.remove_prefix(1);
  for (const Unit& known : units) {
    if (known.name != unit) continue;
    if (number > std::numeric_limits<int64_t>::max() / known.factor)
      return Unexpected(in_quotes(text) + " is too large");
    return number * known.factor;
  }
  return Unexpected(unknown_unit(text, unit, units));
}

std::string format_with_unit(uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

bool is_ip(int family, std::string_view host) {
  char binary[sizeof(in6_addr)];
  return host.size() < 64 && inet_pton(family, std::string(host).c_str(), binary) == 1;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return port;
}

std::string not_an_ip(std::string_view host) {
  if (host == "*") return "\"*\" is not an IP address; for every interface write 0.0.0.0 or [::]";
  if (host == "localhost") return "\"localhost\" is not an IP address; write 127.0.0.1 or [::1]";
  return in_quotes(host) + " is not an IP address";
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr size_t kShown = 60;  // bytes; enough to find it again
  std::string result = "\"";
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return result + (text.size() > kShown ? "...\"" : "\"");
}

Result<uint64_t, std::string> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizes, "a size like 64KiB");
}
std::string format_size(uint64_t bytes) { return format_with_unit(bytes, kSizes); }

Result<std::chrono::milliseconds, std::string> parse_duration(std::string_view text) {
  const auto value = parse_with_unit(text, kTimes, "a time like 30s");
  if (!value) return Unexpected(value.error());
  return std::chrono::milliseconds(*value);
}
std::string format_duration(std::chrono::milliseconds time) {
  return format_with_unit(static_cast<uint64_t>(time.count()), kTimes);
}

Result<Address, std::string> parse_address(std::string_view text) {
  const bool bracket = text.starts_with('[');
  const size_t colon = text.rfind(':');
  const size_t close = bracket ? text.find("]:") : std::string_view::npos;
  if (bracket ? close == std::string_view::npos : colon == std::string_view::npos) {
    return Unexpected(in_quotes(text) + " is not an address with a port, like 127.0.0.1:5514 or [::1]:5514");
  }
  const std::string_view host = bracket ? text.substr(1, close - 1) : text.substr(0, colon);
  const std::string_view port_text = text.substr(bracket ? close + 2 : colon + 1);
  if (!bracket && is_ip(AF_INET6, text)) {
    return Unexpected(in_quotes(text) + " is an IPv6 address without a port: write it like [::1]:5514");
  }
  if (!bracket && is_ip(AF_INET6, host)) return Unexpected("an IPv6 address stands in brackets, like [::1]:5514");
  const std::string_view without_scope = host.substr(0, host.find('%'));
  if (!(bracket ? is_ip(AF_INET6, without_scope) : is_ip(AF_INET, host))) return Unexpected(not_an_ip(host));
  const auto port = parse_port(port_text);
  if (!port) return Unexpected("port " + in_quotes(port_text) + " is not a number from 0 to 65535");
  return Address{std::string(host), *port};
}

std::string format_address(const std::string& host, uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace sluice
