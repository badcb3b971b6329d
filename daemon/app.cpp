#include "daemon/app.h"

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <future>
#include <list>
#include <map>
#include <thread>

#include "core/base/version.h"
#include "core/memory/memory_files.h"
#include "core/memory/memory_limit.h"
#include "core/memory/memory_monitor.h"
#include "core/parse/time_zone.h"
#include "core/pipeline/dedupe_rebuild.h"
#include "core/pipeline/pipeline.h"
#include "daemon/admin/admin_server.h"
#include "daemon/budget.h"
#include "daemon/check.h"
#include "daemon/descriptors.h"
#include "daemon/io_threads.h"
#include "daemon/net/listener.h"
#include "daemon/restart.h"
#include "daemon/service/allocator.h"
#include "daemon/spool_start.h"
#include "daemon/status.h"
#include "daemon/thread_watch.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// How often memory is sampled: a sender at full speed brings in some 20 MB between two samples, well under the distance
// between warning and critical.
constexpr std::chrono::milliseconds kSampleInterval = 100ms;

MemoryLimit memory_limit(const Config& config) {
  if (config.memory.limit) return {*config.memory.limit, bytes_text(*config.memory.limit) + ": memory.limit"};
  const MemoryFiles files;
  return resolve_memory_limit({.machine = files.machine_memory(), .cgroup = files.cgroup_limit()});
}

StoreOptions store_options(const Config& config, const Budget& budget, MemoryAccount& account) {
  const auto nanos = [](std::chrono::milliseconds t) { return std::chrono::nanoseconds(t).count(); };
  StoreOptions options;
  options.path = config.store.path;
  options.segment_bytes = config.store.segment_bytes;
  options.segment_age = nanos(config.store.segment_age);
  options.retention_bytes = config.store.retention_bytes;
  options.retention_age = nanos(config.store.retention_age);
  options.sync_interval = nanos(config.store.sync_interval);
  options.block_bytes = budget.block;
  options.pack_bytes = config.store.pack_level > 0 ? budget.pack : 0;
  options.pack_level = config.store.pack_level;
  options.merge = config.store.merge;
  options.merge_level = config.store.merge_level;
  options.account = &account;
  return options;
}

Result<std::unique_ptr<Listener>> make_listener(const ListenerConfig& listener, ListenerParts parts) {
  switch (listener.protocol) {
    case Protocol::tcp:
    case Protocol::relp:
      return make_stream_listener(listener, std::move(parts));
    case Protocol::udp:
      return make_udp_listener(listener, std::move(parts));
    case Protocol::http:
      return make_http_listener(listener, std::move(parts));
  }
  return Unexpected(Error{"BUG: a protocol that nobody listens to"});
}

}  // namespace

class App::Impl {
 public:
  Impl(const Config& config, SelfLog& log, const Notifier& notifier)
      : config_(
            within_descriptors(config, descriptor_limit(), [&](const std::string& text) { log.warning("", text); })),
        log_(log),
        notifier_(notifier),
        limit_(memory_limit(config)),
        budget_(make_budget(config, limit_.bytes, std::thread::hardware_concurrency())),
        memory_({.limit = limit_.bytes, .warning = config.memory.warning, .critical = config.memory.critical}),
        interner_({.max_bytes = budget_.interner_text, .account = &memory_.account("interner")}),
        context_({.max_operations = config.queue.operations,
                  .max_bytes = budget_.queue,
                  .max_bytes_if_can_wait = budget_.queue_if_can_wait,
                  .base_timeout = config.queue.base_timeout,
                  .load_multiplier = config.queue.load_multiplier},
                 system_clock()),
        monitor_({.limit = limit_.bytes, .thresholds = {config.memory.warning, config.memory.critical}}, memory_,
                 files_),
        io_(config.io_threads),
        signals_(main_, SIGTERM, SIGINT, SIGHUP),
        timer_(main_),
        threads_(system_clock(), ThreadWatch::limit_for(notifier.watchdog_interval())) {}

