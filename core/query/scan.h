// Scan: a Query made ready to run. Says which blocks can hold an answer, from their summary alone, and which records
// are one.
//
//   auto scan = Scan::compile(query);
//   if (!scan) ...                                   // the pattern is not a regular expression
//   if (scan->may_match(ref.summary)) ...            // otherwise the block need not be read
//   if (scan->matches_fields(record) && scan->matches_message(record, scratch)) ...
//
// matches_fields() needs the parts that field_parts() names; matches_message() needs kClassPart and kMessagePart.
// message_search.h finds all messages of a block at once.
// Threads: const methods are safe from any thread, each with its own scratch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/query/literal_finder.h"
#include "core/query/pattern_literals.h"
#include "core/query/query.h"
#include "core/record/block.h"
#include "core/record/gram_filter.h"
#include "core/record/stored_record.h"

namespace re2 {
class RE2;
}

namespace sluice {

class Scan {
 public:
  // Errors: a pattern that RE2 does not accept, with RE2's reason.
  static Result<Scan> compile(Query query);
  Scan(Scan&&) noexcept;
  Scan& operator=(Scan&&) noexcept;
  ~Scan();

  const Query& query() const { return query_; }
  bool needs_message() const { return pattern_ != nullptr; }
  // What matches_fields() looks at in a block that has this summary. None: every record passes.
  BlockParts field_parts(const BlockSummary& summary) const;
  // What must stand in a message that matches, and what looks for it: for all_of or, where that is empty, for any_of.
  const PatternLiterals& literals() const { return literals_; }
  const std::vector<LiteralFinder>& finders() const { return finders_; }
  // Whether what they look for stands in these bytes.
  bool finders_find(std::string_view bytes) const { return stand_in(finders_, bytes); }

  // Whether a message of this template can match; true of all where none tells (template_needle.h).
  bool asks_templates() const { return !needles_.empty(); }
  bool may_match_template(std::string_view template_text) const;

  bool may_match(const BlockSummary& summary) const;
  // The same by a block's dictionaries and its filter.
  bool wants_names() const { return !query_.app_names.empty() || !query_.hostnames.empty(); }
  bool wants_origin(std::string_view hostname, std::string_view app_name) const;
  bool may_match(const GramFilter& grams) const;
  bool matches_fields(const StoredRecord& record) const;
  bool matches_message(const StoredRecord& record, std::string& scratch) const;

 private:
  explicit Scan(Query query);
  bool stand_in(const std::vector<LiteralFinder>& finders, std::string_view bytes) const;
  Query query_;
  std::unique_ptr<re2::RE2> pattern_;
  PatternLiterals literals_;
  std::vector<LiteralFinder> finders_;
  std::vector<LiteralFinder> needles_;  // all, or where all_of is empty one, stand in the template of what matches
};

}  // namespace sluice
