#include "daemon/ctl/status_command.h"

#include <simdjson.h>
#include <unistd.h>

#include <cinttypes>
#include <optional>
#include <vector>

#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/http_get.h"
#include "daemon/ctl/installation.h"
#include "daemon/ctl/numbers.h"
#include "daemon/ctl/output.h"
#include "daemon/ctl/printable.h"
#include "daemon/ctl/store_access.h"
#include "daemon/ctl/table.h"

namespace sluice {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// "/store/bytes", where it is a number.
std::optional<uint64_t> number_at(element from, std::string_view pointer) {
  uint64_t n = 0;
  if (from.at_pointer(pointer).get(n) == simdjson::SUCCESS) return n;
  double d = 0;
  if (from.at_pointer(pointer).get(d) == simdjson::SUCCESS && d >= 0) return static_cast<uint64_t>(d);
  return std::nullopt;
}

std::string count_at(element from, std::string_view pointer) {
  const auto n = number_at(from, pointer);
  return n ? with_commas(*n) : "-";
}

std::string bytes_at(element from, std::string_view pointer) {
  const auto n = number_at(from, pointer);
  return n ? as_bytes(*n) : "-";
}

std::string text_at(element from, std::string_view pointer) {
  std::string_view text;
  std::string shown;
  if (from.at_pointer(pointer).get(text) == simdjson::SUCCESS) append_printable(text, shown);
  return shown.empty() ? "-" : shown;
}

std::string how_long(uint64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 86400) return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
  return std::to_string(seconds / 86400) + " d " + std::to_string(seconds / 3600 % 24) + " h";
}

struct Dropped {
  uint64_t lines = 0;
  std::string reasons;  // "queue_full 12, memory 3"
};

Dropped dropped_of(element ledger) {
  Dropped dropped;
  object reasons;
  if (ledger["dropped"].get(reasons) != simdjson::SUCCESS) return dropped;
  for (const auto& [reason, lines] : reasons) {
    uint64_t n = 0;
    if (lines.get(n) != simdjson::SUCCESS || n == 0) continue;
    dropped.lines += n;
    if (!dropped.reasons.empty()) dropped.reasons += ", ";
    dropped.reasons += std::string(reason) + ' ' + with_commas(n);
  }
  return dropped;
}

void append_head(element status, std::string& out) {
  bool ready = false;
  const bool known = status["ready"].get(ready) == simdjson::SUCCESS;
  out += "sluiced " + text_at(status, "/version") + ", up ";
  out += how_long(number_at(status, "/uptime_seconds").value_or(0));
  out += known ? (ready ? ", ready" : ", not ready") : "";
  out += ", load " + count_at(status, "/load") + " of 100\n";
  const std::string trouble = text_at(status, "/trouble");
  if (trouble != "-") out += "trouble: " + trouble + '\n';
}

struct Listener {
  std::string name;
  element figures;
};

// An object by name, or a list of objects with a name: both have been in use.
std::vector<Listener> listeners_of(element status, const char* key) {
  std::vector<Listener> found;
  object by_name;
  simdjson::dom::array list;
  if (status[key].get(by_name) == simdjson::SUCCESS) {
    for (const auto& [name, figures] : by_name) found.push_back({std::string(name), figures});
  } else if (status[key].get(list) == simdjson::SUCCESS) {
    for (const element figures : list) found.push_back({text_at(figures, "/name"), figures});
  }
  return found;
}

void append_ledger(element status, std::string& out) {
  Table table({"LISTENER", "RECEIVED", "STORED", "COLLAPSED", "DROPPED", "IN FLIGHT"});
  std::string notes;
  auto ledger = listeners_of(status, "ledger");
  if (ledger.empty()) ledger = listeners_of(status, "listeners");
  for (const auto& [name, figures] : ledger) {
    const Dropped dropped = dropped_of(figures);
    table.add({name, count_at(figures, "/received"), count_at(figures, "/stored"), count_at(figures, "/collapsed"),
               with_commas(dropped.lines), count_at(figures, "/in_flight")});
    if (dropped.lines != 0) notes += "dropped by " + name + ": " + dropped.reasons + '\n';
  }
  if (table.empty()) return;
  out += '\n';
  table.append_to(out);
  out += notes;
}

void append_listeners(element status, std::string& out) {
  Table table({"LISTENER", "ADDRESS", "CONNECTIONS", "TRUNCATED", "FRAMING ERRORS", "UNPARSED"});
  for (const auto& [name, figures] : listeners_of(status, "listeners")) {
    table.add({name, text_at(figures, "/protocol") + ' ' + text_at(figures, "/address"),
               count_at(figures, "/connections"), count_at(figures, "/truncated_lines"),
               count_at(figures, "/framing_errors"), count_at(figures, "/unparsed_lines")});
  }
  if (table.empty()) return;
  out += '\n';
  table.append_to(out);
}

void append_parts(element status, std::string& out) {
  out += "\noperations  " + count_at(status, "/operations/in_flight") + " in flight, peak " +
         count_at(status, "/operations/peak") + '\n';
  out += "pipeline    " + count_at(status, "/pipeline/queued_batches") + " batches waiting, " +
         count_at(status, "/pipeline/open_records") + " records not yet stored";
  bool failing = false;
  if (status.at_pointer("/pipeline/store_failing").get(failing) == simdjson::SUCCESS && failing) {
    out += ", THE STORE CAN'T BE WRITTEN";
  }
  out += "\nstore       " + count_at(status, "/store/segments") + " segments, " + count_at(status, "/store/records") +
         " records, " + bytes_at(status, "/store/bytes");
  if (const auto errors = number_at(status, "/store/sync_errors"); errors.value_or(0) > 0) {
    out += ", " + with_commas(*errors) + " SYNCS FAILED";
  }
  if (const auto damaged = number_at(status, "/store/damaged_blocks"); damaged.value_or(0) > 0) {
    out += ", " + with_commas(*damaged) + " DAMAGED PLACES";
  }
  bool doubted = false;
  if (status.at_pointer("/store/clock_doubted").get(doubted) == simdjson::SUCCESS && doubted) {
    out += ", THE CLOCK IS DOUBTED";
  }
  out += '\n';
}

}  // namespace

Result<std::string> format_status(std::string_view json) {
  simdjson::dom::parser parser;
  element status;
  if (parser.parse(simdjson::padded_string(json)).get(status) != simdjson::SUCCESS || !status.is_object()) {
    return Unexpected(Error{"the daemon's answer is not JSON"});
  }
  std::string out;
  append_head(status, out);
  append_ledger(status, out);
  append_listeners(status, out);
  append_parts(status, out);
  return out;
}

int run_status(const StatusOptions& options) {
  HostPort address;
  if (options.address.empty()) {
    const Installation here = Installation::find();
    address = {here.admin_host, here.admin_port};
  } else {
    const auto given = parse_host_port(options.address);
    if (!given) return complain("--address: " + given.error().message);
    address = *given;
  }
  const auto json = http_get(address.host, address.port, "/status");
  if (!json) return complain(json.error().message + (json.error().sys != 0 ? " (does sluiced run?)" : ""));
  Output out(STDOUT_FILENO);
  if (options.json) {
    out.text() += *json;
    if (!json->ends_with('\n')) out.text() += '\n';
    return out.finish();
  }
  const auto text = format_status(*json);
  if (!text) return complain(text.error().message);
  out.text() += *text;
  return out.finish();
}

}  // namespace sluice
