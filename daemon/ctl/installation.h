// What sluicectl knows of the daemon on this machine without being told: from its config, when there is one.
//
//   const Installation here = Installation::find();      // /etc/sluice/sluice.yaml, or the defaults
//   here.store                                           // what --store defaults to
//
// A config with errors gives the defaults and is told on standard error, once.
#pragma once

#include <string>

#include "core/parse/parser.h"

namespace sluice {

inline constexpr const char* kDefaultConfigPath = "/etc/sluice/sluice.yaml";

struct Installation {
  std::string store;
  std::string admin_host;
  uint16_t admin_port = 0;
  JsonFieldNames json_fields;

  static Installation find(const std::string& config_path = kDefaultConfigPath);
};

}  // namespace sluice
