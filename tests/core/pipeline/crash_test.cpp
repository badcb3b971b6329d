// A daemon is killed, or its machine loses power, again and again, and each time the next one finds what the last one left.
// For the seeds of one run: SLUICE_TEST_SEEDS says how many (150), SLUICE_TEST_SEED where they begin (1).
//
// After each crash a life of its own, on copies of what was left, stores everything and is compared with what was sent:
//
//   * every line that was acknowledged can be read, as a row or as a counted repeat of a row with the same text;
//   * after a kill every line that was received is there exactly once: one row a text, and with its repeats as often as it
//     came;
//   * after a power cut no text is there as two rows;
//   * no id is given to two lines.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/store/store_reader.h"
#include "tests/core/pipeline/spooled_life.h"

namespace sluice {
namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// What a reader gets from a store.
struct Found {
  std::map<uint64_t, std::string> rows;
  std::map<std::string, uint64_t> rows_of_text;
  std::map<std::string, uint64_t> count;  // rows and their repeats
};

Found read_store(FileSystem& fs) {
  Found found;
  auto reader = StoreReader::open(fs, kLifeStore);
  EXPECT_TRUE(reader);
  if (!reader) return found;
  std::vector<RepeatNote> notes;
  for (const BlockRef& ref : (*reader)->blocks()) {
    BlockReader block;
    if (!(*reader)->read(ref, block) || !block.load_all()) continue;  // damage, not lines
    for (uint32_t row = 0; row < block.rows(); ++row) {
      std::string text;
      append_raw(block.record(row), text);
      EXPECT_TRUE(found.rows.emplace(block.record(row).id, text).second)
          << "id " << block.record(row).id << " twice: " << text;
      ++found.rows_of_text[text];
      ++found.count[text];
    }
    if (auto more = block.repeats()) notes.insert(notes.end(), more->begin(), more->end());
  }
  for (const RepeatNote& note : notes) {
    // The row may be lost after a power cut; its repeats are then stored again.
    if (const auto row = found.rows.find(note.first_id); row != found.rows.end())
      found.count[row->second] += note.count;
  }
  return found;
}

// Which tokens were answered "safe".
class Acks final : public AckReceiver {
 public:
  void on_ack(uint64_t token, bool safe) override {
    const std::scoped_lock lock(mutex_);
    if (safe) safe_.push_back(token);
  }
  std::vector<uint64_t> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(safe_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<uint64_t> safe_;
};

struct Figures {
  uint64_t kills = 0, cuts = 0, in_replay = 0, lines = 0, repeats = 0, acked = 0, replayed = 0, covered = 0,
           cut_short = 0, distrusted = 0, merges = 0;
};

class Died {};

// One machine with its disk, and the lives on it.
class Machine {
 public:
  explicit Machine(uint64_t seed, Figures& figures) : random_(seed), figures_(figures) {
    fs_ = std::make_unique<PowerCutFileSystem>();
    EXPECT_TRUE(fs_->make_directory(kLifeStore));
    file_ = std::make_unique<PowerCutSpool>(Spool::file_bytes((1 << 20) + below(3) * (64 << 10)));
    power_cuts_ = below(3);
  }

  // Lives until a crash, and checks what it leaves.
  void live_and_crash() {
    SpooledLife life(*fs_, *file_, clock_, options());
    ASSERT_EQ(life.start(), "");
    note_ids();
    steps_left_ = 1 + below(one_in(6) ? 800 : 150);
    crashed_ = false;
    acks_ = std::make_shared<Acks>();
    if (one_in(4)) {
      die_during(life);
    } else {
      life.replay();
      life.moment = [this] { moment(); };
      try {
        for (;;) act(life);
      } catch (const Died&) {
      }
    }
    for (LifeStream& stream : streams_) stream = LifeStream();
    figures_.merges += life.store_stats().merges;
    life.moment = [] {};
  }

  // After the life is gone.
  void crash_and_check() {
    fs_ = std::move(left_fs_);
    file_ = std::move(left_file_);
    end_streams();
    const bool cut = one_in(3) && power_cuts_ > 0;
    ++(cut ? figures_.cuts : figures_.kills);
    if (cut) {
      if (power_cuts_ > 0) --power_cuts_;
      fs_->power_cut(random_());
      file_->power_cut(random_());
      ++boot_;
    }
    check(cut);
  }

  // The last life ends in good order.
  void end() {
    check(false);
    SpooledLife life(*fs_, *file_, clock_, options());
    ASSERT_EQ(life.start(), "");
    life.replay();
    life.drain();
    ASSERT_TRUE(life.close_clean()) << "slots are in use after everything was stored";
  }

 private:
  static constexpr size_t kStreams = 2;
  struct Sent {
    uint64_t times = 0;
    uint64_t acked = 0;
  };
  // What a stream has sent, cut as one piece.
  struct StreamModel {
    Framer framer;
    std::string tail;
    std::string unsent;
    bool counted = false;
    bool quiet = false;
  };