  ~Impl() {
    admin_.reset();
    io_.stop();
    for (auto& listener : listeners_) listener->close();
  }

  Result<void> open();
  int run();

 private:
  Result<void> open_store();
  Result<void> open_spool();
  Result<void> empty_old_spool();
  void open_pipeline(ContextManager& context);
  Restart::Parts restart_parts(ContextManager& context);
  void replay(Restart& restart);
  Result<void> open_listeners();
  Result<void> open_admin();
  void on_signal(int signal);
  void tick();
  void watch_threads();
  void on_memory(MemoryLevel level, const MemorySnapshot& memory);
  void drain();
  void say_ledger();

  const Config config_;
  SelfLog& log_;
  const Notifier& notifier_;
  const MemoryLimit limit_;
  const Budget budget_;

  AllocationTracker memory_;
  ReceiveMemory slots_;  // outlives whoever holds slots
  std::unique_ptr<Committer> committer_;
  Interner interner_;
  Ledger ledger_;
  ContextManager context_;
  const MemoryFiles files_;
  MemoryMonitor monitor_;
  std::unique_ptr<DedupeWindow> dedupe_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Restart> restart_;  // null without a spool
  std::list<TimeZone> zones_;         // of listeners that name one; parsers point here

  boost::asio::io_context main_{1};
  IoThreads io_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  ThreadWatch threads_;
  std::unique_ptr<Status> status_;
  std::unique_ptr<AdminServer> admin_;
  std::map<std::string, uint16_t> sources_;  // of the config's listeners
  Nanos next_second_ = 0;                    // monotonic: when the once-a-second things are due
  bool stuck_ = false;                       // a thread is, and it was told
};

Result<void> App::Impl::open() {
  if (auto opened = open_store(); !opened) return opened;
  if (auto opened = open_spool(); !opened) return opened;
  if (auto opened = open_listeners(); !opened) return opened;
  return open_admin();
}

Result<void> App::Impl::open_store() {
  auto store = Store::open(store_options(config_, budget_, memory_.account("store")), real_file_system(),
                           system_clock(), [this](const StoreEvent& event) {
                             const bool trouble =
                                 event.kind == StoreEvent::Kind::trouble || event.kind == StoreEvent::Kind::damaged;
                             log_.write(trouble ? LogLevel::error : LogLevel::info, "store", event.text);
                           });
  if (!store)
    return Unexpected(Error{"store.path " + config_.store.path + ": " + store.error().message, store.error().sys});
  store_ = std::move(*store);
  if (config_.dedupe.enabled) {
    dedupe_ =
        std::make_unique<DedupeWindow>(DedupeOptions{.window = std::chrono::nanoseconds(config_.dedupe.window).count(),
                                                     .max_bytes = budget_.dedupe,
                                                     .account = &memory_.account("dedupe")});
  }
  return {};
}

Result<void> App::Impl::open_spool() {
  const bool waited_for = std::any_of(config_.listeners.begin(), config_.listeners.end(), waits_for_syncs);
  SpoolSetup setup{.path = config_.store.path + "/spool",
                   .enabled = config_.spool.enabled,
                   .slot_bytes = budget_.slots,
                   .syncs = waited_for ? SpoolSyncs::often : SpoolSyncs::seldom,
                   .account = &memory_.account("slots"),
                   .report = [this](const std::string& text) { log_.error("spool", text); }};
  slots_ = open_receive_memory(setup);
  if (dedupe_) {
    rebuild_dedupe(real_file_system(), config_.store.path, *dedupe_,
                   std::chrono::nanoseconds(config_.dedupe.window).count(), system_clock().now(), interner_);
  }
  if (slots_.must_change) {
    if (auto emptied = empty_old_spool(); !emptied) return emptied;
    replace_spool(slots_, setup);
  }
  open_pipeline(context_);
  if (!slots_.spool) return {};
  restart_ = std::make_unique<Restart>(restart_parts(context_));
  return restart_->plan();
}

