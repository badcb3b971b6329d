#include "daemon/ctl/arguments.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <string>

#include "daemon/ctl/config_command.h"
#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/frame_command.h"
#include "daemon/ctl/logs_command.h"
#include "daemon/ctl/parse_command.h"
#include "daemon/ctl/stats_command.h"
#include "daemon/ctl/status_command.h"
#include "daemon/ctl/verify_command.h"

namespace sluice {
namespace {

constexpr const char* kFooter = R"(Examples:
  sluicectl logs -f                                  new lines as they come
  sluicectl logs -p err --since -1h -H web-1         errors of the last hour from one host
  sluicectl logs -t sshd -g 'failed password' -n 20  the last 20 that match
  sluicectl logs -o raw --repeats > lines            every received line, byte for byte
  sluicectl logs -o json | jq .message               for other tools
  sluicectl stats                                    what the store holds
  sluicectl status                                   what the running daemon does

Exit status: 0 done; 1 done, but something in the store is damaged; 2 it could not be done.)";

constexpr const char* kLogsFooter =
    R"(Times: "2026-11-23 18:15:00", a date, a time, now, today, yesterday, tomorrow, -5min, "2h ago",
       @1795457700, 2026-11-23T18:15:00+01:00. Without a zone: local time (TZ).
Severities: emerg alert crit err warning notice info debug (0 to 7).

Examples:
  sluicectl logs -n 50 -r                            the newest 50, newest first
  sluicectl logs -p warning..err --since yesterday
  sluicectl logs -H web-1 -H web-2 -t nginx -g 'upstream timed out'
  sluicectl logs --since "18:00" --until "18:15" -o short-iso

A line that repeated shows once with ×3: it came three times in all. --repeats prints it three times.
Several -t or -H: any of them. Options of different kinds must all hold.)";

constexpr const char* kStoreHelp =
    "The store's directory (default: store.path of /etc/sluice/sluice.yaml, else /var/lib/sluice)";

void add_store(CLI::App& command, std::string& store) {
  command.add_option("--store", store, kStoreHelp)->type_name("DIR");
}

void add_logs(CLI::App& cli, LogsOptions& o, int& status) {
  CLI::App& c = *cli.add_subcommand("logs", "Show lines of a store, in order of time (flags as journalctl's)");
  add_store(c, o.store);
  c.add_option("-o,--output", o.output, "short, short-iso, json, cat (the message), raw (the received bytes)")
      ->type_name("STYLE")
      ->capture_default_str();
  c.add_option("-n,--lines", o.lines, "Only the newest N lines, or all")
      ->type_name("N")
      ->expected(0, 1)
      ->default_str("10");
  c.add_flag("-r,--reverse", o.reverse, "Newest first");
  c.add_flag("-f,--follow", o.follow, "Show the last 10 lines, then new ones as they come");
  c.add_option("-p,--priority", o.priority, "This severity and worse, or a range: err, 3, err..warning")
      ->type_name("SEVERITY");
  c.add_option("-t,--identifier", o.app_names, "Of this app_name (may be given several times)")
      ->type_name("APP")
      ->allow_extra_args(false);
  c.add_option("-H,--host", o.hostnames, "Of this hostname (may be given several times)")
      ->type_name("HOST")
      ->allow_extra_args(false);
  c.add_option("-g,--grep", o.grep, "Messages that match; a pattern all in lower case ignores case")
      ->type_name("REGEX");
  c.add_option("--case-sensitive", o.case_sensitive, "Whether --grep minds the case, whatever its pattern")
      ->type_name("BOOL")
      ->expected(0, 1)
      ->default_str("true")
      ->check(CLI::IsMember({"true", "false"}));
  c.add_option("--since,-S", o.since, "Not older than this")->type_name("TIME");
  c.add_option("--until,-U", o.until, "Not newer than this")->type_name("TIME");
  c.add_flag("--repeats", o.repeats, "Show a line as often as it came");
  c.add_option("--color", o.color, "Colour severities: auto, always, never")
      ->type_name("WHEN")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "always", "never"}));
  c.footer(kLogsFooter);
  c.callback([&] { status = run_logs(o); });
}

