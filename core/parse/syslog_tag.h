// The TAG of RFC 3164 and what may stand where it should: `app_name:`, `app_name[proc_id]:`, `%FAC-SEV-MNEM:`.
//
//   const Tag tag = find_tag(text);                 // at the start of `text`
//   if (tag.length > 0) ... text.substr(tag.length) is the message
//
// Threads: free functions without state.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

struct Tag {
  std::string_view app_name;
  std::string_view proc_id;
  uint32_t length = 0;  // octets up to the message, one blank included; 0: no tag here
  bool colon = false;   // ends with a colon
  bool usual = false;   // `app_name: ` or `app_name[proc_id]: ` to the letter
};

// A word is a tag only when ':' or '[' says so, and not when it is rather a URL, a path, a time, a quoted text or a
// pair of key and value.
Tag find_tag(std::string_view text);

enum class Word : uint8_t { hostname, tag, other };

// What the first word after a time is. REQUIRES: `word` holds no blank
Word classify_first_word(std::string_view word);

}  // namespace sluice
