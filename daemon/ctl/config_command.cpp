#include "daemon/ctl/config_command.h"

#include <unistd.h>

#include <cstdio>

#include "config/load.h"
#include "config/reference.h"
#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/output.h"

namespace sluice {

int run_config_check(const std::string& path) {
  const auto config = load_config(path);
  if (!config) {
    std::fputs(config.error().text().c_str(), stderr);
    return kExitCouldNot;
  }
  Output out(STDOUT_FILENO);
  out.text() += path + " is good: " + std::to_string(config->listeners.size()) +
                (config->listeners.size() == 1 ? " listener" : " listeners") + ", store at " + config->store.path +
                '\n';
  return out.finish();
}

int run_config_keys() {
  Output out(STDOUT_FILENO);
  out.text() += reference_text();
  return out.finish();
}

}  // namespace sluice
