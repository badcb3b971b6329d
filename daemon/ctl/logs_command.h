// `sluicectl logs`: the lines of a store, in order of time. Takes journalctl's flags.
//
// --follow first shows the last ten lines, then each new one soon after the daemon wrote its block. New blocks are shown
// as they are found, sorted among themselves: a line whose own time lies further back is shown when it arrives. A line
// that repeats later is not shown again, unless --repeats asks for every one.
//
// Exit status: exit_status.h. Ctrl-C ends it as it ends any program: there is nothing to put in order.
#pragma once

#include <string>
#include <vector>

namespace sluice {

struct LogsOptions {
  std::string store;
  std::string output = "short";
  std::string lines;  // a number, "all", or empty: all, with --follow ten
  bool reverse = false;
  bool follow = false;
  std::string priority;
  std::vector<std::string> app_names;
  std::vector<std::string> hostnames;
  std::string grep;
  std::string case_sensitive;  // "true", "false", or empty: by the pattern
  std::string since;
  std::string until;
  bool repeats = false;
  std::string color = "auto";  // always, never
};

// Returns the process's exit status.
int run_logs(const LogsOptions& options);

}  // namespace sluice
