#include "daemon/ctl/stats_command.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "daemon/ctl/event_json.h"
#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/installation.h"
#include "daemon/ctl/local_time.h"
#include "daemon/ctl/numbers.h"
#include "daemon/ctl/output.h"
#include "daemon/ctl/printable.h"
#include "daemon/ctl/store_access.h"
#include "daemon/ctl/store_statistics.h"

namespace sluice {
namespace {

constexpr size_t kTop = 20;  // names shown of each kind
constexpr size_t kNameWidth = 32;

double ratio(uint64_t a, uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

void append_cell(std::string_view text, size_t width, bool right, std::string& out) {
  const size_t fill = width > text.size() ? width - text.size() : 0;
  if (right) out.append(fill, ' ');
  out += text;
  if (!right) out.append(fill, ' ');
}

void append_row(std::string_view name, std::string_view value, std::string& out) {
  append_cell(name, 10, false, out);
  out += value;
  out += '\n';
}

void append_range(std::string_view name, Nanos first, Nanos last, std::string& out) {
  LocalTime local(absl::LocalTimeZone());
  std::string range;
  local.append_iso(first, range);
  range += " to ";
  local.append_iso(last, range);
  append_row(name, range, out);
}

void append_share(std::string_view name, uint64_t lines, uint64_t all, std::string& out) {
  out += "  ";
  append_cell(name, kNameWidth, false, out);
  append_cell(with_commas(lines), 16, true, out);
  append_cell(with_places(100 * ratio(lines, all), 1) + " %", 9, true, out);
  out += '\n';
}

void append_tally(std::string_view title, const Tally& tally, uint64_t all, std::string& out) {
  out += '\n';
  out += title;
  out += " (" + with_commas(tally.names()) + ")\n";
  for (const Tally::Share& share : tally.top(kTop)) {
    std::string name;
    append_printable(share.name, name);
    append_share(name.empty() ? "(none)" : name, share.lines, all, out);
  }
  const Tally::Rest rest = tally.rest(kTop);
  if (rest.lines != 0) append_share("and " + with_commas(rest.names) + " more", rest.lines, all, out);
}

void append_text(const StoreStatistics& s, const std::string& store, std::string& out) {
  append_row("Store", store, out);
  append_row("Lines", with_commas(s.lines) + ", and " + with_commas(s.repeats) + " repeats of them", out);
  if (s.lines != 0) {
    append_range("Time", s.first_time, s.last_time, out);
    append_range("Received", s.first_received, s.last_received, out);
    append_row("Raw", as_bytes(s.raw_bytes) + ", " + with_places(ratio(s.raw_bytes, s.lines), 1) + " bytes a line",
               out);
    append_row("Stored",
               as_bytes(s.stored_bytes) + ", " + with_places(ratio(s.stored_bytes, s.lines), 1) + " bytes a line, " +
                   with_places(ratio(s.raw_bytes, s.stored_bytes), 1) + " times smaller",
               out);
  }
  append_row("Files", with_commas(s.segments) + " segments, " + with_commas(s.blocks) + " blocks", out);
  if (s.lines == 0) return;
  append_tally("Hosts", s.hosts, s.lines, out);
  append_tally("Apps", s.apps, s.lines, out);
  append_tally("Severities", s.severities, s.lines, out);
  append_tally("Listeners", s.listeners, s.lines, out);
  append_tally("Formats", s.formats, s.lines, out);
}

void append_number(std::string_view key, const std::string& number, std::string& out) {
  out += ",\"";
  out += key;
  out += "\":";
  out += number;
}

void append_time(std::string_view key, Nanos time, bool known, std::string& out) {
  std::string text;
  if (known) append_rfc3339(time, text);
  append_number(key, known ? '"' + text + '"' : "null", out);
}

// {"top":[{"name":"web-1","lines":12}],"names":40,"rest":{"names":20,"lines":99}}
void append_tally_json(std::string_view key, const Tally& tally, std::string& out) {
  std::string top = "{\"top\":[";
  for (const Tally::Share& share : tally.top(kTop)) {
    if (top.back() != '[') top += ',';
    top += '{';
    append_text_member("name", share.name, top);
    append_number("lines", std::to_string(share.lines), top);
    top += '}';
  }
  const Tally::Rest rest = tally.rest(kTop);
  top += "],\"names\":" + std::to_string(tally.names()) + ",\"rest\":{\"names\":" + std::to_string(rest.names) +
         ",\"lines\":" + std::to_string(rest.lines) + "}}";
  append_number(key, top, out);
}

void append_json(const StoreStatistics& s, const std::string& store, std::string& out) {
  out += '{';
  append_text_member("store", store, out);
  append_number("lines", std::to_string(s.lines), out);
  append_number("repeats", std::to_string(s.repeats), out);
  append_number("raw_bytes", std::to_string(s.raw_bytes), out);
  append_number("stored_bytes", std::to_string(s.stored_bytes), out);
  append_number("ratio", with_places(ratio(s.raw_bytes, s.stored_bytes), 3), out);
  append_time("first_time", s.first_time, s.lines != 0, out);
  append_time("last_time", s.last_time, s.lines != 0, out);
  append_time("first_received", s.first_received, s.lines != 0, out);
  append_time("last_received", s.last_received, s.lines != 0, out);
  append_number("segments", std::to_string(s.segments), out);
  append_number("blocks", std::to_string(s.blocks), out);
  append_number("damaged", std::to_string(s.damage.size()), out);
  append_tally_json("hosts", s.hosts, out);
  append_tally_json("apps", s.apps, out);
  append_tally_json("severities", s.severities, out);
  append_tally_json("listeners", s.listeners, out);
  append_tally_json("formats", s.formats, out);
  out += "}\n";
}

}  // namespace

int run_stats(const StatsOptions& options) {
  const std::string store = options.store.empty() ? Installation::find().store : options.store;
  const auto reader = open_store(store);
  if (!reader) return kExitCouldNot;
  const StoreStatistics statistics = count_store(*reader);
  Output out(STDOUT_FILENO);
  if (options.json) {
    append_json(statistics, store, out.text());
  } else {
    append_text(statistics, store, out.text());
  }
  return std::max(out.finish(), tell_damage(store, statistics.damage));
}

}  // namespace sluice
