// Spool: the receive buffers as parts of one file, so that what was received outlives the process. Its bytes are
// described in spool_format.md.
//
//   auto medium = open_spool_file(path, Spool::file_bytes(64 << 20));
//   auto spool = Spool::open(std::move(*medium), {.boot_id = boot_id(), .account = &account});
//   for (Slot& slot : (*spool)->take_found()) ...      // what a former process left, oldest first
//   (*spool)->pool().acquire(...)                      // slots, as of any BufferPool
//   (*spool)->sync();                                  // committed slots outlive a power cut (committer.h)
//   (*spool)->close_clean();                           // at the end, when no slot is in use
//
// After a crash of the process everything that was described and received counts. After a power cut, told by another boot
// id, only what was committed and whose checksum holds: the pages of the rest may be of any age.
//
// Errors:  open() fails when the file is no spool, or of another version or size than it says: the caller puts it aside.
//          Slots that can't be trusted are counted and passed over.
// Threads: sync(), next_sequence() and, into a slot of one's own, write() from any; the others before and after the readers' time.
// Memory:  pages that were touched, charged by the pool.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/memory/buffer_pool.h"
#include "core/spool/slot_header.h"
#include "core/spool/spool_medium.h"

namespace sluice {

struct SpoolOptions {
  std::string boot_id;               // of this boot of the machine
  MemoryAccount* account = nullptr;  // may be null
  uint64_t new_file_id = 0;          // for a spool that is made now; 0: a random one
};

// /proc/sys/kernel/random/boot_id; empty where there is none: then every start counts as after a power cut.
std::string boot_id();

class Spool {
 public:
  static constexpr uint64_t kHeadBytes = 64 << 10;
  static uint64_t file_bytes(uint64_t slot_bytes) { return kHeadBytes + slot_bytes; }

  // A medium of zeros is made a new spool.
  static Result<std::unique_ptr<Spool>> open(std::unique_ptr<SpoolMedium> medium, SpoolOptions options);
  ~Spool();

  BufferPool& pool() { return *pool_; }
  uint64_t file_id() const { return file_id_; }
  uint64_t next_sequence() { return sequence_.fetch_add(1, std::memory_order_relaxed); }

  // Slots in use when the former process ended, in the order of their sequence. They are in use again.
  std::vector<Slot> take_found() { return std::move(found_); }
  struct Found {
    bool after_power_cut = false;
    uint64_t slots = 0;
    uint64_t distrusted = 0;  // described and not committed, or not whole, after a power cut
    uint64_t damaged = 0;     // described twice, or reaching beyond the end: it can't have been written so
  };
  const Found& found() const { return facts_; }

  // Puts bytes into a slot in the way that is cheapest to sync (spool_medium.h).
  void write(char* to, std::string_view bytes) { medium_->write(static_cast<uint64_t>(to - medium_->data()), bytes); }
  Result<void> sync() { return medium_->sync(); }
  // Notes that nothing is left in it. REQUIRES: no slot is in use
  void close_clean();

 private:
  struct Place {
    uint64_t sequence;
    uint64_t offset;  // in the region behind the head
    SlotSize size;
  };

  explicit Spool(std::unique_ptr<SpoolMedium> medium);
  Result<void> open_head(const SpoolOptions& options);
  std::vector<Place> find_described();
  Result<void> begin_life(const SpoolOptions& options);
  std::vector<Place> without_overlaps(std::vector<Place> places);
  bool is_received(uint64_t offset, const std::vector<Place>& places) const;
  SlotHeader& header_at(uint64_t offset) const;
  void adopt(const std::vector<Place>& places);

  const std::unique_ptr<SpoolMedium> medium_;
  uint64_t file_id_ = 0;
  Found facts_;
  std::atomic<uint64_t> sequence_{1};
  std::unique_ptr<BufferPool> pool_;
  std::vector<Slot> found_;  // behind the pool: gone before it
};

}  // namespace sluice
