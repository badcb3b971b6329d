// load_config(): a Config from one YAML file, or everything that is wrong with it at once.
//
//   auto config = load_config("/etc/sluice/sluice.yaml", {"store.path=/tmp/store", "workers=2"});
//   if (!config) std::cerr << config.error().text();       // exit status 78
//
//   sluice.yaml:3:1: listners: unknown key; did you mean "listeners"?
//   sluice.yaml:9:15: listeners[1].address: port "70000" is not a number from 0 to 65535
//   --set: workers: 0 is below 1 (or write auto)
//
// Strict: an unknown key, a wrong type, a value out of range, a number without its unit and a key given twice are
// errors; nothing is guessed. What is absent has the default of config.h.
//
// Overrides ("path=value", as --set takes them) are applied before anything is checked. `listeners[0].address=...`
// changes a listener of the file, `listeners[N]` with the number of listeners adds one.
//
// Without listeners there are two: tcp and udp at 127.0.0.1:5514. Overrides see them as listeners[0] and [1].
//
// Errors:  never throws, whatever the file holds. At most kMaxErrors are told.
// Memory:  see tree.h for the limits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/tree.h"
#include "core/base/error.h"

namespace sluice {

Result<Config, ConfigErrors> load_config(const std::string& path, const std::vector<std::string>& overrides = {});
// `name` stands for the file in messages.
Result<Config, ConfigErrors> parse_config(std::string_view text, const std::string& name,
                                          const std::vector<std::string>& overrides = {});

}  // namespace sluice
