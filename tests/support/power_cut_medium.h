// PowerCutSpool: a spool's file in memory, with the disk under it. A kill keeps all of it; a power cut leaves what was synced,
// and of every page (4 KiB) that was written since: the new one, the old one, or some of its sectors (512 bytes) of each.
//
//   PowerCutSpool file(Spool::file_bytes(1 << 20));
//   auto spool = Spool::open(file.open(), {.boot_id = "first"});
//   auto left = file.snapshot();          // what a process leaves that is killed now; this one goes on
//   left->power_cut(seed);                // or the machine; the same seed loses the same
//   auto next = Spool::open(left->open(), {.boot_id = "second"});
//
// Threads: snapshot() and sync() from any thread, while others write: they copy as the kernel does, without asking.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "core/spool/spool_medium.h"

namespace sluice {

class PowerCutSpool {
 public:
  static constexpr uint64_t kPage = 4096;
  static constexpr uint64_t kSector = 512;

  // REQUIRES: bytes is a multiple of kPage
  explicit PowerCutSpool(uint64_t bytes) : size_(bytes), disk_(bytes, '\0') {
    // Shared, so that giving pages back (madvise) does not lose them.
    const int fd = memfd_create("spool", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) std::abort();
    void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) std::abort();
    close(fd);
    data_ = static_cast<char*>(at);
  }
  ~PowerCutSpool() { munmap(data_, size_); }
  PowerCutSpool(const PowerCutSpool&) = delete;
  PowerCutSpool& operator=(const PowerCutSpool&) = delete;

  // What Spool::open() is given. This object outlives it.
  std::unique_ptr<SpoolMedium> open() { return std::make_unique<Medium>(*this); }

  char* data() const { return data_; }
  uint64_t size() const { return size_; }
  void fail_syncs(bool fail) { failing_ = fail; }
  uint64_t syncs() const { return syncs_; }

  Result<void> sync() {
    const std::scoped_lock lock(mutex_);
    if (failing_) return Unexpected(system_error("fdatasync spool", EIO));
    copy(data_, disk_.data(), size_);
    ++syncs_;
    return {};
  }

  std::unique_ptr<PowerCutSpool> snapshot() const {
    const std::scoped_lock lock(mutex_);
    auto left = std::make_unique<PowerCutSpool>(size_);
    copy(data_, left->data_, size_);
    left->disk_ = disk_;
    return left;
  }

  // REQUIRES: nobody has it open
  void power_cut(uint64_t seed) {
    const std::scoped_lock lock(mutex_);
    std::mt19937_64 random(seed);
    for (uint64_t page = 0; page < size_; page += kPage) cut_page(page, random);
    std::memcpy(data_, disk_.data(), size_);
  }
  // The kernel writes some of the pages when it likes.
  void write_back(uint64_t seed) {
    const std::scoped_lock lock(mutex_);
    std::mt19937_64 random(seed);
    for (uint64_t page = 0; page < size_; page += kPage) {
      if (random() % 4 == 0) copy(data_ + page, disk_.data() + page, kPage);
    }
  }

 private:
  class Medium final : public SpoolMedium {
   public:
    explicit Medium(PowerCutSpool& file) : file_(file) {}
    char* data() const override { return file_.data(); }
    uint64_t size() const override { return file_.size(); }
    bool often_synced() const override { return true; }
    Result<void> sync() override { return file_.sync(); }

   private:
    PowerCutSpool& file_;
  };

  void cut_page(uint64_t page, std::mt19937_64& random) {
    if (std::memcmp(data_ + page, disk_.data() + page, kPage) == 0) return;
    enum Fate : uint8_t { fresh, old, torn };
    const auto fate = static_cast<Fate>(random() % 3);
    for (uint64_t at = page; at < page + kPage; at += kSector) {
      if (fate == fresh || (fate == torn && random() % 2 == 0)) std::memcpy(disk_.data() + at, data_ + at, kSector);
    }
  }

  // Others write meanwhile, and the pool forbids what is free: the kernel does not mind either.
  __attribute__((no_sanitize("address", "thread"))) static void copy(const char* from, char* to, uint64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
    std::memcpy(to, from, bytes);
    return;
#endif
    const auto* const source = reinterpret_cast<const volatile uint64_t*>(from);
    auto* const target = reinterpret_cast<volatile uint64_t*>(to);
    for (uint64_t i = 0; i < bytes / sizeof(uint64_t); ++i) target[i] = source[i];
  }

  const uint64_t size_;
  char* data_ = nullptr;  // as the processes see it
  mutable std::mutex mutex_;
  std::string disk_;  // as of the last sync, but for what was written back
  std::atomic<bool> failing_{false};
  std::atomic<uint64_t> syncs_{0};
};

}  // namespace sluice
