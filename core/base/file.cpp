#include "core/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice {
namespace {

constexpr mode_t kFileMode = 0640;  // logs are not everybody's business
constexpr mode_t kDirectoryMode = 0750;

Unexpected<Error> failed(const char* call, const std::string& path) {
  const int err = errno;
  return Unexpected(system_error(std::string(call) + " " + path, err));
}

// A signal may interrupt any of these before they did anything.
template <class Call>
auto again_after_signal(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

Descriptor open_path(const std::string& path, int flags) {
  return Descriptor(again_after_signal([&] { return ::openat(AT_FDCWD, path.c_str(), flags | O_CLOEXEC, kFileMode); }));
}

class RealFile final : public File {
 public:
  RealFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> read_at(uint64_t offset, char* to, size_t size) const override {
    size_t done = 0;
    while (done < size) {
      const ssize_t n = again_after_signal(
          [&] { return ::pread(fd_.get(), to + done, size - done, static_cast<off_t>(offset + done)); });
      if (n < 0) return failed("read", path_);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = again_after_signal([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
      if (n < 0) return failed("write", path_);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return {};
  }

  // Where a file is open for appending, Linux appends whatever offset pwrite() is given: the flag goes for the while.
  Result<void> write_again(uint64_t offset, std::string_view bytes) override {
    const int flags = ::fcntl(fd_.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd_.get(), F_SETFL, flags & ~O_APPEND) != 0) return failed("fcntl", path_);
    Result<void> written;
    while (written && !bytes.empty()) {
      const ssize_t n = again_after_signal(
          [&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (n < 0) {
        written = failed("write", path_);
      } else {
        offset += static_cast<uint64_t>(n);
        bytes.remove_prefix(static_cast<size_t>(n));
      }
    }
    if (::fcntl(fd_.get(), F_SETFL, flags) != 0) return failed("fcntl", path_);
    return written;
  }

  Result<void> truncate(uint64_t size) override {
    if (again_after_signal([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return failed("truncate", path_);
    }
    return {};
  }

  Result<void> sync() override {
    if (again_after_signal([&] { return ::fdatasync(fd_.get()); }) != 0) return failed("fdatasync", path_);
    return {};
  }

  Result<uint64_t> size() const override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0) return failed("stat", path_);
    return static_cast<uint64_t>(status.st_size);
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> create(const std::string& path) override {
    return open_file("create", path, O_RDWR | O_APPEND | O_CREAT | O_EXCL);
  }
  Result<std::unique_ptr<File>> open_append(const std::string& path) override {
    return open_file("open", path, O_RDWR | O_APPEND);
  }
  Result<std::unique_ptr<File>> open_read(const std::string& path) override {
    return open_file("open", path, O_RDONLY);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    if (!stream) return failed("open directory", directory);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (!entry) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return failed("read directory", directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from + " to " + to);
    return {};
  }
  Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return failed("remove", path);
    return {};
  }

  Result<void> make_directory(const std::string& path) override {
    // Parents first; each may exist already, or be made by somebody else meanwhile.
    for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
      if (auto made = make_one(path.substr(0, end)); !made) return made;
    }
    return make_one(path);
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor fd = open_path(path, O_RDONLY | O_DIRECTORY);
    if (!fd) return failed("open directory", path);
    if (again_after_signal([&] { return ::fsync(fd.get()); }) != 0) return failed("sync directory", path);
    return {};
  }

  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    Descriptor fd = open_path(path, O_RDWR | O_APPEND | O_CREAT);
    if (!fd) return failed("open", path);
    if (again_after_signal([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      return failed("lock", path);
    }
    return std::unique_ptr<File>(std::make_unique<RealFile>(std::move(fd), path));
  }

 private:
  static Result<std::unique_ptr<File>> open_file(const char* call, const std::string& path, int flags) {
    Descriptor fd = open_path(path, flags);
    if (!fd) return failed(call, path);
    return std::unique_ptr<File>(std::make_unique<RealFile>(std::move(fd), path));
  }

  static Result<void> make_one(const std::string& path) {
    if (::mkdir(path.c_str(), kDirectoryMode) == 0) return {};
    const int err = errno;
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) return {};
      return Unexpected(system_error("create directory " + path, ENOTDIR));
    }
    return Unexpected(system_error("create directory " + path, err));
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem file_system;
  return file_system;
}

}  // namespace sluice
