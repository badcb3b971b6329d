// HttpSettings: what all connections of one HTTP listener share. Tests make the times short.
//
//   auto listener = make_http_listener(config, parts, settings);      // instead of http_settings(config)
#pragma once

#include "daemon/net/listener.h"

namespace sluice {

struct HttpSettings {
  uint32_t max_frame_bytes = 64 << 10;
  uint64_t max_request_bytes = 16 << 20;  // of a body, as it comes and expanded
  OverflowPolicy overflow = OverflowPolicy::block;

  // A request line and its headers, from their first byte to their last. Longer only to hold a connection.
  Nanos header_timeout = 10 * kSecond;
  // Between two pieces of a body, or of an answer that the client takes: a network that stalls longer is broken.
  Nanos body_timeout = 30 * kSecond;
  Nanos idle_timeout = 60 * kSecond;  // without a request; clients that keep connections open expect about that
  // How long a refused client may take to notice, so that it reads the answer instead of a reset.
  Nanos linger = 2 * kSecond;
  // A slot that waits for its sender goes back after this: long for a network, short for others who want a slot.
  Nanos hold = 50 * kMillisecond;
  // Requests of one connection that were sent before the first of them was answered; more are answered 429.
  uint32_t max_unanswered = 64;
};

HttpSettings http_settings(const ListenerConfig& config);

Result<std::unique_ptr<Listener>> make_http_listener(const ListenerConfig& config, ListenerParts parts,
                                                     const HttpSettings& settings);

}  // namespace sluice
