#include "config/schema.h"

#include <algorithm>
#include <type_traits>

namespace sluice {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kProtocols[] = {"tcp", "udp", "relp", "http"};
constexpr std::string_view kAckLevels[] = {"synced", "received"};
constexpr Protocol kTcp[] = {Protocol::tcp};
constexpr Protocol kUdp[] = {Protocol::udp};
constexpr Protocol kHttp[] = {Protocol::http};
constexpr Protocol kConnected[] = {Protocol::tcp, Protocol::relp, Protocol::http};
constexpr Protocol kAcknowledged[] = {Protocol::relp, Protocol::http};
constexpr std::string_view kFormats[] = {"auto", "rfc5424", "rfc3164", "json", "gelf", "raw"};
constexpr std::string_view kFramings[] = {"auto", "newline", "octet", "nul"};
constexpr std::string_view kOverflows[] = {"block", "drop_newest"};
constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};

constexpr double kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB, kTiB = 1024 * kGiB;
constexpr double kMs = 1, kS = 1000, kMinute = 60 * kS, kHour = 60 * kMinute, kDay = 24 * kHour;

// A field that holds an enum, as the number that it is stored as.
template <class Enum>
uint8_t* choice(Enum& e) {
  static_assert(std::is_same_v<std::underlying_type_t<Enum>, uint8_t>);
  return reinterpret_cast<uint8_t*>(&e);
}

// How a row names its member: `c` is the Config, `l` the listener.
#define SLUICE_FIELD(member) [](Config& c, ListenerConfig& l) -> Field { return (void)c, (void)l, member; }