void App::Impl::open_pipeline(ContextManager& context) {
  if (slots_.spool) {
    committer_ = std::make_unique<Committer>([spool = slots_.spool.get()] { return spool->sync(); },
                                             [this](const std::string& text) { log_.error("spool", text); });
  }
  pipeline_ = std::make_unique<Pipeline>(
      PipelineOptions{.workers = budget_.workers,
                      .block_bytes = budget_.block,
                      .block_age = std::chrono::nanoseconds(config_.store.block_age).count(),
                      .compression_level = config_.store.compression_level},
      PipelineParts{.context = context,
                    .interner = interner_,
                    .ledger = ledger_,
                    .memory = memory_,
                    .store = *store_,
                    .dedupe = dedupe_.get(),
                    .pool = &slots_.pool(),
                    .committer = committer_.get(),
                    .clock = system_clock(),
                    .report = [this](const std::string& text) { log_.error("pipeline", text); }});
}

Restart::Parts App::Impl::restart_parts(ContextManager& context) {
  return {.store_path = config_.store.path,
          .spool = *slots_.spool,
          .store = *store_,
          .pipeline = *pipeline_,
          .context = context,
          .interner = interner_,
          .ledger = ledger_,
          .say = [this](const std::string& text) { log_.info("spool", text); },
          .trouble = [this](const std::string& text) { log_.error("spool", text); }};
}

// A spool of another size, or one that is not wanted any more: what is in it is stored first, by a pipeline of its own.
Result<void> App::Impl::empty_old_spool() {
  ContextManager context({.max_operations = config_.queue.operations, .max_bytes = budget_.queue}, system_clock());
  open_pipeline(context);
  Restart restart(restart_parts(context));
  auto planned = restart.plan();
  if (planned) {
    restart.add_sources({});
    pipeline_->start();
    replay(restart);
    restart.give_up_pending();
    context.stop_intake();
    // However long it takes: what is not stored here would be lost with the file.
    pipeline_->drain(std::chrono::hours(24 * 365));
  }
  pipeline_.reset();
  committer_.reset();
  return planned;
}

void App::Impl::replay(Restart& restart) {
  Nanos next = 0;
  restart.replay([&] {
    const Nanos now = system_clock().monotonic();
    if (now < next) return;
    next = now + kSecond;
    context_.set_memory_load(monitor_.sample(now).load);
    notifier_.extend_timeout(30s);
    notifier_.status("recovering from the spool: " + std::to_string(restart.facts().lines) + " lines so far");
  });
}

Result<void> App::Impl::open_listeners() {
  for (const ListenerConfig& listener : config_.listeners) {
    ParserOptions parser;
    parser.format = listener.format;
    parser.time_formats = listener.time_formats;
    parser.json_fields = config_.json_fields;
    parser.rfc3164_bare_tag = listener.bare_tag;
    if (!listener.time_zone.empty()) {
      auto zone = TimeZone::load(listener.time_zone);
      if (!zone) return Unexpected(zone.error());
      parser.zone = &zones_.emplace_back(std::move(*zone));
    }
    const bool can_wait = listener.protocol != Protocol::udp && listener.overflow == OverflowPolicy::block;
    const uint16_t source = pipeline_->add_source({.name = listener.name,
                                                   .parser = std::move(parser),
                                                   .dedupe = listener.dedupe,
                                                   .can_wait = can_wait,
                                                   .acknowledged = is_answered(listener.protocol),
                                                   .answer_stored = listener.ack == AckLevel::received});
    sources_[listener.name] = source;
    ListenerParts parts{.io = io_.contexts(),
                        .pipeline = *pipeline_,
                        .context = context_,
                        .pool = slots_.pool(),
                        .spool = slots_.spool.get(),
                        .interner = interner_,
                        .ledger = ledger_.listener(listener.name),
                        .memory = memory_,
                        .clock = system_clock(),
                        .report = [this](const std::string& text) { log_.warning("listener", text); },
                        .source = source,
                        .synced = waits_for_syncs(listener)};
    auto opened = make_listener(listener, std::move(parts));
    if (!opened) return Unexpected(opened.error());
    listeners_.push_back(std::move(*opened));
  }
  if (restart_) restart_->add_sources(sources_);
  return {};
}

