#include "daemon/ctl/installation.h"

#include <unistd.h>

#include <cstdio>

#include "config/load.h"

namespace sluice {

Installation Installation::find(const std::string& config_path) {
  Config config;
  if (access(config_path.c_str(), R_OK) == 0) {
    if (auto loaded = load_config(config_path)) {
      config = std::move(loaded).value();
    } else {
      std::fprintf(stderr, "sluicectl: %s has errors (sluicectl config check %s), its defaults are used\n",
                   config_path.c_str(), config_path.c_str());
    }
  }
  return {config.store.path, config.admin_host, config.admin_port, config.json_fields};
}

}  // namespace sluice
