#include "core/parse/json_keys.h"

#include <algorithm>

namespace sluice {

JsonKeys::JsonKeys(const JsonFieldNames& names) {
  add(JsonName::time, names.time);
  add(JsonName::hostname, names.hostname);
  add(JsonName::app_name, names.app_name);
  add(JsonName::proc_id, names.proc_id);
  add(JsonName::msg_id, names.msg_id);
  add(JsonName::severity, names.severity);
  add(JsonName::facility, names.facility);
  add(JsonName::message, names.message);
}

JsonKeys JsonKeys::gelf() {
  JsonKeys keys;
  keys.gelf_ = true;
  keys.add(JsonName::time, {"timestamp"});
  keys.add(JsonName::hostname, {"host"});
  keys.add(JsonName::severity, {"level"});
  keys.add(JsonName::message, {"short_message"});
  keys.add(JsonName::ignored, {"version"});
  keys.add(JsonName::extra, {"full_message", "facility", "line", "file"});  // the last three: GELF 1.0
  return keys;
}

// A key that is in two lists feeds the field whose list came first.
void JsonKeys::add(JsonName name, const std::vector<std::string>& keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    std::vector<Entry>& entries = buckets_[bucket(keys[i])];
    const auto same = [&keys, i](const Entry& entry) { return entry.key == keys[i]; };
    if (std::any_of(entries.begin(), entries.end(), same)) continue;
    entries.push_back({keys[i], {name, static_cast<uint8_t>(std::min<size_t>(i, 63)), true}});
  }
}

size_t JsonKeys::bucket(std::string_view key) {
  if (key.empty()) return 0;
  return (key.size() * 5 + static_cast<uint8_t>(key.front()) * 3 + static_cast<uint8_t>(key.back())) % 64;
}

JsonKeys::Target JsonKeys::find(std::string_view key) const {
  for (const Entry& entry : buckets_[bucket(key)]) {
    if (entry.key == key) return entry.target;
  }
  return {};
}

bool is_gelf_field_name(std::string_view key) {
  const auto allowed = [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') || c == '_' || c == '.' || c == '-';
  };
  return key.starts_with('_') && std::all_of(key.begin(), key.end(), allowed);
}

}  // namespace sluice
