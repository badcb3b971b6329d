// Table: rows of text in columns, for people.
//
//   Table table({"LISTENER", "RECEIVED"});
//   table.add({"tcp-5514", "1,234"});
//   table.append_to(out);          // the first column to the left, the others to the right
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

class Table {
 public:
  using Row = std::vector<std::string>;

  explicit Table(Row head) { add(std::move(head)); }

  void add(Row row) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], row[i].size());
    rows_.push_back(std::move(row));
  }
  bool empty() const { return rows_.size() == 1; }

  void append_to(std::string& out) const {
    for (const Row& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) {
        const size_t fill = widths_[i] - row[i].size();
        if (i != 0) out.append(fill + 2, ' ');
        out += row[i];
        if (i == 0 && row.size() > 1) out.append(fill, ' ');
      }
      out += '\n';
    }
  }

 private:
  std::vector<Row> rows_;
  std::vector<size_t> widths_;
};

}  // namespace sluice
