#include "config/units.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

uint64_t size(std::string_view text) {
  const auto value = parse_size(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : 0;
}
std::string size_error(std::string_view text) {
  const auto value = parse_size(text);
  return value ? "no error" : value.error();
}

TEST(Size, ReadsEachUnit) {
  EXPECT_EQ(size("0B"), 0u);
  EXPECT_EQ(size("512B"), 512u);
  EXPECT_EQ(size("64KiB"), 65536u);
  EXPECT_EQ(size("16MiB"), 16u << 20);
  EXPECT_EQ(size("3GiB"), 3ull << 30);
  EXPECT_EQ(size("2TiB"), 2ull << 40);
  EXPECT_EQ(size("64 KiB"), 65536u);
}

TEST(Size, DemandsAUnit) {
  EXPECT_EQ(size_error("64"), "64 has no unit: write 64B, or KiB, MiB, GiB, TiB");
  EXPECT_EQ(size_error("0"), "0 has no unit: write 0B, or KiB, MiB, GiB, TiB");
}

TEST(Size, GuessesWhatAnUnknownUnitMeans) {
  EXPECT_EQ(size_error("64K"), "\"64K\" has the unknown unit \"K\"; did you mean KiB?");
  EXPECT_EQ(size_error("64mb"), "\"64mb\" has the unknown unit \"mb\"; did you mean MiB?");
  EXPECT_EQ(size_error("1x"), "\"1x\" has the unknown unit \"x\": use B, KiB, MiB, GiB, TiB");
  EXPECT_EQ(size_error("5s"), "\"5s\" has the unknown unit \"s\": use B, KiB, MiB, GiB, TiB");
  EXPECT_EQ(size_error("64  KiB"), "\"64  KiB\" has the unknown unit \" KiB\": use B, KiB, MiB, GiB, TiB");
}

TEST(Size, RefusesWhatIsNoNumber) {
  EXPECT_EQ(size_error(""), "\"\" is not a size like 64KiB");
  EXPECT_EQ(size_error("KiB"), "\"KiB\" is not a size like 64KiB");
  EXPECT_EQ(size_error("-1KiB"), "\"-1KiB\" is not a size like 64KiB");
  EXPECT_EQ(size_error("1.5GiB"), "\"1.5GiB\" is not a whole number: use a smaller unit");
}

TEST(Size, RefusesWhatDoesNotFit) {
  EXPECT_EQ(size("8388607TiB"), 8388607ull << 40);
  EXPECT_EQ(size_error("8388608TiB"), "\"8388608TiB\" is too large");
  EXPECT_EQ(size_error("18446744073709551616B"), "\"18446744073709551616B\" is too large");
}

TEST(Size, IsWrittenInTheLargestUnitThatFits) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(480), "480B");
  EXPECT_EQ(format_size(1024), "1KiB");
  EXPECT_EQ(format_size(1025), "1025B");
  EXPECT_EQ(format_size(16 << 20), "16MiB");
  EXPECT_EQ(format_size(1536ull << 20), "1536MiB");
}

std::chrono::milliseconds duration(std::string_view text) {
  const auto value = parse_duration(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : -1ms;
}
std::string duration_error(std::string_view text) {
  const auto value = parse_duration(text);
  return value ? "no error" : value.error();
}

TEST(Duration, ReadsEachUnit) {
  EXPECT_EQ(duration("200ms"), 200ms);
  EXPECT_EQ(duration("30s"), 30s);
  EXPECT_EQ(duration("5m"), 5min);
  EXPECT_EQ(duration("1h"), 1h);
  EXPECT_EQ(duration("7d"), 168h);
  EXPECT_EQ(duration("0s"), 0s);
}

TEST(Duration, DemandsAUnit) {
  EXPECT_EQ(duration_error("30"), "30 has no unit: write 30ms, or s, m, h, d");
  EXPECT_EQ(duration_error("30sec"), "\"30sec\" has the unknown unit \"sec\"; did you mean s?");
  EXPECT_EQ(duration_error("1h30m"), "\"1h30m\" has the unknown unit \"h30m\": use ms, s, m, h, d");
  EXPECT_EQ(duration_error("soon"), "\"soon\" is not a time like 30s");
}

TEST(Duration, IsWrittenInTheLargestUnitThatFits) {
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(1h), "1h");
  EXPECT_EQ(format_duration(0ms), "0ms");
}

std::string address(std::string_view text) {
  const auto value = parse_address(text);
  return value ? value->host + " " + std::to_string(value->port) : value.error();
}

TEST(Address, ReadsIpv4AndIpv6) {
  EXPECT_EQ(address("127.0.0.1:5514"), "127.0.0.1 5514");
  EXPECT_EQ(address("0.0.0.0:514"), "0.0.0.0 514");
  EXPECT_EQ(address("[::1]:5514"), "::1 5514");
  EXPECT_EQ(address("[::]:0"), ":: 0");
  EXPECT_EQ(address("[fe80::1%eth0]:514"), "fe80::1%eth0 514");
}

TEST(Address, DemandsAPort) {
  const std::string form = " is not an address with a port, like 127.0.0.1:5514 or [::1]:5514";
  EXPECT_EQ(address("127.0.0.1"), "\"127.0.0.1\"" + form);
  EXPECT_EQ(address("5514"), "\"5514\"" + form);
  EXPECT_EQ(address("[::1]"), "\"[::1]\"" + form);
  EXPECT_EQ(address(""), "\"\"" + form);
  EXPECT_EQ(address("127.0.0.1:"), "port \"\" is not a number from 0 to 65535");
}

TEST(Address, ChecksThePort) {
  EXPECT_EQ(address("127.0.0.1:65535"), "127.0.0.1 65535");
  EXPECT_EQ(address("127.0.0.1:65536"), "port \"65536\" is not a number from 0 to 65535");
  EXPECT_EQ(address("127.0.0.1:-1"), "port \"-1\" is not a number from 0 to 65535");
  EXPECT_EQ(address("127.0.0.1:51x"), "port \"51x\" is not a number from 0 to 65535");
}

TEST(Address, SaysHowToWriteWhatWasMeant) {
  EXPECT_EQ(address("localhost:5514"), "\"localhost\" is not an IP address; write 127.0.0.1 or [::1]");
  EXPECT_EQ(address("*:5514"), "\"*\" is not an IP address; for every interface write 0.0.0.0 or [::]");
  EXPECT_EQ(address("::1:5514"), "\"::1:5514\" is an IPv6 address without a port: write it like [::1]:5514");
  EXPECT_EQ(address("fe80:0:0:0:0:0:0:1:514"), "an IPv6 address stands in brackets, like [::1]:5514");
  EXPECT_EQ(address("[127.0.0.1]:5514"), "\"127.0.0.1\" is not an IP address");
  EXPECT_EQ(address("256.0.0.1:5514"), "\"256.0.0.1\" is not an IP address");
}

TEST(Address, IsWrittenWithBracketsAroundIpv6) {
  EXPECT_EQ(format_address("127.0.0.1", 514), "127.0.0.1:514");
  EXPECT_EQ(format_address("::1", 514), "[::1]:514");
}

TEST(InQuotes, KeepsAMessageOnOneShortLine) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a?b\"");
  EXPECT_EQ(in_quotes(std::string(60, 'a')), "\"" + std::string(60, 'a') + "\"");
  EXPECT_EQ(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "...\"");
}

}  // namespace
}  // namespace sluice
