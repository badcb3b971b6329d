#include "daemon/ctl/parse_command.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/ctl/exit_status.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

struct Outcome {
  int status;
  std::string text;
};

Outcome run(const ParseCommandOptions& options, std::string input) {
  std::FILE* in = std::tmpfile();
  std::fwrite(input.data(), 1, input.size(), in);
  std::rewind(in);
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  const int status = run_parse(options, in, out);
  std::fclose(in);
  std::fclose(out);
  Outcome outcome{status, std::string(text, size)};
  std::free(text);
  return outcome;
}

std::string message(std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  return out.append(text);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(ParseCommand, PrintsOneObjectALine) {
  const Outcome got = run({}, message("<34>1 - h a - - - one") + message("") + message("text"));
  EXPECT_EQ(got.status, kExitOk);
  EXPECT_EQ(std::count(got.text.begin(), got.text.end(), '\n'), 3);
  EXPECT_TRUE(contains(got.text, R"("hostname":"h","app_name":"a")")) << got.text;
  EXPECT_TRUE(contains(got.text, R"("error":"the frame is empty")")) << got.text;
  EXPECT_TRUE(contains(got.text, R"("message":"text"})")) << got.text;
}

TEST(ParseCommand, GivesTheErrorBesideTheRawMessage) {
  const Outcome got = run({.format = FormatChoice::rfc5424}, message("no syslog"));
  EXPECT_TRUE(contains(got.text, R"({"error":"RFC 5424 demands a PRI)")) << got.text;
  EXPECT_TRUE(contains(got.text, R"("message":"no syslog")")) << got.text;
}

TEST(ParseCommand, StrictNamesTheOctetAndStillShowsTheFields) {
  const std::string input = message("<34>1 - h a - - [x a=b] one");
  EXPECT_FALSE(contains(run({.format = FormatChoice::rfc5424}, input).text, "error"));
  const Outcome got = run({.format = FormatChoice::rfc5424, .strict = true}, input);
  EXPECT_TRUE(contains(got.text, R"("error":"octet 21: a PARAM-VALUE stands in quotes")")) << got.text;
  EXPECT_TRUE(contains(got.text, R"("structured_data":{"x":{"a":"b"}})")) << got.text;
}

TEST(ParseCommand, StrictMeasuresAFrameThatDidNotParse) {
  const Outcome got = run({.format = FormatChoice::rfc5424, .strict = true}, message("<34>1 today h a - - - one"));
  EXPECT_TRUE(contains(got.text, R"("error":"octet 6: TIMESTAMP)")) << got.text;
}

TEST(ParseCommand, SaysWhenTheInputEndsInsideAMessage) {
  EXPECT_EQ(run({}, message("text").substr(0, 6)).status, kExitCouldNot);
  EXPECT_EQ(run({}, "\x01").status, kExitCouldNot);
  EXPECT_EQ(run({}, "\xff\xff\xff\xfftext").status, kExitCouldNot);
  EXPECT_EQ(run({}, "").status, kExitOk);
}

TEST(ParseCommand, TakesItsClockFromTheEnvironment) {
  setenv("SLUICE_NOW", "2018-01-01T00:00:10Z", 1);
  const Outcome got = run({}, message("<34>Dec 31 12:00:00 h a: m"));
  EXPECT_TRUE(contains(got.text, R"("timestamp":"2017-12-31T)")) << got.text;
  setenv("SLUICE_NOW", "yesterday", 1);
  EXPECT_EQ(run({}, "").status, kExitCouldNot);
  unsetenv("SLUICE_NOW");
}

}  // namespace
}  // namespace sluice
