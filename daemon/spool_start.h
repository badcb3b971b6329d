// Where the receive buffers lie, decided at start: in the spool of the store's directory, or in plain memory.
//
//   auto memory = open_receive_memory(setup);       // the spool as it is, a new one, or plain memory
//   if (memory.must_change) ...                     // it has another size than asked for, or is not wanted any more:
//                                                   // it is emptied first (daemon/restart.h), then replace_spool()
//
// A spool that can't be read is put aside as spool.damaged, spool.damaged-2, ... and a new one is made: the daemon always
// starts. One that can't be made, for want of room, is done without, and said so.
//
// Threads: the main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/spool/spool.h"

namespace sluice {

struct SpoolSetup {
  std::string path;  // of the spool's file
  bool enabled = true;
  uint64_t slot_bytes = 0;  // of all slots
  SpoolSyncs syncs = SpoolSyncs::seldom;
  MemoryAccount* account = nullptr;
  std::function<void(const std::string&)> report;
};

struct ReceiveMemory {
  std::unique_ptr<Spool> spool;  // null: plain memory
  std::unique_ptr<BufferPool> plain;
  bool must_change = false;

  BufferPool& pool() { return spool ? spool->pool() : *plain; }
};

ReceiveMemory open_receive_memory(const SpoolSetup& setup);
// REQUIRES: no slot of it is in use
void replace_spool(ReceiveMemory& memory, const SpoolSetup& setup);

}  // namespace sluice