  uint64_t below(uint64_t end) { return random_() % end; }
  bool one_in(uint64_t n) { return below(n) == 0; }

  LifeOptions options() {
    LifeOptions options;
    options.boot_id = "boot " + std::to_string(boot_);
    options.pipeline = {.workers = static_cast<uint32_t>(1 + below(3)),
                        .block_bytes = 100 + below(3) * 700,
                        .block_age = static_cast<Nanos>(1 + below(20)) * kMillisecond};
    options.store.segment_bytes = 3000 + below(8000);
    options.store.small_blocks = 4;
    options.store.block_bytes = 64 << 10;
    options.store.pack_bytes = below(2) * (128 << 10);
    options.store.sync_interval = static_cast<Nanos>(below(2)) * kSecond;
    options.store.merge_idle = 0;
    options.store.merge_quiet = 0;
    options.max_operations = static_cast<uint32_t>(1 + below(16));
    return options;
  }

  // ---- crashes ----

  void moment() {
    if (steps_left_-- > 0) return;
    crash_now();
    throw Died();
  }
  void crash_now() {
    if (crashed_) return;
    crashed_ = true;
    // Who was answered before this moment was promised.
    for (const uint64_t token : acks_->take()) {
      for (const std::string& line : deliveries_[token]) ++sent_[line].acked;
      figures_.acked += deliveries_[token].size();
    }
    deliveries_.clear();
    // At one moment: first what the process has in the spool, then what it has in the store.
    left_fs_ = fs_->snapshot([this] { left_file_ = file_->snapshot(); });
  }
  void die_during(SpooledLife& life) {
    ++figures_.in_replay;
    const uint64_t spins = below(60'000);
    std::thread end([&] {
      for (std::atomic<uint64_t> i = 0; i < spins;) ++i;
      crash_now();
    });
    life.replay();
    end.join();
  }

  // ---- senders ----

  void act(SpooledLife& life) {
    if (one_in(6)) clock_.advance(static_cast<Nanos>(below(300)) * kMillisecond);
    if (one_in(60)) clock_.advance(61 * kSecond);
    if (one_in(40)) file_->write_back(random_());
    if (one_in(8)) life.let_work();
    const size_t i = below(kStreams);
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        return deliver(life);
      case 3:
        if (one_in(4)) {
          model_finish(models_[i]);
          return life.finish(streams_[i]);
        }
        return life.move_tail(streams_[i]);
      default:
        return receive(life, i);
    }
  }

  SlotSize some_size() { return one_in(12) ? SlotSize::medium : SlotSize::small; }

  std::string some_line() {
    if (!texts_.empty() && one_in(3)) {
      ++figures_.repeats;
      return texts_[texts_.size() - 1 - below(std::min<size_t>(texts_.size(), 40))];
    }
    std::string text = "<13>line " + std::to_string(++number_) + " ";
    for (uint64_t length = one_in(20) ? below(1500) : below(60); length > 0; --length) {
      text += static_cast<char>('a' + below(26));
    }
    texts_.push_back(text + ";");
    return texts_.back();
  }

  void receive(SpooledLife& life, size_t i) {
    StreamModel& model = models_[i];
    if (model.unsent.size() < 200) {
      for (uint64_t lines = 1 + below(5); lines > 0; --lines) {
        const std::string line = some_line();
        model.unsent += model.counted ? std::to_string(line.size()) + " " + line : line + "\n";
      }
    }
    const size_t length = one_in(3) ? 1 + below(30) : 1 + below(model.unsent.size());
    life.on_received = [&](std::string_view bytes) { model_receive(model, bytes); };
    const std::string bytes = model.unsent.substr(0, length);
    life.receive(streams_[i], bytes, some_size());
  }

  void model_receive(StreamModel& model, std::string_view bytes) {
    model.unsent.erase(0, bytes.size());
    model.tail += bytes;
    std::vector<FrameRef> frames;
    const size_t used = model.framer.cut(model.tail, 0, frames);
    count(model.tail, frames);
    model.tail.erase(0, used);
  }
  void model_finish(StreamModel& model) {
    std::vector<FrameRef> frames;
    model.framer.finish(model.tail, 0, frames);
    count(model.tail, frames);
    model = StreamModel();
    model.counted = one_in(3);
  }
  void end_streams() {
    for (StreamModel& model : models_) model_finish(model);
  }
  void count(const std::string& bytes, const std::vector<FrameRef>& frames) {
    for (const FrameRef& frame : frames) ++sent_[bytes.substr(frame.offset, frame.length)].times;
    figures_.lines += frames.size();
  }

  void deliver(SpooledLife& life) {
    std::vector<std::string> lines;
    for (uint64_t n = 1 + below(6); n > 0; --n) lines.push_back(some_line());
    const uint64_t token = ++token_;
    deliveries_[token] = lines;
    life.on_received = [&](std::string_view) {
      for (const std::string& line : lines) ++sent_[line].times;
      figures_.lines += lines.size();
    };
    if (!life.deliver(lines, acks_, token, some_size())) clock_.advance(kSecond);
  }

