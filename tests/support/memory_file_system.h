// MemoryFileSystem: files in memory, with a record of what is not yet durable. The base of the file systems that tests
// crash: FaultyFileSystem stops at a chosen operation, PowerCutFileSystem loses unsynced writes by a seed.
//
// Names and removals become durable at sync_directory(), bytes at File::sync(). One flat directory tree: make_directory
// only notes that the directory exists. A removed file lives on for those who have it open.
//
//   fs.fail_after(7);  // the process, or the machine, stops in the 8th change from now on: all that follows fails
//   fs.die();          // or now
//   store.reset();
//   fs.restart();      // it starts again with what was written; files opened before can't be changed any more
//
// What counts as a change: create, append (one that fails in the middle leaves half of its bytes), truncate, sync,
// rename, remove and sync_directory. Reads and lists fail only after the process died.
//
// Threads: safe from any thread.
#pragma once

#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/file.h"

namespace sluice {

enum class Call : uint8_t { open, create, append, write_again, truncate, sync, rename, remove, sync_directory, count };

class MemoryFileSystem : public FileSystem {
 public:
  // Lets `changes` more changes through and fails every operation behind them, until it starts again.
  void fail_after(uint64_t changes) {
    const std::scoped_lock lock(mutex_);
    left_ = changes;
    dead_ = false;
  }
  uint64_t changes() const {
    const std::scoped_lock lock(mutex_);
    return changes_;
  }
  void die() {
    const std::scoped_lock lock(mutex_);
    dead_ = true;
  }
  bool dead() const {
    const std::scoped_lock lock(mutex_);
    return dead_;
  }
  void restart() {
    const std::scoped_lock lock(mutex_);
    revive();
  }

