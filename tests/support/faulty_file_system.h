// FaultyFileSystem: a file system in memory that can be full, fail, stop for good at any operation, and lose what was
// not synced, as a power cut does.
//
//   FaultyFileSystem fs;
//   fs.fail_after(7);                 // the process dies in the 8th change from now on: all that follows fails
//   ... use it ...
//   fs.restart();                     // the process died: what was written stays
//   fs.power_cut(PowerCut::torn);     // the machine died: unsynced names are undone, of unsynced bytes some are there
//   fs.set_capacity(1 << 20);         // ENOSPC beyond; a write is cut short first
//   fs.fail_next(Call::truncate, EIO, 2);
//   fs.drop_cache();                  // what the kernel takes for written is read from the disk from now on
//   fs.hold(Call::append);            // the next append stays in its call until release()
//
// What counts as a change: create, append (one that fails in the middle leaves half of its bytes), write_again,
// truncate, sync, rename, remove, sync_directory, and creating a lock's file. Reads and lists fail only after the
// process died.
//
// A sync that was made to fail does what Linux does: the bytes it should have written are taken for written, so that the
// next sync says yes and the disk does not have them, until they are written again.
//
// Names and removals become durable at sync_directory(), bytes at File::sync(). One flat directory tree: make_directory
// only notes that the directory exists. A removed file lives on for those who have it open.
//
// Threads: safe from any thread.
#pragma once

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/file.h"
#include "tests/support/memory_file_system.h"

namespace sluice {


// Of the bytes that were appended after a file's last sync there is, after a power cut:
enum class PowerCut : uint8_t {
  nothing,
  torn,   // the first half
  zeros,  // their length, but zeros
};

class FaultyFileSystem final : public FileSystem {
 public:
  // Lets `changes` more changes through and fails every operation behind them, until restart() or power_cut().
  void fail_after(uint64_t changes) {
    const std::scoped_lock lock(mutex_);
    left_ = changes;
    dead_ = false;
  }
  // The process is dead from now on.
  void die() {
    const std::scoped_lock lock(mutex_);
    dead_ = true;
  }
  void fail_next(Call call, int err, uint64_t times = 1) {
    const std::scoped_lock lock(mutex_);
    failing_[static_cast<size_t>(call)] = {err, times};
  }
  void set_capacity(std::optional<uint64_t> bytes) {
    const std::scoped_lock lock(mutex_);
    capacity_ = bytes;
  }
  uint64_t changes() const {
    const std::scoped_lock lock(mutex_);
    return changes_;
  }
  bool dead() const {
    const std::scoped_lock lock(mutex_);
    return dead_;
  }

  void restart() {
    const std::scoped_lock lock(mutex_);
    revive();
  }

  void power_cut(PowerCut kind = PowerCut::nothing) {
    const std::scoped_lock lock(mutex_);
    revive();
    files_ = durable_;
    for (auto& [path, node] : files_) {
      const size_t unsynced = node->bytes.size() > node->durable.size() ? node->bytes.size() - node->durable.size() : 0;
      std::string after = node->durable;
      if (kind == PowerCut::torn && unsynced > 0)
        after += node->on_disk_after_sync().substr(after.size(), unsynced / 2);
      if (kind == PowerCut::zeros) after.append(unsynced, '\0');
      node->bytes = node->durable = std::move(after);
      node->forgotten.clear();
    }
  }

  // The page cache loses what it takes for written.
  void drop_cache() {
    const std::scoped_lock lock(mutex_);
    for (auto& [path, node] : files_) {
      node->bytes = node->on_disk_after_sync();
      node->forgotten.clear();
    }
  }

  // Every call of this kind (append or sync) stays inside until release(), as on a disk that does not answer.
  void hold(Call call) {
    const std::scoped_lock lock(mutex_);
    held_ = call;
  }
  void release() {
    {
      const std::scoped_lock lock(mutex_);
      held_.reset();
    }
    released_.notify_all();
  }
  // Until a call is being held.
  void await_held() {
    std::unique_lock lock(mutex_);
    entered_.wait(lock, [this] { return inside_ > 0; });
  }

  // A file's bytes, to look at and to damage.
  std::string& bytes(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    return files_.at(path)->bytes;
  }
  void put(const std::string& path, std::string bytes) {
    const std::scoped_lock lock(mutex_);
    auto node = std::make_shared<Node>();
    node->bytes = node->durable = std::move(bytes);
    files_[path] = durable_[path] = std::move(node);
  }
  bool exists(const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    return files_.contains(path);
  }

