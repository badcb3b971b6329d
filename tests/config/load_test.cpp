#include "config/load.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace sluice {
namespace {

using namespace std::chrono_literals;

Config good(std::string_view text, const std::vector<std::string>& overrides = {}) {
  auto config = parse_config(text, "test.yaml", overrides);
  EXPECT_TRUE(config.has_value()) << text << "\n" << (config ? "" : config.error().text());
  return config ? *config : Config{};
}

// The errors, one a line.
std::string errors(std::string_view text, const std::vector<std::string>& overrides = {}) {
  auto config = parse_config(text, "test.yaml", overrides);
  return config ? "no error" : config.error().text();
}

TEST(Load, GivesAnEmptyFileTwoListenersAndTheDefaults) {
  for (const char* text : {"", "# only a comment\n", "---\n", "{}", "store:\n", "~"}) {
    const Config config = good(text);
    ASSERT_EQ(config.listeners.size(), 2u) << text;
    EXPECT_EQ(config.listeners[0].name, "tcp-5514");
    EXPECT_EQ(config.listeners[0].protocol, Protocol::tcp);
    EXPECT_EQ(config.listeners[0].overflow, OverflowPolicy::block);
    EXPECT_EQ(config.listeners[1].name, "udp-5514");
    EXPECT_EQ(config.listeners[1].protocol, Protocol::udp);
    EXPECT_EQ(config.listeners[1].overflow, OverflowPolicy::drop_newest);
    for (const ListenerConfig& listener : config.listeners) {
      EXPECT_EQ(listener.host, "127.0.0.1");
      EXPECT_EQ(listener.port, 5514);
      EXPECT_EQ(listener.format, FormatChoice::automatic);
    }
    EXPECT_EQ(config.store.path, "/var/lib/sluice");
  }
}

TEST(Load, ReadsEveryKindOfValue) {
  const Config config = good(R"(
store: {path: /tmp/x, retention_bytes: 1GiB, sync_interval: 0s, merge: false, compression_level: 3}
workers: 4
memory: {limit: 128MiB, warning: 0.5, critical: 0.75}
dedupe: {window: 1m}
json: {fields: {time: [when, "@time"]}}
shutdown: {timeout: 5s}
admin: {address: "[::1]:9000"}
log: {level: debug, file: /tmp/log}
listeners:
  - {name: a, protocol: udp, address: "0.0.0.0:514", format: gelf, sockets: 4, receive_buffer: 1MiB}
  - {name: b, address: "[::]:601", framing: octet, max_frame_bytes: 128KiB, idle_timeout: 1h, overflow: drop_newest,
     time_zone: Europe/Berlin, time_formats: ["%d.%m. %H:%M"], bare_tag: true, dedupe: false, max_connections: 10}
)");
  EXPECT_EQ(config.store.path, "/tmp/x");
  EXPECT_EQ(config.store.retention_bytes, 1u << 30);
  EXPECT_EQ(config.store.sync_interval, 0ms);
  EXPECT_FALSE(config.store.merge);
  EXPECT_EQ(config.store.compression_level, 3);
  EXPECT_EQ(config.workers, 4u);
  EXPECT_EQ(config.memory.limit, 128u << 20);
  EXPECT_EQ(config.memory.warning, 0.5);
  EXPECT_EQ(config.memory.critical, 0.75);
  EXPECT_EQ(config.dedupe.window, 1min);
  EXPECT_EQ(config.json_fields.time, (std::vector<std::string>{"when", "@time"}));
  EXPECT_EQ(config.shutdown_timeout, 5s);
  EXPECT_EQ(config.admin_host, "::1");
  EXPECT_EQ(config.admin_port, 9000);
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_EQ(config.log.file, "/tmp/log");
  ASSERT_EQ(config.listeners.size(), 2u);
  const ListenerConfig& a = config.listeners[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.protocol, Protocol::udp);
  EXPECT_EQ(a.host, "0.0.0.0");
  EXPECT_EQ(a.port, 514);
  EXPECT_EQ(a.format, FormatChoice::gelf);
  EXPECT_EQ(a.sockets, 4u);
  EXPECT_EQ(a.receive_buffer, 1u << 20);
  const ListenerConfig& b = config.listeners[1];
  EXPECT_EQ(b.host, "::");
  EXPECT_EQ(b.framing, Framing::octet);
  EXPECT_EQ(b.max_frame_bytes, 128u << 10);
  EXPECT_EQ(b.idle_timeout, 1h);
  EXPECT_EQ(b.overflow, OverflowPolicy::drop_newest);
  EXPECT_EQ(b.time_zone, "Europe/Berlin");
  EXPECT_EQ(b.time_formats, std::vector<std::string>{"%d.%m. %H:%M"});
  EXPECT_TRUE(b.bare_tag);
  EXPECT_FALSE(b.dedupe);
  EXPECT_EQ(b.max_connections, 10u);
}

TEST(Load, TakesTheWordThatStandsForNone) {
  const Config config = good(
      "workers: auto\nmemory: {limit: auto}\nstore: {retention_bytes: none, retention_age: none}\n"
      "listeners: [{idle_timeout: none}]");
  EXPECT_EQ(config.workers, 0u);
  EXPECT_EQ(config.memory.limit, std::nullopt);
  EXPECT_EQ(config.store.retention_bytes, 0u);
  EXPECT_EQ(config.store.retention_age, 0ms);
  EXPECT_EQ(config.listeners[0].idle_timeout, 0ms);
}

TEST(Load, EndsGelfOverTcpWithNulUnlessToldOtherwise) {
  EXPECT_EQ(good("listeners: [{format: gelf}]").listeners[0].framing, Framing::nul);
  EXPECT_EQ(good("listeners: [{format: gelf, framing: newline}]").listeners[0].framing, Framing::newline);
  EXPECT_EQ(good("listeners: [{format: json}]").listeners[0].framing, Framing::automatic);
}

TEST(Load, NamesListenersAfterProtocolAndPortAndKeepsNamesApart) {
  const Config config = good(
      "listeners: [{address: \"127.0.0.1:1\"}, {address: \"127.0.0.2:1\"}, {protocol: udp, address: \"[::1]:1\"}, "
      "{name: tcp-2, address: \"[::1]:3\"}, {address: \"[::1]:2\"}]");
  EXPECT_EQ(config.listeners[0].name, "tcp-1");
  EXPECT_EQ(config.listeners[1].name, "tcp-1-2");
  EXPECT_EQ(config.listeners[2].name, "udp-1");
  EXPECT_EQ(config.listeners[4].name, "tcp-2-2");
}

TEST(Load, TellsEveryErrorAtOnceWithItsPlaceInTheOrderOfTheFile) {
  EXPECT_EQ(errors("listners: 1\n"
                   "workers: 0\n"
                   "listeners:\n"
                   "  - name: a\n"
                   "    protocol: tpc\n"
                   "    address: 127.0.0.1:70000\n"
                   "    max_frame_bytes: 64\n"
                   "store:\n"
                   "  path: [a]\n"),
            "test.yaml:1:1: listners: unknown key; did you mean \"listeners\"?\n"
            "test.yaml:2:10: workers: 0 is below 1 (or write auto)\n"
            "test.yaml:5:15: listeners[0].protocol: \"tpc\" is not one of tcp, udp, relp, http; did you mean tcp?\n"
            "test.yaml:6:14: listeners[0].address: port \"70000\" is not a number from 0 to 65535\n"
            "test.yaml:7:22: listeners[0].max_frame_bytes: 64 has no unit: write 64B, or KiB, MiB, GiB, TiB\n"
            "test.yaml:9:9: store.path: is a list, not text\n");
}

TEST(Load, GuessesWhichKeyWasMeant) {
  EXPECT_EQ(errors("store: {pth: /x}"), "test.yaml:1:9: store.pth: unknown key; did you mean \"path\"?\n");
  EXPECT_EQ(errors("max_frame_bytes: 1KiB"),
            "test.yaml:1:1: max_frame_bytes: unknown key here; did you mean \"listeners[].max_frame_bytes\"?\n");
  EXPECT_EQ(errors("admin: {password: x}"), "test.yaml:1:9: admin.password: unknown key; there are enabled, address\n");
  EXPECT_EQ(errors("json: {fields: {tiem: [a]}}"),
            "test.yaml:1:17: json.fields.tiem: unknown key; did you mean \"time\"?\n");
}

TEST(Load, TakesNoKeyForAPath) {  // found by fuzzing: a listener's key without a listener
  EXPECT_TRUE(errors("store.path: /x").starts_with("test.yaml:1:1: store.path: unknown key"));
  EXPECT_TRUE(errors("listeners[].name: x").starts_with("test.yaml:1:1: listeners[].name: unknown key"));
  EXPECT_TRUE(errors("listeners[0]: {name: x}").starts_with("test.yaml:1:1: listeners[0]: unknown key"));
}

TEST(Load, ChecksBothEndsOfARange) {
  EXPECT_EQ(good("workers: 1").workers, 1u);
  EXPECT_EQ(good("workers: 256").workers, 256u);
  EXPECT_EQ(errors("workers: 257"), "test.yaml:1:10: workers: 257 is above 256 (or write auto)\n");
  EXPECT_EQ(errors("workers: -1"), "test.yaml:1:10: workers: -1 is below 1 (or write auto)\n");
  EXPECT_EQ(errors("workers: 99999999999999999999"),
            "test.yaml:1:10: workers: \"99999999999999999999\" is too large (or write auto)\n");
  EXPECT_EQ(errors("listeners: [{max_frame_bytes: 479B}]"),
            "test.yaml:1:31: listeners[0].max_frame_bytes: 479B is below 480B\n");
  EXPECT_EQ(errors("listeners: [{max_frame_bytes: 513KiB}]"),
            "test.yaml:1:31: listeners[0].max_frame_bytes: 513KiB is above 512KiB\n");
  EXPECT_EQ(errors("shutdown: {timeout: 61m}"), "test.yaml:1:21: shutdown.timeout: 61m is above 1h\n");
}

TEST(Load, ChecksTypes) {
  EXPECT_EQ(errors("workers: many"), "test.yaml:1:10: workers: \"many\" is not a whole number (or write auto)\n");
  EXPECT_EQ(errors("io_threads: 1.5"), "test.yaml:1:13: io_threads: \"1.5\" is not a whole number\n");
  EXPECT_EQ(errors("io_threads: \"1\""), "test.yaml:1:13: io_threads: \"1\" is text: write it without quotes\n");
  EXPECT_EQ(errors("io_threads:"), "test.yaml:1:1: io_threads: is nothing, not integer, 1 to 64\n");
  EXPECT_EQ(errors("dedupe: {enabled: yes}"), "test.yaml:1:19: dedupe.enabled: \"yes\" is neither true nor false\n");
  EXPECT_EQ(errors("memory: {warning: nan}"), "test.yaml:1:19: memory.warning: \"nan\" is not a number\n");
  EXPECT_EQ(errors("memory: {warning: 70%}"), "test.yaml:1:19: memory.warning: \"70%\" is not a number\n");
  EXPECT_EQ(errors("store: /var/lib/sluice"),
            "test.yaml:1:8: store: is a single value, but it is a section with keys\n");
  EXPECT_EQ(errors("json: {fields: {time: when}}"),
            "test.yaml:1:23: json.fields.time: is a single value, not a list like [a, b]\n");
  EXPECT_EQ(errors("json: {fields: {time: [[a]]}}"), "test.yaml:1:24: json.fields.time: holds a list\n");
  EXPECT_EQ(errors("[a, b]"), "test.yaml:1:1: the config is a list, not keys with values\n");
  EXPECT_EQ(errors("just words"), "test.yaml:1:1: the config is a single value, not keys with values\n");
}

TEST(Load, WantsListenersAsAListWithAtLeastOne) {
  const std::string advice = ": give a list of listeners, or leave the key out for the two default ones\n";
  EXPECT_EQ(errors("listeners: []"), "test.yaml:1:12: listeners: is an empty list" + advice);
  EXPECT_EQ(errors("listeners: {a: 1}"), "test.yaml:1:12: listeners: is a section with keys" + advice);
  EXPECT_EQ(errors("listeners: [tcp]"),
            "test.yaml:1:13: listeners[0]: is a single value, but it is a section with keys\n");
}

TEST(Load, RefusesKeysGivenTwice) {
  EXPECT_EQ(errors("workers: 1\nio_threads: 1\nworkers: 2\n"),
            "test.yaml:3:1: the key \"workers\" is given twice, first in line 1\n");
  EXPECT_EQ(errors("store:\n  path: /a\n  path: /b\n"),
            "test.yaml:3:3: the key \"path\" is given twice, first in line 2\n");
}

TEST(Load, RefusesNamesAndAddressesGivenTwice) {
  EXPECT_EQ(errors("listeners:\n- {name: a, address: \"127.0.0.1:1\"}\n- {name: a, address: \"127.0.0.1:1\"}\n"),
            "test.yaml:3:10: listeners[1].name: \"a\" is the name of listeners[0] as well\n"
            "test.yaml:3:22: listeners[1].address: 127.0.0.1:1 is the address of listeners[0] as well\n");
  EXPECT_EQ(errors("listeners: [{}, {}]"),
            "test.yaml:1:17: listeners[1].address: 127.0.0.1:5514 is the address of listeners[0] as well\n");
  good("listeners: [{protocol: tcp, address: \"[::1]:0\"}, {address: \"[::1]:0\"}]");  // any free port, twice
}

TEST(Load, RefusesAListenerNameThatCannotStandInAMetric) {
  for (const char* name : {"a b", "a\\\"b", "ä", "a/b"}) {
    const std::string text = errors("listeners: [{name: \"" + std::string(name) + "\"}]");
    EXPECT_NE(text.find("is not 1 to 64 letters"), std::string::npos) << text;
  }
  good("listeners: [{name: " + std::string(64, 'a') + "}]");
  EXPECT_NE(errors("listeners: [{name: " + std::string(65, 'a') + "}]"), "no error");
}

TEST(Load, RefusesKeysOfTheOtherProtocol) {
  EXPECT_EQ(errors("listeners: [{protocol: udp, framing: nul}]"),
            "test.yaml:1:29: listeners[0].framing: is a key of tcp listeners, and this one is udp\n");
  EXPECT_EQ(errors("listeners: [{sockets: 2}]"),
            "test.yaml:1:14: listeners[0].sockets: is a key of udp listeners, and this one is tcp\n");
  EXPECT_EQ(errors("listeners: [{protocol: upd, sockets: 2}]"),
            "test.yaml:1:24: listeners[0].protocol: \"upd\" is not one of tcp, udp, relp, http; did you mean udp?\n");
}

TEST(Load, KnowsWhichProtocolsAKeyIsFor) {
  EXPECT_EQ(errors("listeners: [{protocol: udp, max_connections: 9}]"),
            "test.yaml:1:29: listeners[0].max_connections: is a key of tcp, relp, http listeners, and this one is udp\n");
  EXPECT_EQ(errors("listeners: [{protocol: tcp, ack: synced}]"),
            "test.yaml:1:29: listeners[0].ack: is a key of relp, http listeners, and this one is tcp\n");
  const Config config = good(
      "listeners: [{protocol: relp, ack: received, address: \"127.0.0.1:2514\"}, "
      "{protocol: http, max_request_bytes: 1MiB, address: \"127.0.0.1:8080\"}]");
  EXPECT_EQ(config.listeners[0].protocol, Protocol::relp);
  EXPECT_EQ(config.listeners[0].ack, AckLevel::received);
  EXPECT_EQ(config.listeners[0].name, "relp-2514");
  EXPECT_EQ(config.listeners[1].ack, AckLevel::synced);
  EXPECT_EQ(config.listeners[1].max_request_bytes, 1u << 20);
}

TEST(Load, RefusesOneAddressForTwoListenersOverTcpWhateverTheySpeak) {
  EXPECT_NE(errors("listeners: [{address: \"127.0.0.1:1\"}, {protocol: relp, address: \"127.0.0.1:1\"}]")
                .find("is the address of listeners[0] as well"),
            std::string::npos);
}

TEST(Load, KnowsTheZonesOfThisMachine) {
  for (const char* zone : {"Mars/Olympus", "../../etc/passwd", "/usr/share/zoneinfo/UTC", "Europe", "."}) {
    EXPECT_EQ(errors("listeners: [{time_zone: " + std::string(zone) + "}]"),
              "test.yaml:1:25: listeners[0].time_zone: \"" + std::string(zone) +
                  "\" is not a time zone of this machine, like Europe/Berlin or UTC\n");
  }
  EXPECT_EQ(good("listeners: [{time_zone: UTC}]").listeners[0].time_zone, "UTC");
  EXPECT_EQ(good("listeners: [{time_zone: \"\"}]").listeners[0].time_zone, "");
}

TEST(Load, CompilesTimeFormats) {
  EXPECT_EQ(good("listeners: [{time_formats: [\"%d.%m.%Y %H:%M:%S\", \"%s\"]}]").listeners[0].time_formats.size(), 2u);
  const std::string text = errors("listeners: [{time_formats: [\"%d.%m.%Y %H\", \"%Q\"]}]");
  EXPECT_TRUE(text.starts_with("test.yaml:1:28: listeners[0].time_formats: time format '%Q': ")) << text;
}

TEST(Load, ChecksWhatNoSingleKeyCanKnow) {
  EXPECT_EQ(errors("memory: {warning: 0.9, critical: 0.9}"),
            "test.yaml:1:19: memory.warning: is not below memory.critical\n");
  EXPECT_EQ(errors("memory: {critical: 0.5}"), "test.yaml:1:9: memory.warning: is not below memory.critical\n");
  EXPECT_EQ(errors("memory: {limit: 63MiB}"),
            "test.yaml:1:17: memory.limit: 63MiB is less than queue.bytes and dedupe.memory together, 64MiB\n");
  good("memory: {limit: 64MiB}");
  good("memory: {limit: 32MiB}\ndedupe: {enabled: false}");
  EXPECT_EQ(errors("store: {retention_bytes: 255MiB}"),
            "test.yaml:1:26: store.retention_bytes: is below store.segment_bytes: only whole segments are removed\n");
  EXPECT_EQ(errors("store: {path: \"\"}"), "test.yaml:1:15: store.path: is empty\n");
}

TEST(Override, ComesBeforeTheFileAndBeforeTheCheck) {
  EXPECT_EQ(good("store: {path: /a}", {"store.path=/b"}).store.path, "/b");
  EXPECT_EQ(good("", {"store.path=/b"}).store.path, "/b");
  EXPECT_EQ(good("workers: 0", {"workers=3"}).workers, 3u);
  EXPECT_EQ(good("", {"workers=3", "workers=4"}).workers, 4u);
  EXPECT_EQ(good("", {"store.path=/a=b: [c"}).store.path, "/a=b: [c");
}

TEST(Override, ChangesAndAddsListeners) {
  const Config changed = good("listeners: [{name: a, address: \"127.0.0.1:1\"}]",
                              {"listeners[0].address=[::1]:2", "listeners[1].protocol=udp"});
  ASSERT_EQ(changed.listeners.size(), 2u);
  EXPECT_EQ(changed.listeners[0].name, "a");
  EXPECT_EQ(changed.listeners[0].host, "::1");
  EXPECT_EQ(changed.listeners[1].name, "udp-5514");
}

TEST(Override, SeesTheTwoDefaultListeners) {
  const Config config = good("", {"listeners[0].address=127.0.0.1:0", "listeners[1].address=127.0.0.1:7"});
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].protocol, Protocol::tcp);
  EXPECT_EQ(config.listeners[0].port, 0);
  EXPECT_EQ(config.listeners[1].protocol, Protocol::udp);
  EXPECT_EQ(config.listeners[1].port, 7);
}

