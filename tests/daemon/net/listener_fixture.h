// ListenerTest: a listener on the loopback, with a real pipeline and a real store behind it.
//
//   listen({.protocol = Protocol::tcp});
//   start_workers();                       // before that nothing leaves the queue
//   TcpClient client(port()); client.send("one\n"); client.finish();
//   EXPECT_EQ(stored_lines(), ...);        // stops everything and reads the files
//
// The slots lie in plain memory, or after use_spool() in a spool; a suite that is to hold for both is made of
// EitherMemory. With a spool, restart() is the next process: it recovers what the one before it left.
//
// Nothing here waits for a time to pass: either for the other end of a socket, or with eventually() for a counter.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/dedupe/dedupe_window.h"
#include "core/pipeline/replay.h"
#include "core/spool/committer.h"
#include "core/spool/spool.h"
#include "core/store/store_reader.h"
#include "daemon/net/http_settings.h"
#include "daemon/net/listener.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_directory.h"

namespace sluice {

struct StoredLine {
  uint64_t id = 0;
  std::string frame;
  std::string peer;
  uint32_t flags = 0;
};

inline sockaddr_storage loopback(uint16_t port, bool v6, socklen_t& length) {
  sockaddr_storage address{};
  if (v6) {
    auto& a = reinterpret_cast<sockaddr_in6&>(address);
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(port);
    a.sin6_addr = in6addr_loopback;
    length = sizeof a;
  } else {
    auto& a = reinterpret_cast<sockaddr_in&>(address);
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    length = sizeof a;
  }
  return address;
}

// Small segments and a small buffer for what comes back: the other side is soon out of room.
enum class Narrow : bool { no, yes };

// A connected socket of either protocol, blocking.
class Client {
 public:
  Client(int type, uint16_t port, bool v6, Narrow narrow = Narrow::no)
      : fd_(::socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0)) {
    if (narrow == Narrow::yes) {
      const int segment = 536, buffer = 4096;
      setsockopt(fd_, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    }
    socklen_t length = 0;
    const sockaddr_storage address = loopback(port, v6, length);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), length) == 0;
    EXPECT_TRUE(connected_) << std::strerror(errno);
    const int on = 1;
    if (type == SOCK_STREAM) setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Client() { close(); }

  int fd() const { return fd_; }

  void send(std::string_view bytes) {
    do {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return;  // the other end closed; the test looks at what arrived
      bytes.remove_prefix(static_cast<size_t>(sent));
    } while (!bytes.empty());
  }
  // No more from this side; returns when the other side has closed too.
  void finish() {
    ::shutdown(fd_, SHUT_WR);
    await_close();
  }
  void await_close() {
    char byte = 0;
    while (::recv(fd_, &byte, 1, 0) > 0) {
    }
  }
  // Closes with a reset instead of an end.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  bool connected_ = false;
};

class TcpClient : public Client {
 public:
  explicit TcpClient(uint16_t port, bool v6 = false, Narrow narrow = Narrow::no)
      : Client(SOCK_STREAM, port, v6, narrow) {}
};

class UdpClient : public Client {
 public:
  explicit UdpClient(uint16_t port, bool v6 = false) : Client(SOCK_DGRAM, port, v6) {}
};

class ListenerTest : public testing::Test {
 protected:
  ~ListenerTest() override { shut_down(); }

  void use_io_threads(size_t count) { io_threads_ = count; }
  void use_context(ContextManagerOptions options) { context_options_ = options; }
  void use_slots(uint64_t bytes) { slot_bytes_ = bytes; }
  void use_http(HttpSettings settings) { http_ = settings; }
  void use_spool() { spooled_ = true; }
  // Instead of the spool's own.
  void use_sync(std::function<Result<void>()> sync) { sync_ = std::move(sync); }
  // The store's files are in memory, and do as they are told.
  FaultyFileSystem& use_faulty_files() {
    faulty_ = std::make_unique<FaultyFileSystem>();
    fs_ = faulty_.get();
    return *faulty_;
  }
  void use_dedupe() { deduped_ = true; }

  bool spooled() const { return spooled_; }

  ContextManager& context() { return *context_; }
  BufferPool& pool() { return spool_ ? spool_->pool() : *pool_; }
  std::vector<Slot> take_all_slots() {
    std::vector<Slot> all;
    for (const SlotSize size : {SlotSize::large, SlotSize::medium, SlotSize::small}) {
      while (Slot slot = pool().acquire(size, BufferPool::Reserve::use)) all.push_back(std::move(slot));
    }
    return all;
  }
  size_t slots_in_use(SlotSize size) { return pool().stats().levels[static_cast<size_t>(size)].in_use; }
  size_t slots_in_use() {
    size_t used = 0;
    for (const auto& level : pool().stats().levels) used += level.in_use;
    return used;
  }
  Listener& listener() { return *listener_; }
  uint16_t port() const { return listener_->port(); }
  Spool& spool() { return *spool_; }
  LedgerTotals ledger() { return ledger_->listener("test").totals(); }
  uint64_t dropped(DropReason reason) { return ledger().dropped[static_cast<size_t>(reason)]; }

