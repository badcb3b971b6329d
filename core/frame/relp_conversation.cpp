#include "core/frame/relp_conversation.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sluice {
namespace {

constexpr std::string_view kOk = " rsp 6 200 OK\n";
constexpr size_t kMaxDigits = 9;
constexpr size_t kMaxOk = kMaxDigits + kOk.size();

// The number `count` steps on.
uint32_t number_after(uint32_t number, uint32_t count) {
  const uint64_t sum = uint64_t{number} + count;
  return static_cast<uint32_t>(sum > RelpConversation::kMaxNumber ? sum - RelpConversation::kMaxNumber : sum);
}

// By far the most: written in one go.
void append_oks(std::string& out, uint32_t number, uint32_t count) {
  const size_t before = out.size();
  out.resize(before + count * kMaxOk);
  char* at = out.data() + before;
  for (uint32_t i = 0; i < count; ++i) {
    at = std::to_chars(at, at + kMaxDigits, number).ptr;
    at = std::copy(kOk.begin(), kOk.end(), at);
    number = number_after(number, 1);
  }
  out.resize(static_cast<size_t>(at - out.data()));
}

void append_answer(std::string& out, uint32_t number, std::string_view text) {
  out += std::to_string(number) + " rsp " + std::to_string(text.size()) + " ";
  out += text;
  out += '\n';
}

// The part of `text` before `delimiter`, which is taken off `text` with it.
std::string_view take_until(std::string_view& text, char delimiter) {
  const std::string_view part = text.substr(0, text.find(delimiter));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

struct Offers {
  std::optional<uint32_t> version;
  bool syslog = false;
};

// Lines "name=value,value"; what we do not know is not for us.
Offers read_offers(std::string_view text) {
  Offers offers;
  while (!text.empty()) {
    std::string_view values = take_until(text, '\n');
    const std::string_view name = take_until(values, '=');
    while (!values.empty()) {
      const std::string_view value = take_until(values, ',');
      if (name == "commands" && value == "syslog") offers.syslog = true;
      uint32_t version = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), version);
      if (name != "relp_version" || error != std::errc() || end != value.data() + value.size()) continue;
      offers.version = std::max(version, offers.version.value_or(0));
    }
  }
  return offers;
}

}  // namespace

std::string_view relp_end_text(RelpEnd end) {
  switch (end) {
    case RelpEnd::none:
      return "no end";
    case RelpEnd::closed:
      return "the sender closed the connection";
    case RelpEnd::drained:
      return "the listener stopped";
    case RelpEnd::offers_refused:
      return "the sender's open command offers no version or does not offer the command syslog";
    case RelpEnd::not_opened:
      return "a line came before the open command";
    case RelpEnd::number_out_of_order:
      return "a transaction number is not the one before plus one";
    case RelpEnd::not_safe:
      return "lines could not be made safe, the sender keeps them";
  }
  return "unknown end of a RELP conversation";
}

size_t RelpConversation::received(std::span<const RelpTransaction> transactions, std::string_view slot,
                                  uint64_t token) {
  size_t refused = 0;
  for (const RelpTransaction& transaction : transactions) {
    const bool taken = take(transaction, slot, token);
    if (!taken && transaction.frame != RelpTransaction::kNoFrame) ++refused;
  }
  return refused;
}

bool RelpConversation::take(const RelpTransaction& transaction, std::string_view slot, uint64_t token) {
  if (!receiving()) return false;
  const uint32_t number = transaction.number;
  if (transaction.command == RelpCommand::syslog && !opened_) return stop(RelpEnd::not_opened);
  if (number == 0) return true;
  if (last_incomplete_) {  // and this is its rest
    last_incomplete_ = false;
    return true;
  }
  if (last_number_ != 0 && number != number_after(last_number_, 1)) return stop(RelpEnd::number_out_of_order);
  last_number_ = number;
  switch (transaction.command) {
    case RelpCommand::syslog:
      take_line(transaction, token);
      break;
    case RelpCommand::open:
      take_offers(number, slot.substr(transaction.data_offset, transaction.data_length), token);
      break;
    case RelpCommand::close:
      add(number, token, Answer::ok, Safety::safe);
      stop(RelpEnd::closed);
      break;
    case RelpCommand::unknown:
      add(number, token, Answer::unknown, Safety::safe);
      break;
  }
  return true;
}

// An empty line waits for nothing, but behind lines of the same batch it may as well wait with them.
void RelpConversation::take_line(const RelpTransaction& transaction, uint64_t token) {
  const bool has_frame = transaction.frame != RelpTransaction::kNoFrame;
  const bool joins = first_run_ < runs_.size() && runs_.back().token == token && runs_.back().answer == Answer::ok &&
                     runs_.back().safety == Safety::waiting;
  add(transaction.number, token, Answer::ok, has_frame || joins ? Safety::waiting : Safety::safe);
  last_incomplete_ = !transaction.complete;
}

