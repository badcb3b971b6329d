// `sluicectl stats`: what a store holds. Reads the fields of every record, but no message.
//
// Exit status: exit_status.h.
#pragma once

#include <string>

namespace sluice {

struct StatsOptions {
  std::string store;
  bool json = false;
};

int run_stats(const StatsOptions& options);

}  // namespace sluice