void add_stats(CLI::App& cli, StatsOptions& o, int& status) {
  CLI::App& c = *cli.add_subcommand("stats", "What a store holds: lines, sizes, hosts, apps, severities, listeners");
  add_store(c, o.store);
  c.add_flag("--json", o.json, "As one JSON object");
  c.callback([&] { status = run_stats(o); });
}

void add_verify(CLI::App& cli, std::string& store, int& status) {
  CLI::App& c = *cli.add_subcommand("verify", "Read everything and check every checksum; exit status 1 if damaged");
  add_store(c, store);
  c.callback([&] { status = run_verify(store); });
}

void add_status(CLI::App& cli, StatusOptions& o, int& status) {
  CLI::App& c = *cli.add_subcommand("status", "The running daemon's ledger and load");
  c.add_option("--address", o.address, "The admin endpoint (default: admin.address of the config, else 127.0.0.1:9514)")
      ->type_name("HOST:PORT");
  c.add_flag("--json", o.json, "As the daemon gives it");
  c.callback([&] { status = run_status(o); });
}

void add_parse(CLI::App& cli, ParseCommandOptions& o, int& status) {
  CLI::App& c =
      *cli.add_subcommand("parse", "Show what Sluice makes of messages, each with a 4-byte big-endian length in front");
  const std::map<std::string, FormatChoice> formats{
      {"auto", FormatChoice::automatic}, {"rfc5424", FormatChoice::rfc5424}, {"rfc3164", FormatChoice::rfc3164},
      {"json", FormatChoice::json},      {"gelf", FormatChoice::gelf},       {"raw", FormatChoice::raw}};
  c.add_option("--format", o.format, "auto, rfc5424, rfc3164, json, gelf, raw")
      ->type_name("FORMAT")
      ->transform(CLI::Transformer(formats))
      ->default_str("auto");
  c.add_flag("--strict", o.strict, "Call every deviation from the RFC an error, and name its octet");
  c.footer(
      "SLUICE_NOW=2026-01-01T00:00:00Z sets the clock, for trying year guesses; TZ the zone of times without one.");
  c.callback([&] { status = run_parse(o); });
}

void add_frame(CLI::App& cli, int& status) {
  CLI::App& c = *cli.add_subcommand(
      "frame", "Show how Sluice cuts a stream into frames (the input is described in frame_command.h)");
  c.callback([&] { status = run_frame(); });
}

void add_config(CLI::App& cli, std::string& path, int& status) {
  CLI::App& c = *cli.add_subcommand("config", "Help with the daemon's config file");
  CLI::App& check = *c.add_subcommand("check", "Tell every error of a config file");
  check.add_option("FILE", path, "The file")->required();
  check.callback([&] { status = run_config_check(path); });
  c.add_subcommand("keys", "Every key: type, range, default, meaning")->callback([&] { status = run_config_keys(); });
  c.require_subcommand(1);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App cli{"sluicectl: reads what sluiced stored, whether it runs or not", "sluicectl"};
  int status = kExitOk;
  LogsOptions logs;
  StatsOptions stats;
  StatusOptions status_options;
  ParseCommandOptions parse;
  std::string verified;
  std::string config;
  add_logs(cli, logs, status);
  add_stats(cli, stats, status);
  add_verify(cli, verified, status);
  add_status(cli, status_options, status);
  add_parse(cli, parse, status);
  add_frame(cli, status);
  add_config(cli, config, status);
  cli.set_version_flag("--version", std::string("sluicectl ") + SLUICE_VERSION);
  cli.require_subcommand(0, 1);  // none is told below, in better words than CLI11's
  cli.footer(kFooter);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return cli.exit(e) == 0 ? kExitOk : kExitCouldNot;
  }
  if (cli.get_subcommands().empty()) {
    std::fputs(cli.help().c_str(), stderr);
    return kExitCouldNot;
  }
  return status;
}

}  // namespace sluice