  // A file's bytes, to look at and to damage.
  std::string& bytes(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    return files_.at(path)->bytes;
  }
  // A file that is durable already.
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
    return open_node(path, make_node(path));
  }
  Result<std::unique_ptr<File>> open_append(const std::string& path) override { return open_existing(path); }
  Result<std::unique_ptr<File>> open_read(const std::string& path) override { return open_existing(path); }

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
    unsynced_names_.push_back({from, to, node.mapped()});
    return {};
  }
  Result<void> remove(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    if (!dead_ && !files_.contains(path)) return Unexpected(system_error("remove " + path, ENOENT));
    if (auto ok = change(Call::remove, "remove " + path); !ok) return ok;
    files_.erase(path);
    unsynced_names_.push_back({path, {}, nullptr});
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
    unsynced_names_.clear();
    return {};
  }
  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    const std::scoped_lock lock(mutex_);
    if (auto ok = look("open " + path); !ok) return Unexpected(ok.error());
    const auto found = files_.find(path);
    const auto node = found != files_.end() ? found->second : make_node(path);
    if (!node->lock.expired()) return Unexpected(system_error("lock " + path, EWOULDBLOCK));
    auto held = std::make_shared<int>(0);
    node->lock = held;
    return open_node(path, node, std::move(held));
  }

 protected:
  struct Write {
    uint64_t offset = 0;  // of a truncation: the size that it left
    std::string bytes;
    bool truncation = false;
  };
  struct Node {
    std::string bytes;            // as the process sees them
    std::string durable;          // as of the last sync
    std::vector<Write> unsynced;  // how the one became the other, in order
    std::weak_ptr<int> lock;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  struct NameChange {
    std::string gone;  // empty: none
    std::string made;  // empty: none
    std::shared_ptr<Node> node;
  };
  struct Admitted {
    Result<void> result;
    size_t bytes = 0;  // so many are written, whatever the result
  };

  // Asked before every change, with mutex_ held: an error is what the caller gets.
  virtual Result<void> change(Call, const std::string& what) {
    if (left_ && *left_ == 0) dead_ = true;
    if (dead_) return Unexpected(system_error(what, EIO));
    if (left_) --*left_;
    ++changes_;
    return {};
  }
  virtual Admitted admit_append(const std::string& what, size_t size) {
    const bool was_dead = dead_;
    auto ok = change(Call::append, what);
    return {ok, ok ? size : was_dead ? 0 : size / 2};
  }
  virtual void revive() {
    ++life_;
    left_.reset();
    dead_ = false;
    for (auto& [path, node] : files_) node->lock.reset();
  }

  mutable std::mutex mutex_;
  Names files_;
  Names durable_;  // the names that are there after a power cut, whatever else is
  std::vector<NameChange> unsynced_names_;
  std::set<std::string> directories_;
  bool dead_ = false;

 private:
  class MemoryFile final : public File {
   public:
    MemoryFile(MemoryFileSystem& fs, std::string path, std::shared_ptr<Node> node, std::shared_ptr<int> lock)
        : fs_(fs), path_(std::move(path)), node_(std::move(node)), lock_(std::move(lock)), life_(fs.life_) {}

    Result<size_t> read_at(uint64_t offset, char* to, size_t size) const override {
      const std::scoped_lock lock(fs_.mutex_);
      if (auto ok = fs_.look("read " + path_); !ok) return Unexpected(ok.error());
      if (offset >= node_->bytes.size()) return size_t{0};
      return node_->bytes.copy(to, size, offset);
    }
    Result<void> append(std::string_view bytes) override {
      const std::scoped_lock lock(fs_.mutex_);
      const std::string what = "write " + path_;
      if (auto ok = alive(what); !ok) return ok;
      const Admitted admitted = fs_.admit_append(what, bytes.size());
      bytes = bytes.substr(0, admitted.bytes);
      if (!bytes.empty()) node_->unsynced.push_back({node_->bytes.size(), std::string(bytes)});
      node_->bytes += bytes;
      return admitted.result;
    }
    Result<void> write_again(uint64_t offset, std::string_view bytes) override {
      const std::scoped_lock lock(fs_.mutex_);
      const std::string what = "write " + path_;
      if (auto ok = change(Call::write_again, what); !ok) return ok;
      if (offset > node_->bytes.size() || bytes.size() > node_->bytes.size() - offset) {
        return Unexpected(system_error(what, EINVAL));
      }
      node_->bytes.replace(offset, bytes.size(), bytes);
      node_->unsynced.push_back({offset, std::string(bytes)});
      return {};
    }
    Result<void> truncate(uint64_t size) override {
      const std::scoped_lock lock(fs_.mutex_);
      if (auto ok = change(Call::truncate, "truncate " + path_); !ok) return ok;
      node_->bytes.resize(size);
      node_->unsynced.push_back({.offset = size, .bytes = {}, .truncation = true});
      return {};
    }
    Result<void> sync() override {
      const std::scoped_lock lock(fs_.mutex_);
      if (auto ok = change(Call::sync, "fdatasync " + path_); !ok) return ok;
      node_->durable = node_->bytes;
      node_->unsynced.clear();
      return {};
    }
    Result<uint64_t> size() const override {
      const std::scoped_lock lock(fs_.mutex_);
      if (auto ok = fs_.look("stat " + path_); !ok) return Unexpected(ok.error());
      return uint64_t{node_->bytes.size()};
    }

   private:
    // A file opened before a restart belongs to a process that is dead.
    Result<void> alive(const std::string& what) const {
      return life_ == fs_.life_ ? Result<void>() : Result<void>(Unexpected(system_error(what, EIO)));
    }
    Result<void> change(Call call, const std::string& what) {
      const auto ok = alive(what);
      return ok ? fs_.change(call, what) : ok;
    }

    MemoryFileSystem& fs_;
    const std::string path_;
    const std::shared_ptr<Node> node_;
    const std::shared_ptr<int> lock_;
    const uint64_t life_;
  };

  Result<void> look(const std::string& what) const {
    return dead_ ? Result<void>(Unexpected(system_error(what, EIO))) : Result<void>();
  }
  std::shared_ptr<Node> make_node(const std::string& path) {
    auto node = files_[path] = std::make_shared<Node>();
    unsynced_names_.push_back({{}, path, node});
    return node;
  }
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

  std::optional<uint64_t> left_;
  uint64_t changes_ = 0;
  uint64_t life_ = 0;
};

}  // namespace sluice