constexpr Key kKeys[] = {
    {.path = "store.path",
     .type = KeyType::text,
     .field = SLUICE_FIELD(&c.store.path),
     .text = "Directory of the store; made if it is missing."},
    {.path = "store.segment_bytes",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&c.store.segment_bytes),
     .min = kMiB,
     .max = 64 * kGiB,
     .text = "A segment file is closed and the next one begun when it is this large."},
    {.path = "store.segment_age",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&c.store.segment_age),
     .min = kS,
     .max = 366 * kDay,
     .text = "The same, when it is this old and not empty."},
    {.path = "store.retention_bytes",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&c.store.retention_bytes),
     .min = kMiB,
     .max = 1024 * kTiB,
     .zero_word = "none",
     .text = "The oldest segments are removed while the store is larger."},
    {.path = "store.retention_age",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&c.store.retention_age),
     .min = kMinute,
     .max = 36'600 * kDay,
     .zero_word = "none",
     .text = "Segments whose newest line is older are removed."},
    {.path = "store.sync_interval",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&c.store.sync_interval),
     .min = 0,
     .max = kHour,
     .text =
         "What was written is synced to the disk at most this long after; a power cut loses no more. 0s: after every "
         "block."},
    {.path = "store.block_bytes",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&c.store.block_bytes),
     .min = 64 * kKiB,
     .max = 16 * kMiB,
     .text =
         "A block is compressed and written when it holds this many bytes of lines; more is smaller on disk and takes "
         "more memory."},
    {.path = "store.block_age",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&c.store.block_age),
     .min = 10 * kMs,
     .max = kMinute,
     .text = "The same, when its first line is this old; until then the line can't be read."},
    {.path = "store.compression_level",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&c.store.compression_level),
     .min = 1,
     .max = 19,
     .text = "zstd level of new blocks."},
    {.path = "store.merge",
     .type = KeyType::boolean,
     .field = SLUICE_FIELD(&c.store.merge),
     .text = "Merge small blocks in the background, so that a slow trickle is stored as well as a flood."},
    {.path = "store.merge_level",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&c.store.merge_level),
     .min = 1,
     .max = 19,
     .text = "zstd level of merged blocks."},
    {.path = "store.pack_level",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&c.store.pack_level),
     .min = 0,
     .max = 19,
     .text = "While few lines come, what is stored is compressed once more, in blocks of up to 8MiB and at this zstd "
             "level: "
             "a sixth smaller. 0: it is not; nor without store.merge."},

    {.path = "spool.enabled",
     .type = KeyType::boolean,
     .field = SLUICE_FIELD(&c.spool.enabled),
     .text =
         "Receive into a file in store.path that outlives a crash; false: into plain memory, and a crash loses what "
         "was not yet stored."},
    {.path = "spool.bytes",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&c.spool.bytes),
     .min = 4 * kMiB,
     .max = 64 * kGiB,
     .zero_word = "auto",
     .text = "Size of that file and of all receive buffers; auto is a quarter of the memory limit, at most 256MiB."},

    {.path = "listeners[].name",
     .type = KeyType::text,
     .field = SLUICE_FIELD(&l.name),
     .default_note = "protocol and port, like tcp-5514",
     .text = "Name in the ledger, the metrics and the store: letters, digits, `-`, `_` and `.`."},
    {.path = "listeners[].protocol",
     .type = KeyType::choice,
     .field = SLUICE_FIELD(choice(l.protocol)),
     .choices = kProtocols,
     .text = "What carries the lines."},
    {.path = "listeners[].address",
     .type = KeyType::address,
     .field = SLUICE_FIELD((AddressField{&l.host, &l.port})),
     .text = "IP address and port to listen on; 0.0.0.0 and [::] are every interface, port 0 is any free one."},
    {.path = "listeners[].format",
     .type = KeyType::choice,
     .field = SLUICE_FIELD(choice(l.format)),
     .choices = kFormats,
     .text = "How a line is read; auto decides for each line. What is not of the format is stored whole and flagged."},
    {.path = "listeners[].framing",
     .type = KeyType::choice,
     .field = SLUICE_FIELD(choice(l.framing)),
     .choices = kFramings,
     .default_note = "auto (nul with format gelf)",
     .only = kTcp,
     .text =
         "How a stream is cut into lines: octet counting, or a delimiter; auto decides by a connection's first bytes."},
    {.path = "listeners[].max_connections",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&l.max_connections),
     .min = 1,
     .max = 1'000'000,
     .only = kConnected,
     .text = "Connections beyond it are closed at once and counted."},
    {.path = "listeners[].max_frame_bytes",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&l.max_frame_bytes),
     .min = 480,  // RFC 5424: every receiver must take 480 octets
     .max = 512 * kKiB,
     .text = "A longer line is cut to this length and flagged; what was thrown away is counted."},
    {.path = "listeners[].idle_timeout",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&l.idle_timeout),
     .min = kS,
     .max = 30 * kDay,
     .zero_word = "none",
     .only = kConnected,
     .text = "A connection that sent nothing for so long is closed."},
    {.path = "listeners[].ack",
     .type = KeyType::choice,
     .field = SLUICE_FIELD(choice(l.ack)),
     .choices = kAckLevels,
     .only = kAcknowledged,
     .text =
         "When a sender is told that its lines are safe: synced, they survive a power cut; received, a crash of the "
         "daemon."},
    {.path = "listeners[].max_request_bytes",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&l.max_request_bytes),
     .min = kKiB,
     .max = kGiB,
     .only = kHttp,
     .text = "A longer body, as sent or expanded, is refused (413)."},
    {.path = "listeners[].overflow",
     .type = KeyType::choice,
     .field = SLUICE_FIELD(choice(l.overflow)),
     .choices = kOverflows,
     .default_note = "drop_newest (udp), block (others)",
     .text = "What happens when the queue stays full past its deadline: wait on, which slows the sender, or drop and "
             "count."},
    {.path = "listeners[].receive_buffer",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&l.receive_buffer),
     .min = 4 * kKiB,
     .max = kGiB,
     .only = kUdp,
     .text = "Kernel buffer asked for, for each socket; the log says when the kernel gave less."},
    {.path = "listeners[].sockets",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&l.sockets),
     .min = 1,
     .max = 64,
     .only = kUdp,
     .text = "Sockets that share the port, so that more than one thread can read."},
    {.path = "listeners[].time_zone",
     .type = KeyType::text,
     .field = SLUICE_FIELD(&l.time_zone),
     .default_note = "the machine's",
     .text = "Zone of times that name none, like Europe/Berlin."},
    {.path = "listeners[].time_formats",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&l.time_formats),
     .min = 0,
     .max = 16,
     .text = "Formats of times beyond the known ones, as strptime(3) writes them, like \"%d.%m.%Y %H:%M:%S\"."},
    {.path = "listeners[].bare_tag",
     .type = KeyType::boolean,
     .field = SLUICE_FIELD(&l.bare_tag),
     .text = "Take the first word after an RFC 3164 header for the app_name even without `:` or `[`."},
    {.path = "listeners[].dedupe",
     .type = KeyType::boolean,
     .field = SLUICE_FIELD(&l.dedupe),
     .text = "Collapse repeated lines of this listener, when dedupe.enabled is true as well."},

    {.path = "workers",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&c.workers),
     .min = 1,
     .max = 256,
     .zero_word = "auto",
     .text = "Threads that parse and compress; auto is one for each core, at most 16."},
    {.path = "io_threads",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&c.io_threads),
     .min = 1,
     .max = 64,
     .text = "Threads that read sockets."},
    {.path = "memory.limit",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&c.memory.limit),
     .min = 32 * kMiB,
     .max = 1024 * kTiB,
     .zero_word = "auto",
     .text = "Ceiling of the daemon's memory; auto takes it from the cgroup or the machine."},
    {.path = "memory.warning",
     .type = KeyType::number,
     .field = SLUICE_FIELD(&c.memory.warning),
     .min = 0.1,
     .max = 0.99,
     .text = "Share of the limit from which on senders are slowed, blocks sealed early and memory given back."},
    {.path = "memory.critical",
     .type = KeyType::number,
     .field = SLUICE_FIELD(&c.memory.critical),
     .min = 0.1,
     .max = 0.99,
     .text = "Share of the limit from which on streams are not read, and datagrams are dropped and counted."},
    {.path = "dedupe.enabled",
     .type = KeyType::boolean,
     .field = SLUICE_FIELD(&c.dedupe.enabled),
     .text = "Store a line that repeats (same sender, same bytes) once, with a count."},
    {.path = "dedupe.window",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&c.dedupe.window),
     .min = 100 * kMs,
     .max = kDay,
     .text = "How long after its first copy a line counts as a repeat."},
    {.path = "dedupe.memory",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&c.dedupe.memory),
     .min = kMiB,
     .max = 16 * kGiB,
     .text = "Memory for recognising repeats; when it is short, the window gets shorter."},
    {.path = "queue.operations",
     .type = KeyType::integer,
     .field = SLUICE_FIELD(&c.queue.operations),
     .min = 4,
     .max = 65'536,
     .text = "Batches of lines that may be in flight between readers and store."},
    {.path = "queue.bytes",
     .type = KeyType::size,
     .field = SLUICE_FIELD(&c.queue.bytes),
     .min = 2 * kMiB,  // two of the largest slots: one being filled, one being worked on
     .max = 16 * kGiB,
     .text =
         "The same, in bytes of receive buffers; senders that can be held back (overflow: block, not udp) fill at most "
         "2MiB of it for each worker."},
    {.path = "queue.base_timeout",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&c.queue.base_timeout),
     .min = kMs,
     .max = 10 * kMinute,
     .text = "How long a reader waits for room before its overflow policy decides, on an idle machine."},
    {.path = "queue.load_multiplier",
     .type = KeyType::number,
     .field = SLUICE_FIELD(&c.queue.load_multiplier),
     .min = 0,
     .max = 100,
     .text = "At full load it waits base_timeout * (1 + load_multiplier)."},

    {.path = "json.fields.time",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.time),
     .min = 0,
     .max = 32,
     .text = "JSON keys that hold the time; the first one present counts."},
    {.path = "json.fields.hostname",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.hostname),
     .min = 0,
     .max = 32,
     .text = "The same for the hostname."},
    {.path = "json.fields.app_name",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.app_name),
     .min = 0,
     .max = 32,
     .text = "The same for the app_name."},
    {.path = "json.fields.proc_id",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.proc_id),
     .min = 0,
     .max = 32,
     .text = "The same for the proc_id."},
    {.path = "json.fields.msg_id",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.msg_id),
     .min = 0,
     .max = 32,
     .text = "The same for the msg_id."},
    {.path = "json.fields.severity",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.severity),
     .min = 0,
     .max = 32,
     .text = "The same for the severity."},
    {.path = "json.fields.facility",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.facility),
     .min = 0,
     .max = 32,
     .text = "The same for the facility."},
    {.path = "json.fields.message",
     .type = KeyType::text_list,
     .field = SLUICE_FIELD(&c.json_fields.message),
     .min = 0,
     .max = 32,
     .text = "The same for the message."},

    {.path = "shutdown.timeout",
     .type = KeyType::duration,
     .field = SLUICE_FIELD(&c.shutdown_timeout),
     .min = 0,
     .max = kHour,
     .text = "How long a stop waits until everything in flight is stored; what is left then is dropped and counted."},
    {.path = "admin.enabled",
     .type = KeyType::boolean,
     .field = SLUICE_FIELD(&c.admin_enabled),
     .text = "Answer /metrics, /status, /healthz and /readyz over HTTP."},
    {.path = "admin.address",
     .type = KeyType::address,
     .field = SLUICE_FIELD((AddressField{&c.admin_host, &c.admin_port})),
     .text = "Where; it has no password, so keep it on the loopback or behind a firewall."},
    {.path = "log.level",
     .type = KeyType::choice,
     .field = SLUICE_FIELD(&c.log.level),
     .choices = kLevels,
     .text = "The daemon's own messages below this level are left out."},
    {.path = "log.file",
     .type = KeyType::text,
     .field = SLUICE_FIELD(&c.log.file),
     .default_note = "standard error",
     .text = "File for the daemon's own messages."},
};
#undef SLUICE_FIELD

