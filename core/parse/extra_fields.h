// Extra fields: what a JSON or GELF frame has beside the well-known fields, read back from its text.
//
// They are not taken out when a line comes in: the frame keeps them, and who reads the line walks it again.
//
//   ExtraFieldReader reader(json_fields);                       // reused
//   reader.visit(frame, Format::json, flags, [&](std::string_view key, std::string_view json) {
//     ...                                                       // user_id   42      or   tags   ["a","b"]
//   });
//
// A key is given with its escapes undone, and without the underscore that GELF puts before it; a value as the JSON that
// stands in the frame. A well-known field that could not be understood (a time, a severity) is given too. Of several
// keys for one field those that did not count are given. Both views live until the visitor returns.
//
// Errors:  false, and nothing is given, when the frame is no JSON object.
// Threads: one thread. Memory: as JsonReader; it grows to the largest frame seen.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/parse/event.h"
#include "core/parse/parser.h"

namespace sluice {

using ExtraFieldVisitor = std::function<void(std::string_view key, std::string_view json)>;

class ExtraFieldReader {
 public:
  explicit ExtraFieldReader(const JsonFieldNames& names = {});
  ExtraFieldReader(ExtraFieldReader&&) noexcept;
  ExtraFieldReader& operator=(ExtraFieldReader&&) noexcept;
  ~ExtraFieldReader();

  // `flags` are the event's: kTimeAssumed says that the time was not understood.
  bool visit(std::string_view frame, Format format, uint32_t flags, const ExtraFieldVisitor& visitor);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The same for one frame.
bool visit_extra_fields(std::string_view frame, Format format, const JsonFieldNames& names,
                        const ExtraFieldVisitor& visitor);

}  // namespace sluice