  // Everything but start(): the port is bound.
  Result<void> open(ListenerConfig config) {
    config.name = "test";
    if (config.port == ListenerConfig{}.port) config.port = 0;
    build();
    ParserOptions parser;
    parser.format = config.format;
    std::optional<Replay> replay;
    if (spool_) replay.emplace(replay_parts());
    if (replay) {
      EXPECT_TRUE(replay->plan(store_->next_id()));
    }
    source_ =
        pipeline_->add_source({.name = "test",
                               .parser = parser,
                               .dedupe = deduped_,
                               .acknowledged = config.protocol == Protocol::relp || config.protocol == Protocol::http,
                               .answer_stored = config.ack == AckLevel::received});
    auto made = make(config);
    if (!made) return Unexpected(made.error());
    listener_ = std::move(*made);
    if (replay && spool_->found().slots > 0) recover(*replay);
    return {};
  }

  // The next process, after close_and_read(): everything but start().
  Result<void> restart(ListenerConfig config) {
    tear_down();
    return open(std::move(config));
  }

  Result<std::unique_ptr<Listener>> make(const ListenerConfig& config) {
    std::vector<boost::asio::io_context*> contexts;
    for (auto& io : io_) contexts.push_back(io.get());
    ListenerParts parts{.io = contexts,
                        .pipeline = *pipeline_,
                        .context = *context_,
                        .pool = pool(),
                        .spool = spool_.get(),
                        .interner = interner_,
                        .ledger = ledger_->listener("test"),
                        .memory = memory_,
                        .clock = system_clock(),
                        .report = [this](const std::string& text) { note(text); },
                        .source = source_,
                        .synced = waits_for_syncs(config)};
    if (config.protocol == Protocol::http) return make_http_listener(config, std::move(parts), http_);
    return config.protocol == Protocol::udp ? make_udp_listener(config, std::move(parts))
                                            : make_stream_listener(config, std::move(parts));
  }

  void listen(ListenerConfig config) {
    const auto opened = open(std::move(config));
    ASSERT_TRUE(opened) << opened.error().message;
    start();
  }

  void start() {
    listener_->start();
    run_io();
  }

  void run_io() {
    for (auto& io : io_) {
      io->restart();
      threads_.emplace_back([&context = *io] { context.run(); });
    }
  }

  void start_workers() {
    pipeline_->start();
    workers_ = true;
  }

  // True when all that was received has been handed over.
  bool stop_intake() {
    auto done = std::make_shared<std::promise<void>>();
    auto future = done->get_future();
    listener_->stop_intake([done] { done->set_value(); });
    return future.wait_for(std::chrono::seconds(60)) == std::future_status::ready;
  }

