#include "daemon/ctl/logs_command.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/query/scan.h"
#include "core/query/severity.h"
#include "core/query/time_spec.h"
#include "core/query/timeline.h"
#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/follow_memory.h"
#include "daemon/ctl/installation.h"
#include "daemon/ctl/line_format.h"
#include "daemon/ctl/output.h"
#include "daemon/ctl/store_access.h"
#include "daemon/ctl/store_watch.h"

namespace sluice {
namespace {

constexpr uint64_t kLinesBeforeFollowing = 10;
// More than the workers write within the second or two by which a note can be earlier than its line.
constexpr size_t kBlocksWithEarlyNotes = 64;

Result<std::optional<uint64_t>> parse_lines(const std::string& text, bool follow) {
  if (text.empty()) return follow ? std::optional(kLinesBeforeFollowing) : std::nullopt;
  if (text == "all") return std::optional<uint64_t>();
  uint64_t lines = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), lines);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return Unexpected(Error{"'" + text + "' is not a number of lines: give a number, or all"});
  }
  return std::optional(lines);
}

Result<Query> parse_query(const LogsOptions& options, Nanos now) {
  Query query{.app_names = options.app_names,
              .hostnames = options.hostnames,
              .pattern = options.grep,
              .reverse = options.reverse,
              .every_repeat = options.repeats};
  const absl::TimeZone zone = absl::LocalTimeZone();
  if (!options.since.empty()) {
    const auto time = parse_time_spec(options.since, now, zone);
    if (!time) return Unexpected(Error{"--since: " + time.error().message});
    query.since = *time;
  }
  if (!options.until.empty()) {
    const auto time = parse_time_spec(options.until, now, zone);
    if (!time) return Unexpected(Error{"--until: " + time.error().message});
    query.until = *time;
  }
  if (query.since > query.until) return Unexpected(Error{"--since is later than --until"});
  if (!options.priority.empty()) {
    const auto severities = parse_severities(options.priority);
    if (!severities) return Unexpected(Error{"--priority: " + severities.error().message});
    query.severities = *severities;
  }
  const auto last = parse_lines(options.lines, options.follow);
  if (!last) return Unexpected(Error{"--lines: " + last.error().message});
  query.last = *last;
  if (!options.case_sensitive.empty()) {
    query.case_rule = options.case_sensitive == "false" ? CaseRule::insensitive : CaseRule::sensitive;
  }
  return query;
}

bool wants_color(const std::string& when, bool terminal) {
  if (when != "auto") return when == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return terminal && (no_color == nullptr || *no_color == 0) && std::string_view(term ? term : "dumb") != "dumb";
}

class LogsCommand {
 public:
  LogsCommand(const LogsOptions& options, Scan scan, LineFormat format, bool shows_counts)
      : options_(options),
        scan_(std::move(scan)),
        format_(std::move(format)),
        out_(STDOUT_FILENO),
        shows_counts_(shows_counts) {}

  int run() {
    std::optional<StoreWatch> watch;
    if (options_.follow) watch.emplace(options_.store);
    const auto reader = open_store(options_.store);
    if (!reader) return kExitCouldNot;
    bool wanted = show(*reader, reader->blocks());
    if (wanted && watch) {
      if (auto r = follow(*reader, *watch); !r) return complain(r.error().message);
    }
    const int written = out_.finish();
    for (const Damage& damage : reader->damage()) damage_.push_back(damage);
    const int damaged = tell_damage(options_.store, damage_);
    return written != kExitOk ? written : damaged;
  }

 private:
  // False when nobody reads on.
  bool show(const StoreReader& reader, std::span<const BlockRef> refs) {
    Timeline timeline(reader, refs, scan_, {.parts = format_.parts(), .count_repeats = shows_counts_});
    while (const TimelineEntry* entry = timeline.next()) {
      if (!show(*entry)) return false;
    }
    damage_.insert(damage_.end(), timeline.damage().begin(), timeline.damage().end());
    return true;
  }

  bool show(const TimelineEntry& entry) {
    const size_t begin = out_.text().size();
    const uint64_t times = entry.times + early_.take(entry.record.id);
    format_.append(entry.record, options_.repeats ? 1 : times, out_.text());
    if (!options_.repeats) return out_.line_done();
    const std::string line = out_.text().substr(begin);
    if (options_.follow) recent_.remember(entry.record.id, line);
    return out_.line_done() && show_again(line, times - 1);
  }

  bool show_again(const std::string& line, uint64_t times) {
    for (; times != 0; --times) {
      out_.text() += line;
      if (!out_.line_done()) return false;
    }
    return true;
  }

  Result<void> follow(StoreReader& reader, StoreWatch& watch) {
    Query query = scan_.query();
    query.last.reset();
    query.every_repeat = false;  // repeats are counted here, over all blocks to come
    shows_counts_ = false;
    scan_ = *Scan::compile(std::move(query));  // it compiled before
    remember_notes(reader);
    while (out_.flush() && watch.wait(out_)) {
      auto fresh = reader.refresh();
      if (!fresh) return Unexpected(fresh.error());
      if (!fresh->empty() && !(take_repeats(reader, *fresh) && show(reader, *fresh))) break;
    }
    return {};
  }

  // Notes already written about lines that come in blocks not yet written.
  void remember_notes(const StoreReader& reader) {
    const std::span<const BlockRef> all = reader.blocks();
    for (const BlockRef& ref : all.last(std::min(all.size(), kBlocksWithEarlyNotes))) {
      for (const RepeatNote& note : notes_of(reader, ref)) early_.add(note.first_id, note.count);
    }
  }

  static std::vector<RepeatNote> notes_of(const StoreReader& reader, const BlockRef& ref) {
    if (ref.summary.repeat_notes == 0) return {};
    BlockReader block;
    if (!reader.read(ref, block)) return {};  // if it holds lines, their reading tells of it
    auto notes = block.repeats();
    return notes ? std::move(notes).value() : std::vector<RepeatNote>();
  }

  // The notes of new blocks: about lines shown before, or about lines that these or later blocks hold.
  bool take_repeats(const StoreReader& reader, const std::vector<BlockRef>& refs) {
    for (const BlockRef& ref : refs) {
      for (const RepeatNote& note : notes_of(reader, ref)) {
        const std::string* line = recent_.find(note.first_id);
        if (line == nullptr) {
          early_.add(note.first_id, note.count);
        } else if (!show_again(*line, note.count)) {
          return false;
        }
      }
    }
    return true;
  }

  const LogsOptions& options_;
  Scan scan_;
  LineFormat format_;
  Output out_;
  RecentLines recent_;
  EarlyRepeats early_;
  bool shows_counts_;
  std::vector<Damage> damage_;
};

}  // namespace

int run_logs(const LogsOptions& options) {
  if (options.follow && options.reverse) return complain("--follow and --reverse exclude each other");
  const auto style = parse_line_style(options.output);
  if (!style) return complain("--output: " + style.error().message);
  auto query = parse_query(options, system_clock().now());
  if (!query) return complain(query.error().message);
  auto scan = Scan::compile(std::move(query).value());
  if (!scan) return complain("--grep: " + scan.error().message);

  const Installation here = Installation::find();
  LogsOptions given = options;
  if (given.store.empty()) given.store = here.store;
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  LineFormat format({.style = *style,
                     .terminal = terminal,
                     .color = wants_color(options.color, terminal),
                     .json_fields = here.json_fields});
  const bool shows_counts = *style != LineStyle::cat && *style != LineStyle::raw;
  return LogsCommand(given, std::move(scan).value(), std::move(format), shows_counts).run();
}

}  // namespace sluice
