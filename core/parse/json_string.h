// JSON strings: undoing their escapes.
//
//   std::string text;
//   bool valid = append_unescaped(R"(a\tb)", text);    // the inside of a string literal, without its quotes
//
// A surrogate without its partner becomes U+FFFD: JavaScript's JSON.stringify() writes such strings, and a log line is
// not lost for it.
//
// Threads: any. Memory: appends to the caller's string; the unescaped text is never longer than its literal.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends what the inside of a JSON string literal stands for. False when an escape is not JSON's; it and what follows
// it are then appended as they are.
bool append_unescaped(std::string_view inside, std::string& out);

// What append_unescaped() would return.
bool has_valid_escapes(std::string_view inside);

}  // namespace sluice
