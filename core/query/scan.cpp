#include "core/query/scan.h"

#include <re2/re2.h>

#include <algorithm>
#include <string_view>

#include "core/base/ascii.h"
#include "core/record/template_needle.h"

namespace sluice {
namespace {

// RE2 keeps its automaton within this; a pattern that needs more is matched slower, not wrongly.
constexpr int64_t kPatternMemory = 16 << 20;

bool ignores_case(const Query& query) {
  if (query.case_rule != CaseRule::smart) return query.case_rule == CaseRule::insensitive;
  return std::none_of(query.pattern.begin(), query.pattern.end(), [](unsigned char c) { return ascii::is_upper(c); });
}

bool contains(const std::vector<std::string>& wanted, std::string_view text) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), text) != wanted.end();
}

}  // namespace

Scan::Scan(Query query) : query_(std::move(query)) {}
Scan::Scan(Scan&&) noexcept = default;
Scan& Scan::operator=(Scan&&) noexcept = default;
Scan::~Scan() = default;

Result<Scan> Scan::compile(Query query) {
  Scan scan(std::move(query));
  if (scan.query_.pattern.empty()) return scan;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  options.set_case_sensitive(!ignores_case(scan.query_));
  auto pattern = std::make_unique<re2::RE2>(scan.query_.pattern, options);
  bool latin1 = false;
  if (!pattern->ok()) {
    // A message need not be UTF-8, and neither need a pattern: then both are taken as single bytes.
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    if (pattern->error_code() == re2::RE2::ErrorBadUTF8) {
      pattern = std::make_unique<re2::RE2>(scan.query_.pattern, options);
      latin1 = true;
    }
  }
  if (!pattern->ok()) {
    return Unexpected(Error{"'" + scan.query_.pattern + "' is not a regular expression: " + pattern->error()});
  }
  scan.pattern_ = std::move(pattern);
  scan.literals_ = literals_of(scan.query_.pattern, {.ignores_case = ignores_case(scan.query_), .latin1 = latin1});
  const PatternLiterals& literals = scan.literals_;
  for (const std::string& literal : literals.all_of.empty() ? literals.any_of : literals.all_of) {
    scan.finders_.emplace_back(literal, literals.folded);
    if (std::string needle = template_needle(literal); !needle.empty()) {
      scan.needles_.emplace_back(std::move(needle), literals.folded);
    }
  }
  // Of alternatives, one that tells nothing can stand in any.
  if (literals.all_of.empty() && scan.needles_.size() != scan.finders_.size()) scan.needles_.clear();
  return scan;
}

BlockParts Scan::field_parts(const BlockSummary& summary) const {
  BlockParts parts = 0;
  if (summary.min_time < query_.since || summary.max_time > query_.until) parts |= kTimePart;
  if ((summary.severities & ~query_.severities) != 0) parts |= kClassPart;
  if (!query_.app_names.empty() || !query_.hostnames.empty()) parts |= kOriginPart;
  // What is not loaded reads as zeros, which need not pass: all three, or none.
  return parts == 0 ? parts : static_cast<BlockParts>(kTimePart | kClassPart | kOriginPart);
}

bool Scan::may_match_template(std::string_view template_text) const {
  // Characters that fold to ASCII letters are always a template's.
  return stand_in(needles_, template_text) || (literals_.folded && holds_odd_letters(template_text));
}

bool Scan::stand_in(const std::vector<LiteralFinder>& finders, std::string_view bytes) const {
  const auto stands = [&](const LiteralFinder& finder) { return finder.find(bytes) != LiteralFinder::npos; };
  return literals_.all_of.empty() ? std::any_of(finders.begin(), finders.end(), stands)
                                  : std::all_of(finders.begin(), finders.end(), stands);
}

bool Scan::may_match(const BlockSummary& summary) const {
  return summary.rows != 0 && summary.max_time >= query_.since && summary.min_time <= query_.until &&
         (summary.severities & query_.severities) != 0;
}

bool Scan::matches_fields(const StoredRecord& record) const {
  return record.time >= query_.since && record.time <= query_.until &&
         (query_.severities >> record.flags.severity() & 1) != 0 && wants_origin(record.hostname, record.app_name);
}

bool Scan::wants_origin(std::string_view hostname, std::string_view app_name) const {
  return contains(query_.app_names, app_name) && contains(query_.hostnames, hostname);
}

bool Scan::may_match(const GramFilter& grams) const {
  const auto may_hold = [&](const std::string& literal) { return grams.may_hold(literal, literals_.folded); };
  const std::vector<std::string>& any_of = literals_.any_of;
  return std::all_of(literals_.all_of.begin(), literals_.all_of.end(), may_hold) &&
         (any_of.empty() || std::any_of(any_of.begin(), any_of.end(), may_hold));
}

bool Scan::matches_message(const StoredRecord& record, std::string& scratch) const {
  if (!pattern_) return true;
  std::string_view text = record.message;
  if (record.flags.has(kMessageEscaped)) {
    scratch.clear();
    append_message(record, scratch);
    text = scratch;
  }
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern_);
}

}  // namespace sluice
