#include "daemon/ctl/store_access.h"

#include <sys/stat.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>

#include "daemon/ctl/exit_status.h"

namespace sluice {

int complain(const std::string& sentence) {
  std::fprintf(stderr, "sluicectl: %s\n", sentence.c_str());
  return kExitCouldNot;
}

std::unique_ptr<StoreReader> open_store(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    complain(path + " is not a directory; a store is one");
    return nullptr;
  }
  auto reader = StoreReader::open(real_file_system(), path);
  if (reader) return std::move(reader).value();
  switch (reader.error().sys) {
    case ENOENT:
      complain("there is no store at " + path + " (--store says where it is)");
      break;
    case EACCES:
    case EPERM:
      complain(reader.error().message + " (it takes root, or a member of the store's group)");
      break;
    default:
      complain(reader.error().message);
  }
  return nullptr;
}

int tell_damage(const std::string& path, std::span<const Damage> damage) {
  if (damage.empty()) return kExitOk;
  uint64_t bytes = 0;
  for (const Damage& d : damage) bytes += d.length;
  std::fprintf(stderr,
               "sluicectl: the store is damaged in %zu place%s (%" PRIu64
               " bytes), which were left out; 'sluicectl verify --store %s' says where\n",
               damage.size(), damage.size() == 1 ? "" : "s", bytes, path.c_str());
  return kExitDamaged;
}

}  // namespace sluice
