#include "daemon/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace sluice {

uint64_t descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<uint64_t>::max();
  return limit.rlim_cur;
}

Config within_descriptors(Config config, uint64_t limit, const std::function<void(const std::string&)>& report) {
  const uint64_t reserved = std::min(kReservedDescriptors, limit / 2);
  const uint64_t left = limit - reserved;
  uint64_t wanted = 0;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.protocol != Protocol::udp) wanted += listener.max_connections;
  }
  if (wanted <= left) return config;
  for (ListenerConfig& listener : config.listeners) {
    if (listener.protocol == Protocol::udp) continue;
    const double share = static_cast<double>(listener.max_connections) / static_cast<double>(wanted);
    const auto fits = std::max(1u, static_cast<uint32_t>(share * static_cast<double>(left)));
    if (fits >= listener.max_connections) continue;
    report("listener " + listener.name + ": max_connections is " + std::to_string(fits) + " instead of " +
           std::to_string(listener.max_connections) + ": the process may open " + std::to_string(limit) +
           " files and " + std::to_string(reserved) + " are kept for the store; raise LimitNOFILE= or ulimit -n");
    listener.max_connections = fits;
  }
  return config;
}

}  // namespace sluice