// What follows `section` in `path`: "bytes" for "queue" in "queue.bytes"; nothing when it is not inside.
std::string_view inside(std::string_view path, std::string_view section) {
  if (section.empty()) return path;
  if (!path.starts_with(section) || path.size() == section.size() || path[section.size()] != '.') return {};
  return path.substr(section.size() + 1);
}

}  // namespace

std::string_view protocol_text(Protocol protocol) { return kProtocols[static_cast<size_t>(protocol)]; }

std::string protocols_text(std::span<const Protocol> protocols) {
  std::string text;
  for (const Protocol protocol : protocols) text.append(text.empty() ? "" : ", ").append(protocol_text(protocol));
  return text;
}

std::span<const Key> schema() { return kKeys; }

const Key* find_key(std::string_view path) {
  const auto found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return k.path == path; });
  return found == std::end(kKeys) ? nullptr : found;
}

bool is_section(std::string_view path) {
  return is_list_section(path) ||
         std::any_of(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return !inside(k.path, path).empty(); });
}

bool is_list_section(std::string_view path) { return path == "listeners"sv; }

std::vector<std::string_view> keys_of(std::string_view section) {
  std::vector<std::string_view> words;
  for (const Key& key : kKeys) {
    std::string_view word = inside(key.path, section);
    word = word.substr(0, word.find_first_of(".["));
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

}  // namespace sluice