Result<void> App::Impl::open_admin() {
  status_ = std::make_unique<Status>(StatusParts{.config = config_.listeners,
                                                 .listeners = listeners_,
                                                 .ledger = ledger_,
                                                 .context = context_,
                                                 .pipeline = *pipeline_,
                                                 .store = *store_,
                                                 .dedupe = dedupe_.get(),
                                                 .spool = slots_.spool.get(),
                                                 .committer = committer_.get(),
                                                 .memory = memory_,
                                                 .monitor = monitor_,
                                                 .slots = slots_.pool(),
                                                 .interner = interner_,
                                                 .clock = system_clock(),
                                                 .threads = threads_});
  if (!config_.admin_enabled) return {};
  auto admin = AdminServer::open({.host = config_.admin_host, .port = config_.admin_port}, *status_);
  if (!admin) return Unexpected(admin.error());
  admin_ = std::move(*admin);
  return {};
}

int App::Impl::run() {
  monitor_.on_level([this](MemoryLevel level, const MemorySnapshot& memory) { on_memory(level, memory); });
  monitor_.on_release("slots", [this](MemoryLevel) { slots_.pool().trim(); });
  monitor_.on_release("blocks", [this](MemoryLevel) { pipeline_->relieve(); });
  monitor_.on_release("allocator", [](MemoryLevel) { purge_allocator(); });
  pipeline_->start();
  if (restart_) replay(*restart_);
  io_.start();
  for (const Pipeline::Thread& thread : pipeline_->threads()) threads_.add(thread.name, *thread.pulse);
  if (committer_) threads_.add("commit", committer_->pulse());
  for (boost::asio::io_context* io : io_.contexts()) threads_.add("io", *io);
  for (size_t i = 0; i < listeners_.size(); ++i) {
    const ListenerConfig& listener = config_.listeners[i];
    if (restart_) listeners_[i]->adopt(restart_->take_pending(listener.name));
    listeners_[i]->start();
    log_.info("", std::string("listening: ") + listener.name + " on " + std::string(protocol_text(listener.protocol)) +
                      " " + listener.host + ":" + std::to_string(listeners_[i]->port()));
  }
  if (restart_) restart_->give_up_pending();
  if (admin_) {
    admin_->start();
    log_.info("", "admin endpoint on " + config_.admin_host + ":" + std::to_string(admin_->port()));
  }
  log_.info("", std::string("sluiced ") + kVersion + " is ready: " + std::to_string(budget_.workers) +
                    " workers, store " + config_.store.path + ", memory limit " + limit_.reason);
  status_->set_phase(Status::Phase::running);
  notifier_.ready(status_->line());
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) on_signal(signal);
  });
  tick();
  main_.run();
  drain();
  return 0;
}

void App::Impl::on_signal(int signal) {
  if (signal == SIGHUP) {
    log_.warning("reload", "SIGHUP: a changed config is read at the next start; reload comes with a later version");
    signals_.async_wait([this](const boost::system::error_code& error, int next) {
      if (!error) on_signal(next);
    });
    return;
  }
  log_.info("", std::string(signal == SIGTERM ? "SIGTERM" : "SIGINT") + ": stopping");
  main_.stop();
}

