// Times: a shape renders what was read, the cache answers as the slow way does, and any pattern compiles or says why.
#include <string>

#include "core/parse/event.h"
#include "core/parse/timestamp.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

const char* const kExamples[] = {
    "\x01\x10%y/%m/%d %H:%M:%S26/10/11 22:14:15",
    "\x02\x08%F %T.%f2026-10-11 22:14:15.123 rest",
    "\x02\x01xOct 11 22:14:15.123 UTC: rest",
    "\x00\x01x2026-10-11T22:14:15.123456Z rest",
    "\x01\x01x1795428930.123",
    nullptr,
};

bool same(const ReadTime& a, const ReadTime& b) {
  return a.time == b.time && a.shape == b.shape && a.flags == b.flags && a.length == b.length &&
         a.rendered == b.rendered;
}

void check(FuzzInput input) {
  static const TimeZone zone = TimeZone::utc();
  const uint8_t kind = input.byte();
  ParserOptions options;
  options.zone = &zone;
  options.time_formats = {std::string(input.take(input.byte()))};
  const std::string_view text = input.rest();
  const Nanos received = (1'795'428'930 + kind * 864'000) * kSecond;

  TimestampReader cached(options);
  options.time_cache = false;
  TimestampReader slow(options);
  // The text with another fraction first, so that the cache knows its second.
  std::string near(text);
  if (const size_t digit = near.find_last_of("0123456789"); digit != near.npos) near[digit] = '7';
  const auto read = [&](TimestampReader& reader, std::string_view from, ReadTime& out) {
    if (kind % 3 == 0) return reader.read_rfc5424(from, received, out);
    if (kind % 3 == 2) return reader.read_rfc3164(from, received, out);
    const auto whole = reader.read(from, received);
    if (whole) out = *whole;
    return whole.has_value();
  };
  ReadTime ignored, quick, careful;
  read(cached, near, ignored);
  const bool found = read(cached, text, quick);
  fuzz_check(found == read(slow, text, careful), "cache and slow way agree that there is a time");
  if (!found) return;
  fuzz_check(same(quick, careful), "cache and slow way agree what time it is");
  fuzz_check(quick.length <= text.size() && quick.rendered <= quick.length, "a time lies in its text");
  if (quick.shape.form == TimeForm::none) return;
  std::string rendered;
  render_time(quick.time, quick.shape, rendered);
  fuzz_check(rendered == text.substr(0, quick.rendered), "a shape renders the text again");
}

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() { return sluice::kExamples; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check(sluice::FuzzInput(data, size));
  return 0;
}