  // run_io() goes on where it stopped.
  void stop_io() {
    for (auto& io : io_) io->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  // Stops intake, workers and store, and reads the files. In order of receipt.
  std::vector<StoredLine> stored() {
    EXPECT_TRUE(stop_intake());
    return close_and_read();
  }

  std::vector<StoredLine> close_and_read() {
    context_->stop_intake();
    stop_io();
    listener_->close();
    if (!workers_) start_workers();
    EXPECT_EQ(pipeline_->drain(std::chrono::seconds(60)).operations, 0u);
    drained_ = true;
    return read_files();
  }

  // Lines that wait in the spool for restart(). REQUIRES: close_and_read() was called
  uint64_t left_in_spool() const { return pipeline_->stats().left_in_spool; }

  std::vector<std::string> stored_lines() {
    std::vector<std::string> lines;
    for (StoredLine& line : stored()) lines.push_back(std::move(line.frame));
    return lines;
  }

  std::vector<std::string> sorted_lines() {
    auto lines = stored_lines();
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  void expect_balanced() {
    const LedgerTotals totals = ledger();
    EXPECT_EQ(totals.in_flight(), left_in_spool());
    EXPECT_EQ(totals.received, totals.stored + totals.collapsed + totals.dropped_total() + left_in_spool());
    EXPECT_EQ(totals.connections_opened, totals.connections_closed);
  }

  // True once `holds()` is; false after a minute, so that a broken test ends.
  template <class Condition>
  bool eventually(Condition holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));  // leaves the processor to what is waited for
    }
    return true;
  }

  std::vector<std::string> reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  bool reported(std::string_view text) {
    for (const std::string& report : reports()) {
      if (report.find(text) != std::string::npos) return true;
    }
    return false;
  }

 private:
  void build() {
    for (size_t i = 0; i < io_threads_; ++i) {
      io_.push_back(std::make_unique<boost::asio::io_context>(1));
      guards_.push_back(boost::asio::make_work_guard(*io_.back()));
    }
    ledger_ = std::make_unique<Ledger>();
    context_ = std::make_unique<ContextManager>(context_options_, system_clock());
    build_slots();
    auto store = Store::open({.path = store_path(), .merge = false}, *fs_, system_clock(), [](const StoreEvent&) {});
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    if (deduped_ && !dedupe_) dedupe_ = std::make_unique<DedupeWindow>(DedupeOptions{.max_bytes = 1 << 20});
    pipeline_ = std::make_unique<Pipeline>(PipelineOptions{}, PipelineParts{.context = *context_,
                                                                            .interner = interner_,
                                                                            .ledger = *ledger_,
                                                                            .memory = memory_,
                                                                            .store = *store_,
                                                                            .dedupe = dedupe_.get(),
                                                                            .pool = &pool(),
                                                                            .committer = committer_.get(),
                                                                            .clock = system_clock(),
                                                                            .report = [](const std::string&) {}});
  }

  void build_slots() {
    if (!spooled_) {
      pool_ = std::make_unique<BufferPool>(BufferPoolOptions{.max_bytes = slot_bytes_});
      return;
    }
    auto medium = open_spool_file(directory_.path() + "/spool", Spool::file_bytes(slot_bytes_), SpoolSyncs::often);
    ASSERT_TRUE(medium) << medium.error().message;
    auto spool = Spool::open(std::move(*medium), {.boot_id = "one boot"});
    ASSERT_TRUE(spool) << spool.error().message;
    spool_ = std::move(*spool);
    if (!sync_) sync_ = [this] { return spool_->sync(); };
    committer_ = std::make_unique<Committer>(sync_, [this](const std::string& text) { note(text); });
  }

  Replay::Parts replay_parts() {
    return {.fs = *fs_,
            .store_path = store_path(),
            .spool = *spool_,
            .pipeline = *pipeline_,
            .context = *context_,
            .interner = interner_,
            .report = [this](const std::string& text) { note(text); }};
  }

  void recover(Replay& replay) {
    start_workers();
    replay.run([this](const std::string& name) { return Replay::Source{source_, &ledger_->listener(name)}; }, [] {});
    EXPECT_EQ(replay.facts().damaged, 0u);
    listener_->adopt(replay.take_pending());
  }

  std::string store_path() const { return directory_.path() + "/store"; }
  void note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    reports_.push_back(text);
  }

  std::vector<StoredLine> read_files() {
    std::vector<StoredLine> lines;
    auto reader = StoreReader::open(*fs_, store_path());
    EXPECT_TRUE(reader);
    for (const BlockRef& ref : (*reader)->blocks()) {
      BlockReader block;
      EXPECT_TRUE((*reader)->read(ref, block));
      EXPECT_TRUE(block.load_all());
      for (uint32_t row = 0; row < block.rows(); ++row) {
        const StoredRecord record = block.record(row);
        StoredLine line{.id = record.id, .peer = std::string(record.peer), .flags = record.flags.bits()};
        append_raw(record, line.frame);
        lines.push_back(std::move(line));
      }
    }
    std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return lines;
  }

  void shut_down() {
    if (!pipeline_) return;
    context_->stop_intake();
    stop_io();
    if (listener_) listener_->close();
    if (!drained_) {
      if (!workers_) pipeline_->start();
      pipeline_->drain(std::chrono::seconds(60));
    }
    tear_down();
  }

  void tear_down() {
    listener_.reset();
    guards_.clear();
    io_.clear();  // handlers that were never run go before what they refer to
    pipeline_.reset();
    store_.reset();
    committer_.reset();
    spool_.reset();
    drained_ = workers_ = false;
  }

  uint16_t source_ = 0;
  size_t io_threads_ = 1;
  uint64_t slot_bytes_ = 32 << 20;
  ContextManagerOptions context_options_;
  HttpSettings http_;
  bool spooled_ = false;
  bool deduped_ = false;
  std::function<Result<void>()> sync_;
  std::unique_ptr<FaultyFileSystem> faulty_;
  FileSystem* fs_ = &real_file_system();
  bool workers_ = false;
  bool drained_ = false;
  TempDirectory directory_;
  AllocationTracker memory_;
  Interner interner_;
  std::unique_ptr<Ledger> ledger_;
  std::mutex mutex_;
  std::vector<std::string> reports_;
  std::unique_ptr<BufferPool> pool_;  // without a spool
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<ContextManager> context_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<DedupeWindow> dedupe_;
  std::unique_ptr<Pipeline> pipeline_;
  std::vector<std::unique_ptr<boost::asio::io_context>> io_;
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guards_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Listener> listener_;
};

// What the slots lie in.
enum class SlotMemory : bool { plain, spool };

class EitherMemory : public ListenerTest, public testing::WithParamInterface<SlotMemory> {
 protected:
  void SetUp() override {
    if (GetParam() == SlotMemory::spool) use_spool();
  }
};

inline std::string memory_name(const testing::TestParamInfo<SlotMemory>& info) {
  return info.param == SlotMemory::spool ? "Spool" : "Plain";
}

#define SLUICE_IN_EITHER_MEMORY(suite) \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::Values(SlotMemory::plain, SlotMemory::spool), memory_name)

}  // namespace sluice