  Result<std::unique_ptr<File>> create(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    if (auto ok = change(Call::create, "create " + path); !ok) return Unexpected(ok.error());
    if (files_.contains(path)) return Unexpected(system_error("create " + path, EEXIST));
    return open_node(path, files_[path] = std::make_shared<Node>());
  }
  Result<std::unique_ptr<File>> open_append(const std::string& path) override { return open_existing(path); }
  Result<std::unique_ptr<File>> open_read(const std::string& path) override {
    {
      const std::scoped_lock lock(mutex_);
      if (auto ok = fail_if_told(Call::open, "open " + path); !ok) return Unexpected(ok.error());
    }
    return open_existing(path);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::scoped_lock lock(mutex_);
    if (auto ok = look("open directory " + directory); !ok) return Unexpected(ok.error());
    if (!directories_.contains(directory)) return Unexpected(system_error("open directory " + directory, ENOENT));
    std::vector<std::string> names;
    for (const auto& [path, node] : files_) {
      if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
    }
    return names;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    const std::scoped_lock lock(mutex_);
    if (auto ok = change(Call::rename, "rename " + from); !ok) return ok;
    const auto node = files_.extract(from);
    if (node.empty()) return Unexpected(system_error("rename " + from, ENOENT));
    files_[to] = node.mapped();
    return {};
  }
  Result<void> remove(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    if (!dead_ && !files_.contains(path)) return Unexpected(system_error("remove " + path, ENOENT));
    if (auto ok = change(Call::remove, "remove " + path); !ok) return ok;
    files_.erase(path);
    return {};
  }
  Result<void> make_directory(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    if (auto ok = look("create directory " + path); !ok) return ok;
    directories_.insert(path);
    return {};
  }
  Result<void> sync_directory(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    if (auto ok = change(Call::sync_directory, "sync directory " + path); !ok) return ok;
    durable_ = files_;
    return {};
  }
  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    if (auto ok = look("open " + path); !ok) return Unexpected(ok.error());
    auto& node = files_[path];
    if (!node) node = std::make_shared<Node>();
    if (!node->lock.expired()) return Unexpected(system_error("lock " + path, EWOULDBLOCK));
    auto held = std::make_shared<int>(0);
    node->lock = held;
    return open_node(path, node, std::move(held));
  }

 private:
  struct Node {
    std::string bytes;    // as the process sees them
    std::string durable;  // as of the last sync
    // Places whose bytes the kernel takes for written though a failed sync lost them.
    std::set<uint64_t> forgotten;
    std::weak_ptr<int> lock;

    char durable_at(uint64_t at) const { return at < durable.size() ? durable[at] : '\0'; }
    std::string on_disk_after_sync() const {
      std::string disk = bytes;
      for (const uint64_t at : forgotten) disk[at] = durable_at(at);
      return disk;
    }
    void forget_unsynced() {
      for (uint64_t at = 0; at < bytes.size(); ++at) {
        if (at >= durable.size() || bytes[at] != durable[at]) forgotten.insert(at);
      }
    }
    void remember(uint64_t offset, uint64_t size) {
      forgotten.erase(forgotten.lower_bound(offset), forgotten.lower_bound(offset + size));
    }
  };
  struct Failure {
    int err = 0;
    uint64_t times = 0;
  };

  class MemoryFile final : public File {
   public:
    MemoryFile(FaultyFileSystem& fs, std::string path, std::shared_ptr<Node> node, std::shared_ptr<int> lock)
        : fs_(fs), path_(std::move(path)), node_(std::move(node)), lock_(std::move(lock)), life_(fs.life_) {}

