// JsonKeys: which key of a JSON object feeds which field. Internal to core/parse.
//
//   JsonKeys keys(options.json_fields);
//   JsonKeys::Target target = keys.find("hostname");    // {JsonName::hostname, 1, known}
//
// Threads: constant after construction.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/parse/parser.h"

namespace sluice {

// What a key at the top of the object feeds. `ignored` is known and no field (GELF's version).
enum class JsonName : uint8_t {
  time,
  hostname,
  app_name,
  proc_id,
  msg_id,
  severity,
  facility,
  message,
  ignored,
  extra,
};
inline constexpr size_t kJsonNames = 8;  // those that feed a field

// The keys by which fields are found, compiled for look-up.
class JsonKeys {
 public:
  struct Target {
    JsonName name = JsonName::extra;
    uint8_t priority = 0;  // place in its list of names: smaller wins
    bool known = false;    // listed, though perhaps as no field
  };

  explicit JsonKeys(const JsonFieldNames& names);
  static JsonKeys gelf();

  Target find(std::string_view key) const;
  bool is_gelf() const { return gelf_; }

 private:
  struct Entry {
    std::string key;
    Target target;
  };
  JsonKeys() = default;
  void add(JsonName name, const std::vector<std::string>& keys);
  static size_t bucket(std::string_view key);

  std::array<std::vector<Entry>, 64> buckets_;
  bool gelf_ = false;
};

// Whether GELF 1.1 allows it as an additional field: an underscore and ^[\w\.\-]*$.
bool is_gelf_field_name(std::string_view key);

}  // namespace sluice
