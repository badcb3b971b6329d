// Any bytes as a config file, with an override: errors or a config, never a crash. A config that loads holds its bounds.
#include "config/load.h"
#include "tests/fuzz/fuzz.h"

extern "C" const char* const* fuzz_examples() {
  static const char* const kExamples[] = {
      "store: {path: /tmp/x, retention_bytes: 1GiB, sync_interval: 0s}\nworkers: 4\n",
      "listeners:\n  - {name: a, protocol: udp, address: \"0.0.0.0:514\", sockets: 4}\n  - address: \"[::]:601\"\n"
      "    framing: octet\n    max_frame_bytes: 128KiB\n    time_formats: [\"%d.%m.%Y\"]\n",
      "memory: {limit: auto, warning: 0.5, critical: 0.75}\ndedupe: {window: 1m}\nlog: {level: debug}\n",
      "json: &a {fields: {time: [when, \"@time\"]}}\nb: *a\n? [complex]\n: |\n  text\n  more\n", nullptr};
  return kExamples;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  FuzzInput input(data, size);
  const size_t length = input.byte() % 64;
  std::vector<std::string> overrides;
  if (length != 0) overrides.emplace_back(input.take(length));
  const auto config = parse_config(input.rest(), "fuzz.yaml", overrides);
  if (!config) {
    fuzz_check(!config.error().lines().empty(), "a refusal says why");
    fuzz_check(config.error().lines().size() <= kMaxErrors + 1, "errors are bounded");
    return 0;
  }
  fuzz_check(!config->listeners.empty(), "there is a listener");
  for (const ListenerConfig& listener : config->listeners) {
    fuzz_check(!listener.name.empty() && listener.name.size() <= 80, "each listener has a name");
    fuzz_check(listener.max_frame_bytes >= 480 && listener.max_frame_bytes <= 512 << 10, "frames have bounds");
    fuzz_check(listener.sockets >= 1 && listener.sockets <= 64, "sockets have bounds");
  }
  fuzz_check(config->workers <= 256 && config->io_threads >= 1, "threads have bounds");
  fuzz_check(config->memory.warning < config->memory.critical, "warning comes before critical");
  return 0;
}
