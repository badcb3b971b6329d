// FileSystem, File: the few file operations that the store needs, as an interface, so that a test can lose,
// tear and refuse writes. Paths are plain strings; the real ones go straight to the system calls.
//
//   auto file = fs.create(dir + "/00000001.seg");
//   if (!file) return Unexpected(file.error());
//   if (auto r = (*file)->append(bytes); !r) ...   // "write DIR/00000001.seg: No space left on device"
//
// Errors:  every message names the call and the path. `Error::sys` is the errno.
// Threads: a FileSystem is safe from any thread. A File may be read from any thread while one thread appends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace sluice {

class File {
 public:
  virtual ~File() = default;

  // Up to `size` bytes from `offset`; fewer only at the end of the file.
  virtual Result<size_t> read_at(uint64_t offset, char* to, size_t size) const = 0;
  // All of `bytes` at the end, or an error. After an error the file's end is what size() says: the caller
  // truncates to the last size it knows to be whole.
  virtual Result<void> append(std::string_view bytes) = 0;
  // All of `bytes` at `offset`, over what stands there: after a sync() that failed the kernel may take bytes for written
  // that are not, and only a write makes it try them again. REQUIRES: offset + bytes.size() is within the file
  virtual Result<void> write_again(uint64_t offset, std::string_view bytes) = 0;
  virtual Result<void> truncate(uint64_t size) = 0;
  virtual Result<void> sync() = 0;  // fdatasync
  virtual Result<uint64_t> size() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;       // fails if it exists
  virtual Result<std::unique_ptr<File>> open_append(const std::string& path) = 0;  // must exist
  virtual Result<std::unique_ptr<File>> open_read(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> make_directory(const std::string& path) = 0;  // and its parents; fine if it exists
  virtual Result<void> sync_directory(const std::string& path) = 0;  // makes create, rename and remove durable
  // Holds an exclusive lock on `path` (created if missing) until the returned File is destroyed.
  // Error::sys is EWOULDBLOCK when another process holds it.
  virtual Result<std::unique_ptr<File>> lock(const std::string& path) = 0;
};

FileSystem& real_file_system();

}  // namespace sluice