void RelpConversation::take_offers(uint32_t number, std::string_view text, uint64_t token) {
  const Offers offers = read_offers(text);
  const bool accepted = opened_ || (offers.version && offers.syslog);
  if (!opened_) version_ = offers.version.value_or(0) == 0 ? 0 : 1;
  opened_ = accepted;
  add(number, token, accepted ? Answer::opened : Answer::refused, Safety::safe);
  if (!accepted) stop(RelpEnd::offers_refused);
}

void RelpConversation::add(uint32_t number, uint64_t token, Answer answer, Safety safety) {
  ++unanswered_;
  if (first_run_ < runs_.size()) {
    Run& last = runs_.back();
    const bool same = last.answer == answer && last.safety == safety && answer != Answer::opened;
    if (same && (safety == Safety::safe || last.token == token)) {
      last.token = token;
      ++last.count;
      return;
    }
  }
  runs_.push_back({token, number, 1, answer, safety});
}

void RelpConversation::on_ack(uint64_t token, bool safe) {
  const auto begin = runs_.begin() + static_cast<ptrdiff_t>(first_run_);
  auto run = std::partition_point(begin, runs_.end(), [&](const Run& r) { return r.token < token; });
  for (; run != runs_.end() && run->token == token; ++run) {
    if (run->safety != Safety::waiting) continue;
    run->safety = safe ? Safety::safe : Safety::failed;
    if (safe) continue;
    stop(RelpEnd::not_safe);
    end_ = RelpEnd::not_safe;  // says more than that the sender had closed
  }
}

// False, for the caller to return. The first reason stays. The rest of a line that is too long will not come any more.
bool RelpConversation::stop(RelpEnd why) {
  if (end_ != RelpEnd::none) return false;
  end_ = why;
  if (!last_incomplete_) return false;
  last_incomplete_ = false;
  --unanswered_;
  if (--runs_.back().count == 0) runs_.pop_back();
  return false;
}

bool RelpConversation::take_output(std::string& out) {
  const size_t before = out.size();
  while (first_run_ < runs_.size() && out.size() - before < kOutputBytes) {
    Run& run = runs_[first_run_];
    if (run.safety == Safety::failed) {
      forget_all();
      break;
    }
    const uint32_t room = static_cast<uint32_t>((kOutputBytes - (out.size() - before)) / kMaxOk) + 1;
    const uint32_t count = std::min(due(run), room);
    if (count == 0) break;
    answer(run, count, out);
    if (run.count == 0) ++first_run_;
  }
  forget_answered();
  if (runs_.empty() && !receiving() && !finished_) {
    out += "0 serverclose 0\n";
    finished_ = true;
  }
  return out.size() > before;
}

// How many transactions at a run's beginning can be answered.
uint32_t RelpConversation::due(const Run& run) const {
  if (run.safety != Safety::safe) return 0;
  return run.count - (last_incomplete_ && &run == &runs_.back() ? 1 : 0);
}

void RelpConversation::answer(Run& run, uint32_t count, std::string& out) {
  if (run.answer == Answer::ok) {
    append_oks(out, run.number, count);
  } else {
    for (uint32_t i = 0; i < count; ++i) append_answer(out, number_after(run.number, i), text_of(run.answer));
  }
  const bool good = run.answer == Answer::ok || run.answer == Answer::opened;
  (good ? counters_.answered : counters_.refused) += count;
  run.number = number_after(run.number, count);
  run.count -= count;
  unanswered_ -= count;
}

std::string RelpConversation::text_of(Answer answer) const {
  switch (answer) {
    case Answer::ok:
      return "200 OK";
    case Answer::opened:
      return "200 OK\nrelp_version=" + std::to_string(version_) + "\nrelp_software=" + std::string(options_.software) +
             "\ncommands=syslog";
    case Answer::refused:
      return "500 offer relp_version and commands=syslog";
    case Answer::unknown:
      return "500 unknown command";
  }
  return "500 unknown answer";
}

void RelpConversation::forget_all() {
  runs_.clear();
  first_run_ = 0;
  unanswered_ = 0;
}

// Answered runs are removed many at a time, so that the others are seldom moved.
void RelpConversation::forget_answered() {
  if (first_run_ * 2 < runs_.size()) return;
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<ptrdiff_t>(first_run_));
  first_run_ = 0;
}

}  // namespace sluice
