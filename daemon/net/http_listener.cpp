// The HTTP listener: POST /ingest, lines in the body, answered when they are safe.
#include <algorithm>
#include <chrono>

#include "daemon/net/acceptor.h"
#include "daemon/net/http_settings.h"
#include "daemon/net/http_shard.h"

namespace sluice {
namespace {

// The largest slot, less room for more of a body beside a part of a line.
constexpr uint64_t kLargestFrame = kSlotBytes.back() - (4 << 10);

}  // namespace

HttpSettings http_settings(const ListenerConfig& config) {
  HttpSettings settings;
  settings.max_frame_bytes = static_cast<uint32_t>(std::clamp<uint64_t>(config.max_frame_bytes, 1, kLargestFrame));
  settings.max_request_bytes = config.max_request_bytes;
  settings.overflow = config.overflow;
  if (config.idle_timeout.count() > 0) settings.idle_timeout = std::chrono::nanoseconds(config.idle_timeout).count();
  return settings;
}

Result<std::unique_ptr<Listener>> make_http_listener(const ListenerConfig& config, ListenerParts parts) {
  return make_http_listener(config, std::move(parts), http_settings(config));
}

Result<std::unique_ptr<Listener>> make_http_listener(const ListenerConfig& config, ListenerParts parts,
                                                     const HttpSettings& settings) {
  return make_stream_acceptor(config, parts, [&](std::unique_ptr<Intake> intake, std::atomic<uint32_t>& open) {
    return std::make_shared<HttpShard>(std::move(intake), settings, open);
  });
}

}  // namespace sluice
