// sluiced: reads its arguments and its config, then hands over to App.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/reference.h"
#include "core/base/version.h"
#include "daemon/app.h"

namespace {

// As sysexits.h has it: EX_CONFIG. systemd's unit does not restart on it.
constexpr int kExitConfig = 78;

struct Arguments {
  std::string config = "/etc/sluice/sluice.yaml";
  std::vector<std::string> set;
  bool check = false;
  bool help_config = false;
};

// Connections are descriptors: take what the hard limit allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int run(const Arguments& arguments, const sluice::Notifier& notifier) {
  auto config = sluice::load_config(arguments.config, arguments.set);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().text().c_str());
    return kExitConfig;
  }
  if (arguments.check) {
    if (auto checked = sluice::App::check(*config); !checked) {
      std::fprintf(stderr, "%s: %s\n", arguments.config.c_str(), checked.error().message.c_str());
      return kExitConfig;
    }
    std::printf("%s is good: %zu listeners, store %s\n", arguments.config.c_str(), config->listeners.size(),
                config->store.path.c_str());
    return 0;
  }
  auto log = sluice::SelfLog::open({.level = sluice::log_level(config->log.level), .file = config->log.file},
                                   sluice::system_clock());
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return kExitConfig;
  }
  auto app = sluice::App::open(*config, **log, notifier);
  if (!app) {
    (*log)->error("", app.error().message);
    return kExitConfig;
  }
  return (*app)->run();
}

}  // namespace

int main(int argc, char** argv) {
  const sluice::Notifier notifier = sluice::Notifier::from_environment();
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();

  Arguments arguments;
  CLI::App cli{"sluiced: takes log lines over TCP and UDP and keeps every one of them", "sluiced"};
  cli.add_option("--config", arguments.config, "The config file")->capture_default_str()->type_name("FILE");
  cli.add_option("--set", arguments.set, "Override one key of the file, as in --set store.path=/data/logs")
      ->type_name("PATH=VALUE")
      ->take_all();
  cli.add_flag("--check", arguments.check, "Check the config, the ports and the store; start nothing");
  cli.add_flag("--help-config", arguments.help_config, "Every key: type, default, meaning");
  cli.set_version_flag("--version", std::string("sluiced ") + sluice::kVersion);
  cli.footer(
      "Exit status: 0 after a clean stop, 78 when the config is wrong or what it names can't be opened.\n"
      "Read the store with sluicectl.");
  CLI11_PARSE(cli, argc, argv);

  if (arguments.help_config) {
    std::fputs(sluice::reference_text().c_str(), stdout);
    return 0;
  }
  return run(arguments, notifier);
}
