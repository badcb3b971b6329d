#include "core/spool/spool_medium.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sluice {
namespace {

class SpoolFile final : public SpoolMedium {
 public:
  SpoolFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~SpoolFile() override {
    if (data_ != nullptr) munmap(data_, size_);
    close(fd_);
  }

  Result<void> map(uint64_t bytes, SpoolSyncs syncs) {
    // Memory for huge pages can't be had in a file; single pages are what is counted anyway.
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (at == MAP_FAILED) return Unexpected(system_error("map " + path_, errno));
    // Reading ahead is what makes large folios, and one byte written to such a folio is all of it written to the disk at
    // the next sync: a sync for 70 KB of lines wrote 2.9 MB.
    if (syncs == SpoolSyncs::often) madvise(at, bytes, MADV_RANDOM);
    syncs_ = syncs;
    data_ = static_cast<char*>(at);
    size_ = bytes;
    return {};
  }

  char* data() const override { return data_; }
  uint64_t size() const override { return size_; }
  bool often_synced() const override { return syncs_ == SpoolSyncs::often; }
  void write(uint64_t offset, std::string_view bytes) override {
    const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    // The mapping always takes it; what is wrong with the disk the sync will say.
    const size_t done = written > 0 ? static_cast<size_t>(written) : 0;
    if (done < bytes.size()) SpoolMedium::write(offset + done, bytes.substr(done));
  }
  Result<void> sync() override {
    if (fdatasync(fd_) != 0) return Unexpected(system_error("fdatasync " + path_, errno));
    return {};
  }

 private:
  const std::string path_;
  const int fd_;
  SpoolSyncs syncs_ = SpoolSyncs::seldom;
  char* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace

uint64_t spool_file_bytes(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0 ? static_cast<uint64_t>(found.st_size) : 0;
}

Result<std::unique_ptr<SpoolMedium>> open_spool_file(const std::string& path, uint64_t bytes, SpoolSyncs syncs) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Unexpected(system_error("open " + path, errno));
  auto file = std::make_unique<SpoolFile>(path, fd);
  // Also for a file that is there: its maker may have died in the middle.
  if (const int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes)); error != 0) {
    return Unexpected(system_error("allocate " + std::to_string(bytes) + " bytes for " + path, error));
  }
  if (auto mapped = file->map(bytes, syncs); !mapped) return Unexpected(mapped.error());
  return std::unique_ptr<SpoolMedium>(std::move(file));
}

}  // namespace sluice
