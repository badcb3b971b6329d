// schema(): the one table of everything an operator can set. Checking a config, the defaults, `sluiced --help-config`,
// the key reference in the README and the units all come from it; to add a key is to add a member to config.h and a
// row here.
//
//   for (const Key& key : schema()) ...                    // in the order of the reference
//   const Key* key = find_key("listeners[].max_frame_bytes");
//   Config config; ListenerConfig listener;
//   default_text(*key);                                    // "64KiB": what config.h initialises the member with
//   set_field(*key, "128KiB", key->field(config, listener));
//
// Threads: constant data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace sluice {

enum class KeyType : uint8_t {
  text,
  choice,   // one of `choices`
  boolean,  // true or false
  integer,
  number,    // with a fraction
  size,      // bytes with a unit
  duration,  // time with a unit
  address,   // IP address and port
  text_list,
};

struct AddressField {
  std::string* host;
  uint16_t* port;
};

// The member of Config that a key fills. uint8_t*: an enum whose values count `choices` from 0.
using Field = std::variant<std::string*, bool*, uint8_t*, uint32_t*, int*, double*, uint64_t*, std::optional<uint64_t>*,
                           std::chrono::milliseconds*, std::vector<std::string>*, AddressField>;

struct Key {
  std::string_view path;  // "listeners[].max_frame_bytes": [] stands for any index
  KeyType type;
  Field (*field)(Config&, ListenerConfig&);
  double min = 0, max = 0;          // in count, bytes or milliseconds; both 0: no bounds. text_list: items
  std::string_view zero_word = {};  // a word that stands for 0 (or for no value), outside the bounds
  std::span<const std::string_view> choices = {};
  std::string_view default_note = {};   // said instead of the member's value, where that would say too little
  std::span<const Protocol> only = {};  // of listeners of these protocols only; empty: of all
  std::string_view text;                // one sentence
};

std::span<const Key> schema();
std::string protocols_text(std::span<const Protocol> protocols);  // "tcp, relp"
const Key* find_key(std::string_view path);                       // null: no such key
bool is_section(std::string_view path);                           // "store", "listeners", "listeners[]", "json.fields"
bool is_list_section(std::string_view path);                      // "listeners"
std::vector<std::string_view> keys_of(std::string_view section);  // the words that may stand in it; "" is the top

// Reads `text` into the field, or says in one sentence why not. REQUIRES: not a text_list
std::optional<std::string> set_field(const Key& key, std::string_view text, const Field& field);
// What set_field() would read back. A text_list is written [a, b].
std::string field_text(const Key& key, const Field& field);

std::string default_text(const Key& key);  // default_note, or the value in config.h
std::string type_text(const Key& key);     // "size, 480B to 512KiB"

}  // namespace sluice
