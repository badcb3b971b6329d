// The listeners of streams: syslog, JSON lines and GELF over plain TCP, and RELP.
#include <algorithm>
#include <chrono>

#include "daemon/net/acceptor.h"
#include "daemon/net/stream_shard.h"

namespace sluice {
namespace {

// The largest slot, less room for a recv beside a partial frame.
constexpr uint64_t kLargestFrame = kSlotRoom.back() - (4 << 10);

FramingMode framing_mode(const ListenerConfig& config) {
  switch (config.framing) {
    case Framing::newline:
      return FramingMode::newline;
    case Framing::octet:
      return FramingMode::octet_counting;
    case Framing::nul:
      return FramingMode::nul;
    case Framing::automatic:
      break;
  }
  // GELF over TCP ends its messages with NUL, and may have newlines inside.
  return config.format == FormatChoice::gelf ? FramingMode::nul : FramingMode::automatic;
}

StreamSettings settings_of(const ListenerConfig& config) {
  StreamSettings settings;
  settings.relp = config.protocol == Protocol::relp;
  settings.framing.mode = framing_mode(config);
  settings.framing.max_frame_bytes =
      static_cast<uint32_t>(std::clamp<uint64_t>(config.max_frame_bytes, 1, kLargestFrame));
  settings.overflow = config.overflow;
  settings.idle_timeout = std::chrono::nanoseconds(config.idle_timeout).count();
  return settings;
}

}  // namespace

Result<std::unique_ptr<Listener>> make_stream_listener(const ListenerConfig& config, ListenerParts parts) {
  const StreamSettings settings = settings_of(config);
  return make_stream_acceptor(config, parts, [&](std::unique_ptr<Intake> intake, std::atomic<uint32_t>& open) {
    return std::make_shared<StreamShard>(std::move(intake), settings, open);
  });
}

}  // namespace sluice
