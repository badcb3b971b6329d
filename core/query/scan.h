// Scan: a Query made ready to run. Says which blocks can hold an answer, from their summary alone, and which records
// are one.
//
//   auto scan = Scan::compile(query);
//   if (!scan) ...                                   // the pattern is not a regular expression
//   if (scan->may_match(ref.summary)) ...            // otherwise the block need not be read
//   if (scan->matches_fields(record) && scan->matches_message(record, scratch)) ...
//
// matches_fields() needs what BlockReader::load_filters() decodes; matches_message() needs load_all().
// Threads: const methods are safe from any thread, each with its own scratch.
#pragma once

#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/query/query.h"
#include "core/record/block.h"
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
  // False when every record of a block passes matches_fields() that has this summary.
  bool filters_fields(const BlockSummary& summary) const;

  bool may_match(const BlockSummary& summary) const;
  bool matches_fields(const StoredRecord& record) const;
  bool matches_message(const StoredRecord& record, std::string& scratch) const;

 private:
  explicit Scan(Query query);
  Query query_;
  std::unique_ptr<re2::RE2> pattern_;
};

}  // namespace sluice
