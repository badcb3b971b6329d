// Where a message first leaves its RFC: for showing people what is wrong with their sender.
//
//   if (auto d = first_deviation_rfc5424(frame)) std::cout << "octet " << d->octet << ": " << d->sentence;
//
// RFC 5424: every rule of its grammar and every MUST that the octets alone can break: a real date, at most six fraction
// digits, no leap second, SD-IDs that differ, escapes in PARAM-VALUEs and none elsewhere, UTF-8 in PARAM-VALUEs and
// behind a byte order mark. RFC 3164 describes rather than demands; reported is what its section 4 says a message
// consists of. GELF 1.1: names of additional fields. None looks at what a parser assumed or repaired: this is a reader of its own.
//
// Errors:  never throws, never reads outside the frame.
// Threads: free functions without state. Not for the hot path.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice {

struct Deviation {
  size_t octet = 0;           // counted from 0; the frame's size where something is missing at its end
  std::string_view sentence;  // lives for the whole process
};

// nullopt: none.
std::optional<Deviation> first_deviation_rfc5424(std::string_view frame);
std::optional<Deviation> first_deviation_rfc3164(std::string_view frame);
// REQUIRES: the frame is a JSON object
std::optional<Deviation> first_deviation_gelf(std::string_view frame);

}  // namespace sluice