void App::Impl::tick() {
  const Nanos now = system_clock().monotonic();
  context_.set_memory_load(monitor_.sample(now).load);
  if (now >= next_second_) {
    next_second_ = now + kSecond;
    log_.tick();
    watch_threads();
    notifier_.status(status_->line());
  }
  timer_.expires_after(kSampleInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

// The watchdog is fed while every thread gets on, also when all of them wait because a disk is full.
void App::Impl::watch_threads() {
  threads_.look();
  const std::string stuck = threads_.stuck();
  if (stuck.empty()) notifier_.watchdog();
  if (stuck.empty() == !stuck_) return;
  stuck_ = !stuck.empty();
  if (stuck_) {
    log_.error("threads", stuck + ": the watchdog is not fed until it goes on");
  } else {
    log_.info("threads", "every thread goes on");
  }
}

void App::Impl::on_memory(MemoryLevel level, const MemorySnapshot& memory) {
  const std::string figures = bytes_text(memory.rss) + " resident, " + bytes_text(memory.tracked) +
                              " accounted for, limit " + bytes_text(memory.limit) +
                              ", worst: " + std::string(memory.worst);
  context_.set_critical(level == MemoryLevel::critical);
  switch (level) {
    case MemoryLevel::normal:
      log_.info("memory", "memory is back to normal");
      break;
    case MemoryLevel::warning:
      log_.warning("memory", "memory is short: blocks are sealed early and senders wait longer; " + figures);
      break;
    case MemoryLevel::critical:
      log_.error("memory", "memory is critical: streams are not read, datagrams are counted and dropped; " + figures);
      break;
  }
}

// Stops the intake, lets everything received reach the store, and says what was left.
void App::Impl::drain() {
  status_->set_phase(Status::Phase::draining);
  notifier_.stopping("draining");
  notifier_.extend_timeout(config_.shutdown_timeout + 5s);
  const auto until = std::chrono::steady_clock::now() + config_.shutdown_timeout;
  std::vector<std::future<void>> handed_over;
  for (auto& listener : listeners_) {
    auto done = std::make_shared<std::promise<void>>();
    handed_over.push_back(done->get_future());
    listener->stop_intake([done] { done->set_value(); });
  }
  for (auto& future : handed_over) future.wait_until(until);
  context_.stop_intake();
  io_.stop();
  for (auto& listener : listeners_) listener->close();
  const auto left = pipeline_->drain(std::max<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now(), 0ns));
  if (left.lines) {
    log_.error("", "shutdown.timeout passed with " + std::to_string(left.lines) + " lines in " +
                       std::to_string(left.operations) + " operations not stored: they are counted as dropped");
  }
  admin_.reset();
  listeners_.clear();
  if (const uint64_t lines = pipeline_->stats().left_in_spool; lines > 0) {
    log_.warning("", std::to_string(lines) + " lines stay in the spool and are stored at the next start");
  }
  status_.reset();
  restart_.reset();
  pipeline_.reset();
  committer_.reset();
  if (slots_.spool && slots_.spool->pool().free_bytes() == slots_.spool->pool().max_bytes())
    slots_.spool->close_clean();
  store_.reset();
  say_ledger();
}

void App::Impl::say_ledger() {
  for (const LedgerTotals& t : ledger_.totals()) {
    std::string line = "ledger of " + t.listener + ": received " + std::to_string(t.received) + " = stored " +
                       std::to_string(t.stored) + " + collapsed " + std::to_string(t.collapsed) + " + dropped " +
                       std::to_string(t.dropped_total());
    const char* separator = " (";
    for (size_t i = 0; i < kDropReasons; ++i) {
      if (!t.dropped[i]) continue;
      line +=
          separator + std::string(drop_reason_text(static_cast<DropReason>(i))) + " " + std::to_string(t.dropped[i]);
      separator = ", ";
    }
    if (t.dropped_total()) line += ")";
    line += " + in flight " + std::to_string(t.in_flight());
    log_.info("", line);
  }
}

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() = default;

Result<std::unique_ptr<App>> App::open(const Config& config, SelfLog& log, const Notifier& notifier) {
  auto impl = std::make_unique<Impl>(config, log, notifier);
  if (auto opened = impl->open(); !opened) return Unexpected(opened.error());
  return std::unique_ptr<App>(new App(std::move(impl)));
}

Result<void> App::check(const Config& config) {
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.time_zone.empty()) continue;
    if (auto zone = TimeZone::load(listener.time_zone); !zone) return Unexpected(zone.error());
  }
  if (auto checked = check_store(config.store.path); !checked) return checked;
  // A daemon that runs with this config holds these ports itself: that says nothing against the config.
  return store_in_use(config.store.path) ? Result<void>{} : check_ports(config);
}

int App::run() { return impl_->run(); }

}  // namespace sluice