    Result<size_t> read_at(uint64_t offset, char* to, size_t size) const override {
      const std::scoped_lock lock(fs_.mutex_);
      if (auto ok = fs_.look("read " + path_); !ok) return Unexpected(ok.error());
      if (offset >= node_->bytes.size()) return size_t{0};
      return node_->bytes.copy(to, size, offset);
    }
    Result<void> append(std::string_view bytes) override {
      std::unique_lock lock(fs_.mutex_);
      fs_.stay_while_held(Call::append, lock);
      const std::string what = "write " + path_;
      auto ok = change(Call::append, what);
      const uint64_t used = fs_.used();
      if (ok && fs_.capacity_ && used + bytes.size() > *fs_.capacity_) {
        bytes = bytes.substr(0, *fs_.capacity_ - std::min(used, *fs_.capacity_));
        ok = Unexpected(system_error(what, ENOSPC));
      } else if (!ok) {
        bytes = died_before_ ? std::string_view() : bytes.substr(0, bytes.size() / 2);
      }
      node_->bytes += bytes;
      return ok;
    }
    Result<void> write_again(uint64_t offset, std::string_view bytes) override {
      const std::scoped_lock lock(fs_.mutex_);
      const std::string what = "write " + path_;
      if (auto ok = change(Call::write_again, what); !ok) return ok;
      if (offset > node_->bytes.size() || bytes.size() > node_->bytes.size() - offset) {
        return Unexpected(system_error(what, EINVAL));
      }
      node_->bytes.replace(offset, bytes.size(), bytes);
      node_->remember(offset, bytes.size());
      return {};
    }
    Result<void> truncate(uint64_t size) override {
      const std::scoped_lock lock(fs_.mutex_);
      if (auto ok = change(Call::truncate, "truncate " + path_); !ok) return ok;
      node_->bytes.resize(size);
      node_->forgotten.erase(node_->forgotten.lower_bound(size), node_->forgotten.end());
      return {};
    }
    Result<void> sync() override {
      std::unique_lock lock(fs_.mutex_);
      fs_.stay_while_held(Call::sync, lock);
      if (auto ok = change(Call::sync, "fdatasync " + path_); !ok) {
        if (!died_before_ && !fs_.dead_) node_->forget_unsynced();
        return ok;
      }
      node_->durable = node_->on_disk_after_sync();
      return {};
    }
    Result<uint64_t> size() const override {
      const std::scoped_lock lock(fs_.mutex_);
      if (auto ok = fs_.look("stat " + path_); !ok) return Unexpected(ok.error());
      return uint64_t{node_->bytes.size()};
    }

   private:
    // A file opened before a restart belongs to a process that is dead.
    Result<void> change(Call call, const std::string& what) {
      died_before_ = fs_.dead_ || life_ != fs_.life_;
      if (life_ != fs_.life_) return Unexpected(system_error(what, EIO));
      return fs_.change(call, what);
    }

    FaultyFileSystem& fs_;
    const std::string path_;
    const std::shared_ptr<Node> node_;
    const std::shared_ptr<int> lock_;
    const uint64_t life_;
    bool died_before_ = false;
  };

  std::unique_ptr<File> open_node(const std::string& path, std::shared_ptr<Node> node,
                                  std::shared_ptr<int> lock = nullptr) {
    return std::make_unique<MemoryFile>(*this, path, std::move(node), std::move(lock));
  }
  Result<std::unique_ptr<File>> open_existing(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    if (auto ok = look("open " + path); !ok) return Unexpected(ok.error());
    const auto found = files_.find(path);
    if (found == files_.end()) return Unexpected(system_error("open " + path, ENOENT));
    return open_node(path, found->second);
  }

  void stay_while_held(Call call, std::unique_lock<std::mutex>& lock) {
    if (held_ != call) return;
    ++inside_;
    entered_.notify_all();
    released_.wait(lock, [&] { return held_ != call; });
    --inside_;
  }

  Result<void> look(const std::string& what) const {
    return dead_ ? Result<void>(Unexpected(system_error(what, EIO))) : Result<void>();
  }
  Result<void> change(Call call, const std::string& what) {
    if (left_ && *left_ == 0) dead_ = true;
    if (dead_) return Unexpected(system_error(what, EIO));
    if (left_) --*left_;
    ++changes_;
    return fail_if_told(call, what);
  }
  Result<void> fail_if_told(Call call, const std::string& what) {
    Failure& failure = failing_[static_cast<size_t>(call)];
    if (failure.times == 0) return {};
    --failure.times;
    return Unexpected(system_error(what, failure.err));
  }
  void revive() {
    ++life_;
    left_.reset();
    dead_ = false;
    for (Failure& failure : failing_) failure.times = 0;
    for (auto& [path, node] : files_) node->lock.reset();
  }
  uint64_t used() const {
    uint64_t sum = 0;
    for (const auto& [path, node] : files_) sum += node->bytes.size();
    return sum;
  }

  mutable std::mutex mutex_;
  std::condition_variable entered_, released_;
  std::optional<Call> held_;
  int inside_ = 0;
  std::map<std::string, std::shared_ptr<Node>> files_;
  std::map<std::string, std::shared_ptr<Node>> durable_;  // the names that a power cut leaves
  std::set<std::string> directories_;
  std::optional<uint64_t> capacity_;
  std::optional<uint64_t> left_;
  bool dead_ = false;
  uint64_t changes_ = 0;
  uint64_t life_ = 0;
  Failure failing_[static_cast<size_t>(Call::count)];
};

}  // namespace sluice