  // ---- checks ----

  // For a failure's text: what was sent that begins like `text`.
  std::string like(const std::string& text) const {
    std::string found = std::to_string(text.size()) + " bytes";
    for (const auto& [line, sent] : sent_) {
      if (line.compare(0, 12, text, 0, 12) == 0) found += "\nsent: " + std::to_string(line.size()) + " " + line;
    }
    return found;
  }

  // What this life has found must never be something else.
  void note_ids() {
    for (const auto& [id, text] : read_store(*fs_).rows) {
      const auto [known, fresh] = ids_.emplace(id, text);
      EXPECT_EQ(known->second, text) << "id " << id << " was given twice";
    }
  }

  void check(bool cut) {
    auto fs = fs_->snapshot();
    auto file = file_->snapshot();
    {
      SpooledLife life(*fs, *file, clock_, options());
      ASSERT_EQ(life.start(), "");
      life.replay();
      figures_.replayed += life.replayed().lines;
      figures_.covered += life.replayed().covered;
      figures_.cut_short += life.replayed().cut_short;
      figures_.distrusted += life.found().distrusted;
      EXPECT_EQ(life.replayed().damaged, 0u);
      EXPECT_EQ(life.found().damaged, 0u);
      life.drain();
      EXPECT_TRUE(life.close_clean()) << "slots are in use after everything was stored";
    }
    const Found found = read_store(*fs);
    for (const auto& [id, text] : found.rows) {
      if (const auto known = ids_.find(id); known != ids_.end()) {
        ASSERT_EQ(known->second, text) << "id " << id << " was given twice";
      }
    }
    for (const auto& [text, rows] : found.rows_of_text) {
      ASSERT_TRUE(sent_.contains(text)) << "nobody sent: " << text << "\n" << like(text);
      ASSERT_EQ(rows, 1u) << "twice: " << text;
    }
    for (auto& [text, sent] : sent_) {
      const auto at = found.count.find(text);
      const uint64_t count = at == found.count.end() ? 0 : at->second;
      ASSERT_GE(count, sent.acked) << "acknowledged and lost: " << text;
      if (cut) {
        ASSERT_TRUE(sent.times > 1 || count <= sent.times) << "sent once, found " << count << " times: " << text;
        sent.times = count;  // from here on none may be lost
      } else {
        ASSERT_EQ(count, sent.times) << text;
      }
    }
  }

  std::mt19937_64 random_;
  Figures& figures_;
  ManualClock clock_;
  std::unique_ptr<PowerCutFileSystem> fs_, left_fs_;
  std::unique_ptr<PowerCutSpool> file_, left_file_;
  uint64_t power_cuts_ = 0;  // still to come
  uint64_t boot_ = 1;
  uint64_t steps_left_ = 0;
  bool crashed_ = false;
  std::shared_ptr<Acks> acks_;
  std::map<uint64_t, std::vector<std::string>> deliveries_;  // lines by token
  uint64_t token_ = 0, number_ = 0;
  std::vector<std::string> texts_;
  LifeStream streams_[kStreams];
  StreamModel models_[kStreams];
  std::map<std::string, Sent> sent_;
  std::map<uint64_t, std::string> ids_;
};

TEST(CrashTest, NothingAcknowledgedIsLostAndNothingIsStoredTwice) {
  const uint64_t first = number_from("SLUICE_TEST_SEED", 1);
  const uint64_t seeds = number_from("SLUICE_TEST_SEEDS", 150);
  Figures sum;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("SLUICE_TEST_SEED=" + std::to_string(seed) + " SLUICE_TEST_SEEDS=1 shows it again");
    Machine machine(seed, sum);
    for (int crash = 0; crash < 4; ++crash) {
      machine.live_and_crash();
      if (testing::Test::HasFailure()) return;
      machine.crash_and_check();
      if (testing::Test::HasFailure()) return;
    }
    machine.end();
    if (testing::Test::HasFailure()) return;
  }
  std::printf(
      "%lu kills and %lu power cuts, %lu of them in a replay; %lu lines, %lu of them repeats, %lu acknowledged;\n"
      "%lu replayed, %lu found stored, %lu cut short; %lu slots distrusted; %lu merges\n",
      sum.kills, sum.cuts, sum.in_replay, sum.lines, sum.repeats, sum.acked, sum.replayed, sum.covered, sum.cut_short,
      sum.distrusted, sum.merges);
  if (seeds < 100) return;
  EXPECT_GT(sum.kills, seeds);
  EXPECT_GT(sum.cuts, seeds / 4);
  EXPECT_GT(sum.acked, seeds);
  EXPECT_GT(sum.replayed, seeds);
  EXPECT_GT(sum.covered, seeds);
  EXPECT_GT(sum.merges, seeds / 10) << "no merge happened in the lives";
}

}  // namespace
}  // namespace sluice
