// HttpAnswer: what a client is told, and its bytes.
//
//   append_answer(out, {.status = 503, .text = "the daemon stops", .retry_after = 5}, {.keep_alive = false, .now = now});
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace sluice {

struct HttpAnswer {
  unsigned status = 0;
  std::string text = {};         // a sentence without a final stop; JSON with status 200
  uint32_t retry_after = 0;      // seconds; 0: none
  std::string_view header = {};  // one more, whole and without its line end
};

struct AnswerOptions {
  bool keep_alive = true;
  bool without_body = false;  // to HEAD
  Nanos now = 0;              // wall clock
};

void append_answer(std::string& out, const HttpAnswer& answer, const AnswerOptions& options);

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace sluice