TEST(Override, WritesListsAndSectionsAsYaml) {
  EXPECT_EQ(good("", {"json.fields.time=[a, \"b c\"]"}).json_fields.time, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(good("", {"listeners=[{protocol: udp, address: \"127.0.0.1:9\"}]"}).listeners.at(0).port, 9);
  EXPECT_EQ(good("", {"memory={limit: 128MiB}"}).memory.limit, 128u << 20);
}

TEST(Override, IsNamedByItsErrors) {
  EXPECT_EQ(errors("", {"workers=many"}), "--set: workers: \"many\" is not a whole number (or write auto)\n");
  EXPECT_EQ(errors("", {"store.pth=/x"}), "--set: store.pth: unknown key; did you mean \"path\"?\n");
  EXPECT_EQ(errors("", {"json.fields.time=x"}), "--set: json.fields.time: is a single value, not a list like [a, b]\n");
  EXPECT_EQ(errors("", {"listeners[3].name=x"}), "--set: listeners[3].name: \"listeners\" has 2 items\n");
  EXPECT_EQ(errors("workers: 1", {"workers.count=x"}),
            "--set: workers.count: \"workers\" is a single value and has no keys\n");
  EXPECT_EQ(errors("workers: 0", {"io_threads=0"}),
            "test.yaml:1:10: workers: 0 is below 1 (or write auto)\n"
            "--set: io_threads: 0 is below 1\n");
}

TEST(Override, HasTheFormPathEqualsValue) {
  const std::string form = " is not of the form path=value, like store.path=/var/lib/sluice\n";
  for (const char* text : {"", "workers", "=1", ".=1", "store.=1", ".path=1", "a[=1", "a[]=1", "a[x]=1", "a[1=1",
                           "a[-1]=1", "[0]=1", "a[99999999999999999999]=1"}) {
    EXPECT_EQ(errors("", {text}), "--set: \"" + std::string(text) + "\"" + form);
  }
}

TEST(Load, SaysWhereYamlItselfIsBroken) {
  EXPECT_TRUE(errors("store:\n  path: [a\n").starts_with("test.yaml:3:1: not valid YAML: "));
  EXPECT_NE(errors("store:\n\tpath: /x\n").find("YAML indents with blanks"), std::string::npos);
  EXPECT_NE(errors("listeners:\n  - address: [::1]:5514\n").find("needs quotes"), std::string::npos);
  EXPECT_EQ(errors("workers: 1\n---\nworkers: 2\n"), "test.yaml:2:1: more begins here: a config is one document\n");
}

TEST(Load, SurvivesHostileFiles) {
  EXPECT_EQ(errors(std::string(kMaxConfigBytes + 1, '#')), "test.yaml: the config is larger than 1MiB\n");
  EXPECT_NE(errors(std::string(100'000, '[')), "no error");
  EXPECT_NE(errors(std::string(100'000, '{')), "no error");
  EXPECT_NE(errors(std::string(kMaxConfigBytes, '\xff')), "no error");
  EXPECT_NE(errors(std::string(1000, '\0')), "no error");
  EXPECT_NE(errors("1\",ts: 4}]"), "no error");  // yaml-cpp's LoadAll() never came back
}

TEST(Load, BoundsWhatAliasesWriteOut) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + (j < 9 ? ", " : "]\n");
  }
  EXPECT_NE(errors(bomb).find("the config is too large or nested too deep"), std::string::npos);
  EXPECT_NE(errors("a: &a [*a]").find("an alias stands inside what it stands for"), std::string::npos);
  std::string long_text = "a0: &a " + std::string(500'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 10'000; ++i) long_text += ", *a";
  EXPECT_NE(errors(long_text + "]\n").find("the config is too large or nested too deep"), std::string::npos);
  std::string tower = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    tower += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_NE(errors(tower).find("the config is too large or nested too deep"), std::string::npos);
}

TEST(Load, TakesAliasesForWhatTheyStandFor) {
  const Config config = good("workers: &n 3\nio_threads: *n\njson: {fields: {time: &t [a, b], message: *t}}\n");
  EXPECT_EQ(config.io_threads, 3u);
  EXPECT_EQ(config.json_fields.message, (std::vector<std::string>{"a", "b"}));
}

TEST(Load, TellsEachErrorOnOneLineOfBoundedLength) {
  const auto config = parse_config("\"a\\nb\": 1\n" + std::string(900, 'c') + ": 1\n", "test.yaml");
  ASSERT_FALSE(config.has_value());
  const auto lines = config.error().lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("test.yaml:1:1: a?b: unknown key")) << lines[0];
  EXPECT_EQ(lines[1], "test.yaml:2:1: " + std::string(600, 'c') + "...");
}

TEST(Load, TellsABoundedNumberOfErrors) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "zzz" + std::to_string(i) + ": 1\n";
  const auto config = parse_config(text, "test.yaml");
  ASSERT_FALSE(config.has_value());
  const auto lines = config.error().lines();
  EXPECT_EQ(lines.size(), kMaxErrors + 1);
  EXPECT_EQ(lines.back(), "test.yaml: and 100 more errors");
}

TEST(Load, ReadsAFileAndSaysWhyItCannot) {
  char path[] = "/tmp/sluice_config_XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  close(fd);
  std::ofstream(path) << "workers: 7\n";
  const auto config = load_config(path, {"io_threads=2"});
  unlink(path);
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->workers, 7u);
  EXPECT_EQ(config->io_threads, 2u);

  const auto missing = load_config(path);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().text(), std::string(path) + ": can't be read: No such file or directory\n");
  const auto directory = load_config("/tmp");
  ASSERT_FALSE(directory.has_value());
  EXPECT_EQ(directory.error().text(), "/tmp: can't be read: Is a directory\n");
}

// Found by tests/fuzz/config_fuzz.cpp: the second one filled a listener that was not there.
TEST(LoadConfig, AWordThatIsAPathIsAnUnknownKey) {
  for (const char* text : {"store.path: /x\n", "listeners[].protocol: tcp\n"}) {
    const auto config = parse_config(text, "test.yaml");
    ASSERT_FALSE(config) << text;
    EXPECT_NE(config.error().text().find("unknown key"), std::string::npos) << config.error().text();
  }
}

}  // namespace
}  // namespace sluice
