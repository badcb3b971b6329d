// Config: everything an operator can set, checked and with defaults filled in. Loaded by load.h from one YAML file;
// every key is described once, in schema.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/parse/parser.h"

namespace sluice {

enum class Protocol : uint8_t { tcp, udp, relp, http };
// Its senders are told when their lines are safe.
inline bool is_answered(Protocol protocol) { return protocol == Protocol::relp || protocol == Protocol::http; }
std::string_view protocol_text(Protocol protocol);  // "tcp"

enum class Framing : uint8_t { automatic, newline, octet, nul };
// When a sender of RELP or HTTP is answered: its lines survive a crash of the daemon, or a power cut as well.
enum class AckLevel : uint8_t { synced, received };
enum class OverflowPolicy : uint8_t { block, drop_newest };

struct ListenerConfig {
  std::string name;  // default: "tcp-5514" from protocol and port
  Protocol protocol = Protocol::tcp;
  std::string host = "127.0.0.1";  // from `address`
  uint16_t port = 5514;
  FormatChoice format = FormatChoice::automatic;
  Framing framing = Framing::automatic;             // tcp only
  OverflowPolicy overflow = OverflowPolicy::block;  // default by protocol: tcp block, udp drop_newest
  uint32_t max_connections = 16384;                 // not udp
  uint64_t max_frame_bytes = 64 << 10;
  std::chrono::milliseconds idle_timeout{0};  // not udp; 0: none
  AckLevel ack = AckLevel::synced;            // relp, http
  uint64_t max_request_bytes = 16 << 20;      // http; of a body, expanded
  uint64_t receive_buffer = 16 << 20;         // udp, SO_RCVBUF asked for
  uint32_t sockets = 1;                       // udp, sharing the port
  std::string time_zone;                      // IANA name; empty: the machine's
  std::vector<std::string> time_formats;
  bool bare_tag = false;  // ParserOptions::rfc3164_bare_tag
  bool dedupe = true;
};
// Its senders are answered when their lines outlive a power cut.
inline bool waits_for_syncs(const ListenerConfig& listener) {
  return is_answered(listener.protocol) && listener.ack == AckLevel::synced;
}

struct StoreConfig {
  std::string path = "/var/lib/sluice";
  uint64_t segment_bytes = 256 << 20;
  std::chrono::milliseconds segment_age{3'600'000};
  uint64_t retention_bytes = 0;
  std::chrono::milliseconds retention_age{0};
  std::chrono::milliseconds sync_interval{1000};
  uint64_t block_bytes = 2 << 20;
  std::chrono::milliseconds block_age{300};
  int compression_level = 1;
  bool merge = true;
  int merge_level = 3;
  int pack_level = 9;  // 0: none
};

struct SpoolConfig {
  bool enabled = true;
  std::optional<uint64_t> bytes;  // empty: auto (budget.cpp)
};

struct MemoryConfig {
  std::optional<uint64_t> limit;  // bytes; empty: auto
  double warning = 0.70;
  double critical = 0.90;
};

struct DedupeConfig {
  bool enabled = true;
  std::chrono::milliseconds window{30'000};
  uint64_t memory = 32 << 20;
};

struct QueueConfig {
  uint32_t operations = 256;
  uint64_t bytes = 32 << 20;
  std::chrono::milliseconds base_timeout{200};
  double load_multiplier = 4.0;
};

struct LogConfig {
  std::string level = "info";  // debug, info, warning, error
  std::string file;            // empty: standard error, with journald priorities under systemd
};

struct Config {
  std::vector<ListenerConfig> listeners;
  StoreConfig store;
  SpoolConfig spool;
  uint32_t workers = 0;  // 0: one per core, at most 16
  uint32_t io_threads = 1;
  MemoryConfig memory;
  DedupeConfig dedupe;
  QueueConfig queue;
  JsonFieldNames json_fields;
  std::chrono::milliseconds shutdown_timeout{30'000};
  std::string admin_host = "127.0.0.1";  // from admin.address
  uint16_t admin_port = 9514;
  bool admin_enabled = true;
  LogConfig log;
};

}  // namespace sluice
