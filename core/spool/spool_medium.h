// SpoolMedium: what a spool lies in: bytes that outlive the process, and a way to make them outlive a power cut.
//
//   auto medium = open_spool_file("/var/lib/sluice/spool", 64 << 20);     // mapped, all of it allocated
//   (*medium)->data()[0] = 1;          // survives kill -9 from here on
//   (*medium)->sync();                 // and a power cut
//
// A file on disk is the real one. Tests have one in memory that loses what was not synced.
//
// Errors:  open: what could not be opened, allocated (ENOSPC) or mapped. sync(): EIO and the like; what was not synced
//          must then be taken for lost, for the kernel may have forgotten that it was not written.
// write() puts bytes there without touching the mapping, which pays in a file that is often synced. A page written through
// a mapping costs a fault at its first byte, and at the sync a message to every processor that the page is read-only again:
// for 100 KB in 24 pages a write and a sync took 0.55 ms this way and 2.1 ms through the mapping, on a virtual machine of
// two processors.
//
// Threads: sync() from any; data() and write() as plain memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace sluice {

class SpoolMedium {
 public:
  virtual ~SpoolMedium() = default;
  virtual char* data() const = 0;  // page-aligned
  virtual uint64_t size() const = 0;
  virtual bool often_synced() const { return false; }
  virtual void write(uint64_t offset, std::string_view bytes) {
    std::memcpy(data() + offset, bytes.data(), bytes.size());
  }
  virtual Result<void> sync() = 0;
};

// The size of the file, or 0 when there is none.
uint64_t spool_file_bytes(const std::string& path);
// An existing file is opened with the size it has, which must be `bytes`; a new one is allocated in full, so that a full
// disk can't keep what was received from being written.
//
// `often`: somebody waits for syncs. The file is then kept in pages of 4 KiB, so that a sync writes what was received;
// otherwise the kernel takes folios of up to 2 MiB, which cost less until they are written: as a whole.
enum class SpoolSyncs : bool { seldom, often };
Result<std::unique_ptr<SpoolMedium>> open_spool_file(const std::string& path, uint64_t bytes,
                                                     SpoolSyncs syncs = SpoolSyncs::seldom);

}  // namespace sluice
