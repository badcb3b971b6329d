#include "daemon/spool_start.h"

#include <cerrno>
#include <cstdio>

#include "core/base/file.h"

namespace sluice {
namespace {

// "spool.damaged", or the next name that is free.
std::string free_name(const std::string& path) {
  std::string name = path + ".damaged";
  for (int n = 2; spool_file_bytes(name) != 0; ++n) name = path + ".damaged-" + std::to_string(n);
  return name;
}

void put_aside(const SpoolSetup& setup, const Error& why) {
  const std::string aside = free_name(setup.path);
  if (std::rename(setup.path.c_str(), aside.c_str()) != 0) {
    setup.report(system_error("rename " + setup.path, errno).message);
    return;
  }
  setup.report(setup.path + " can't be read: " + why.message +
               ". What was received and not stored is lost; the file is kept as " + aside);
}

Result<std::unique_ptr<Spool>> open_spool(const SpoolSetup& setup, const std::string& path, uint64_t file_bytes) {
  auto medium = open_spool_file(path, file_bytes, setup.syncs);
  if (!medium) return Unexpected(medium.error());
  return Spool::open(std::move(*medium), {.boot_id = boot_id(), .account = setup.account});
}

void use_plain_memory(ReceiveMemory& memory, const SpoolSetup& setup) {
  memory.plain =
      std::make_unique<BufferPool>(BufferPoolOptions{.max_bytes = setup.slot_bytes, .account = setup.account});
}

// Under another name until it is whole: a crash in the middle leaves nothing that looks like a damaged spool.
void make_spool(ReceiveMemory& memory, const SpoolSetup& setup) {
  const std::string unfinished = setup.path + ".new";
  std::remove(unfinished.c_str());
  auto spool = open_spool(setup, unfinished, Spool::file_bytes(setup.slot_bytes));
  Error trouble = spool ? Error{} : spool.error();
  if (spool && std::rename(unfinished.c_str(), setup.path.c_str()) == 0) {
    memory.spool = std::move(*spool);
    (void)real_file_system().sync_directory(setup.path.substr(0, setup.path.rfind('/')));
    return;
  }
  if (spool) trouble = system_error("rename " + unfinished, errno);
  std::remove(unfinished.c_str());
  setup.report("there is no spool: a crash loses what was received and not yet stored, because: " + trouble.message);
  use_plain_memory(memory, setup);
}

}  // namespace

ReceiveMemory open_receive_memory(const SpoolSetup& setup) {
  ReceiveMemory memory;
  const uint64_t wanted = Spool::file_bytes(setup.slot_bytes);
  if (const uint64_t bytes = spool_file_bytes(setup.path); bytes != 0) {
    auto spool = open_spool(setup, setup.path, bytes);
    if (spool) {
      memory.spool = std::move(*spool);
      memory.must_change = !setup.enabled || bytes != wanted;
      return memory;
    }
    put_aside(setup, spool.error());
  }
  if (setup.enabled) {
    make_spool(memory, setup);
  } else {
    use_plain_memory(memory, setup);
  }
  return memory;
}

void replace_spool(ReceiveMemory& memory, const SpoolSetup& setup) {
  memory.spool.reset();
  memory.must_change = false;
  if (std::remove(setup.path.c_str()) != 0 && errno != ENOENT) {
    setup.report(system_error("remove " + setup.path, errno).message);
  }
  if (setup.enabled) {
    make_spool(memory, setup);
  } else {
    use_plain_memory(memory, setup);
  }
}

}  // namespace sluice
