#include "config/validate.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <tuple>

#include "config/units.h"
#include "core/parse/time_format.h"

namespace sluice {
namespace {

std::string shown(size_t index, std::string_view key) {
  return "listeners[" + std::to_string(index) + "]." + std::string(key);
}

bool good_name(std::string_view name) {
  constexpr size_t kMaxName = 64;  // bytes; it stands in every metric
  const auto good = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), good);
}

// Named after protocol and port; "-2" and so on where that is taken.
void name_listener(std::vector<ListenerConfig>& listeners, ListenerConfig& listener) {
  const std::string base = std::string(protocol_text(listener.protocol)) + "-" + std::to_string(listener.port);
  std::string name = base;
  const auto taken = [&] {
    return std::any_of(listeners.begin(), listeners.end(), [&](const ListenerConfig& l) { return l.name == name; });
  };
  for (int n = 2; taken(); ++n) name = base + "-" + std::to_string(n);
  listener.name = name;
}

void check_names(Loaded& loaded, ConfigErrors& errors) {
  auto& listeners = loaded.config.listeners;
  for (size_t i = 0; i < listeners.size(); ++i) {
    const std::string& name = listeners[i].name;
    if (name.empty()) continue;
    const Place place = loaded.place(shown(i, "name"));
    if (!good_name(name)) {
      errors.add(place, shown(i, "name"), in_quotes(name) + " is not 1 to 64 letters, digits, '-', '_' and '.'");
    }
    const auto first = std::find_if(listeners.begin(), listeners.end(), [&](const auto& l) { return l.name == name; });
    const auto first_index = static_cast<size_t>(first - listeners.begin());
    if (first_index != i) {
      errors.add(place, shown(i, "name"),
                 in_quotes(name) + " is the name of listeners[" + std::to_string(first_index) + "] as well");
    }
  }
  for (ListenerConfig& listener : listeners) {
    if (listener.name.empty()) name_listener(listeners, listener);
  }
}

void check_addresses(const Loaded& loaded, ConfigErrors& errors) {
  const auto& listeners = loaded.config.listeners;
  for (size_t i = 0; i < listeners.size(); ++i) {
    const ListenerConfig& a = listeners[i];
    for (size_t j = 0; j < i && a.port != 0; ++j) {
      const ListenerConfig& b = listeners[j];
      const bool udp = a.protocol == Protocol::udp;
      if (udp != (b.protocol == Protocol::udp) || a.port != b.port || a.host != b.host) continue;
      errors.add(loaded.place(shown(i, "address")), shown(i, "address"),
                 format_address(a.host, a.port) + " is the address of listeners[" + std::to_string(j) + "] as well");
      break;
    }
  }
}

// A zone is a file under the zone directory that begins as all of them do.
bool known_zone(const std::string& name) {
  const char* directory = std::getenv("TZDIR");
  if (name.front() == '/' || name.find("..") != std::string::npos || name.size() > 255) return false;
  std::ifstream file(std::string(directory == nullptr ? "/usr/share/zoneinfo" : directory) + "/" + name,
                     std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "TZif";
}

void check_zones(const Loaded& loaded, ConfigErrors& errors) {
  for (size_t i = 0; i < loaded.config.listeners.size(); ++i) {
    const std::string& zone = loaded.config.listeners[i].time_zone;
    if (zone.empty() || known_zone(zone)) continue;
    errors.add(loaded.place(shown(i, "time_zone")), shown(i, "time_zone"),
               in_quotes(zone) + " is not a time zone of this machine, like Europe/Berlin or UTC");
  }
}

void check_time_formats(const Loaded& loaded, ConfigErrors& errors) {
  for (size_t i = 0; i < loaded.config.listeners.size(); ++i) {
    for (const std::string& pattern : loaded.config.listeners[i].time_formats) {
      const std::string path = shown(i, "time_formats");
      if (const auto format = TimeFormat::compile(pattern); !format) {
        errors.add(loaded.place(path), path, format.error().message);
      }
    }
  }
}

void check_amounts(const Loaded& loaded, ConfigErrors& errors) {
  const auto& [memory, queue, dedupe, store] =
      std::tie(loaded.config.memory, loaded.config.queue, loaded.config.dedupe, loaded.config.store);
  const auto complain = [&](std::string_view path, std::string_view sentence) {
    errors.add(loaded.place(path), path, sentence);
  };
  if (memory.warning >= memory.critical) complain("memory.warning", "is not below memory.critical");
  const uint64_t fixed = queue.bytes + (dedupe.enabled ? dedupe.memory : 0);
  if (memory.limit && fixed > *memory.limit) {
    complain("memory.limit", format_size(*memory.limit) + " is less than queue.bytes and dedupe.memory together, " +
                                 format_size(fixed));
  }
  if (store.retention_bytes != 0 && store.retention_bytes < store.segment_bytes) {
    complain("store.retention_bytes", "is below store.segment_bytes: only whole segments are removed");
  }
  if (store.path.empty()) complain("store.path", "is empty");
}

}  // namespace

Place Loaded::place(std::string_view path) const {
  while (true) {
    if (const auto found = places.find(path); found != places.end()) return found->second;
    const size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return {};
    path = path.substr(0, dot);
  }
}

void validate(Loaded& loaded, ConfigErrors& errors) {
  check_names(loaded, errors);
  check_addresses(loaded, errors);
  check_zones(loaded, errors);
  check_time_formats(loaded, errors);
  check_amounts(loaded, errors);
}

}  // namespace sluice
