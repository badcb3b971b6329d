#include <array>
#include <cstring>
#include <numeric>
#include <utility>

#include "core/base/coding.h"
#include "core/record/template_column.h"

namespace sluice {
namespace {

// "00" to "99"
constexpr std::array<char, 200> kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (size_t i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

}  // namespace

// Reads a column from its first byte to its last; each step checks what it needs of the steps before.
class TemplateColumnReader::Impl {
 public:
  bool read(const Column& column, const Wanted& wanted, std::string& texts, std::vector<uint32_t>& begins) {
    in_ = ByteReader(column.stored);
    rows_ = column.rows;
    text_bytes_ = column.text_bytes;
    if (text_bytes_ < rows_ || !read_templates(wanted) || !read_rows() || !read_kinds()) return false;
    if (wanted && !any_wanted()) {
      texts.assign(rows_, '\n');
      begins.resize(rows_ + 1);
      std::iota(begins.begin(), begins.end(), 0u);
      return true;
    }
    return read_numbers() && read_strings() && in_.left() == 0 && write_texts(!wanted, texts, begins);
  }

 private:
  struct Template {
    uint32_t first_piece = 0;
    uint32_t variables = 0;  // one less than it has pieces
    uint32_t rows = 0;
    uint32_t next = 0;  // the next row's first variable
    bool wanted = true;
  };

  bool read_templates(const Wanted& wanted);
  bool read_rows();
  bool read_kinds();
  bool any_wanted();
  bool read_numbers();
  void undo_differences();
  bool read_strings();
  bool write_texts(bool all, std::string& texts, std::vector<uint32_t>& begins);
  char* write_row(Template& t, char* to, const char* end) const;
  char* write_variable(uint32_t variable, char* to, const char* end) const;
  bool read_packed(uint64_t limit, std::string& raw);

  // Of the column that is read. What follows keeps its room for the next.
  ByteReader in_{{}};
  size_t rows_ = 0;
  size_t text_bytes_ = 0;

  Decompressor decompressor_;
  std::string raw_;
  TextColumn template_texts_;
  std::vector<Template> templates_;
  std::string constants_;             // the pieces between the variables, one behind the other, and slack
  std::vector<uint32_t> piece_ends_;  // in constants_
  std::vector<uint32_t> ids_;         // by row
  // The variables in order of template, place, and row.
  std::string differences_;  // a bit for each place of each template; empty: all 0
  std::string kinds_;
  std::vector<uint64_t> numbers_;                       // of a string its row in strings_
  std::array<size_t, kMostVariableBytes + 1> count_{};  // of the variables, by the bytes they take; [0]: strings
  std::array<std::string, kMostVariableBytes + 1> planes_;
  TextColumn strings_;
};

bool TemplateColumnReader::Impl::read_packed(uint64_t limit, std::string& raw) {
  const uint64_t raw_bytes = in_.varint();
  if (!in_.ok() || raw_bytes > limit) return false;
  raw.resize(static_cast<size_t>(raw_bytes));
  return sluice::read_packed(in_, decompressor_, raw);
}

bool TemplateColumnReader::Impl::read_templates(const Wanted& wanted) {
  const uint64_t count = in_.varint();
  // A template is at most as long as a text of it; lengths may come besides.
  if (count > rows_ || !read_packed(2 * uint64_t{text_bytes_} + 64, raw_)) return false;
  if (!template_texts_.parse(std::move(raw_), static_cast<size_t>(count), decompressor_)) return false;
  templates_.assign(static_cast<size_t>(count), {});
  constants_.clear();
  piece_ends_.clear();
  for (size_t i = 0; i < templates_.size(); ++i) {
    Template& t = templates_[i];
    t.first_piece = static_cast<uint32_t>(piece_ends_.size());
    t.wanted = !wanted || wanted(template_texts_[i]);
    for (std::string_view left = template_texts_[i];; ++t.variables) {
      const size_t mark = left.find(kVariableMark);
      constants_ += left.substr(0, mark);
      piece_ends_.push_back(static_cast<uint32_t>(constants_.size()));
      if (mark == std::string_view::npos) break;
      left.remove_prefix(mark + 1);
    }
    // Each is there for a row at least, so all together they have no more than the column's variables.
    if (piece_ends_.size() > kMostVariables + count) return false;
  }
  constants_.append(kTextSlack, ' ');
  return true;
}

bool TemplateColumnReader::Impl::read_rows() {
  const std::string_view bytes = in_.bytes();
  if (!in_.ok() || !read_indices(bytes, rows_, static_cast<uint32_t>(templates_.size()), decompressor_, ids_)) {
    return false;
  }
  for (const uint32_t id : ids_) ++templates_[id].rows;
  uint64_t variables = 0;
  for (Template& t : templates_) {
    t.next = static_cast<uint32_t>(variables);
    variables += uint64_t{t.rows} * t.variables;
    if (variables > kMostVariables) return false;
  }
  numbers_.resize(static_cast<size_t>(variables));
  return true;
}

bool TemplateColumnReader::Impl::read_kinds() {
  uint64_t places = 0;
  for (const Template& t : templates_) places += t.variables;
  if (!read_packed((places + 7) / 8, differences_)) return false;
  if (!differences_.empty() && differences_.size() != (places + 7) / 8) return false;
  if (!read_packed(numbers_.size(), kinds_) || kinds_.size() != numbers_.size()) return false;
  count_ = {};
  for (const char kind : kinds_) {
    if (static_cast<uint8_t>(kind) >= kVariableKinds) return false;
    ++count_[kBytesOfKind[static_cast<uint8_t>(kind)]];
  }
  return true;
}

// What is wanted may stand in a string, too.
bool TemplateColumnReader::Impl::any_wanted() {
  bool any = false;
  for (Template& t : templates_) {
    if (!t.wanted && count_[0] != 0) {
      const std::string_view kinds = std::string_view(kinds_).substr(t.next, size_t{t.rows} * t.variables);
      t.wanted = kinds.find(static_cast<char>(kStringKind)) != std::string_view::npos;
    }
    any = any || t.wanted;
  }
  return any;
}

bool TemplateColumnReader::Impl::read_numbers() {
  for (size_t bytes = 1; bytes <= kMostVariableBytes; ++bytes) {
    planes_[bytes].clear();
    for (size_t p = 0; p < bytes && count_[bytes] != 0; ++p) {
      if (!read_packed(count_[bytes], raw_) || raw_.size() != count_[bytes]) return false;
      planes_[bytes] += raw_;
    }
  }
  std::array<size_t, kMostVariableBytes + 1> at{};
  for (size_t i = 0; i < numbers_.size(); ++i) {
    const size_t bytes = kBytesOfKind[static_cast<uint8_t>(kinds_[i])];
    const size_t place = at[bytes]++;
    uint64_t number = bytes == 0 ? place : 0;
    for (size_t p = 0; p < bytes; ++p) {
      number |= uint64_t{static_cast<uint8_t>(planes_[bytes][p * count_[bytes] + place])} << (8 * p);
    }
    numbers_[i] = number;
  }
  if (!differences_.empty()) undo_differences();
  return true;
}

void TemplateColumnReader::Impl::undo_differences() {
  size_t place = 0, i = 0;
  for (const Template& t : templates_) {
    for (uint32_t variable = 0; variable < t.variables; ++variable, ++place) {
      const bool differs = (static_cast<uint8_t>(differences_[place / 8]) >> place % 8 & 1) != 0;
      if (!differs) {
        i += t.rows;
        continue;
      }
      uint64_t before = 0;
      for (uint32_t row = 0; row < t.rows; ++row, ++i) {
        const unsigned bytes = kBytesOfKind[static_cast<uint8_t>(kinds_[i])];
        if (bytes != 0) numbers_[i] = before = number_of(numbers_[i], before, bytes);
      }
    }
  }
}

bool TemplateColumnReader::Impl::read_strings() {
  if (count_[0] == 0) return true;
  return read_packed(2 * uint64_t{text_bytes_} + 64, raw_) && strings_.parse(std::move(raw_), count_[0], decompressor_);
}

bool TemplateColumnReader::Impl::write_texts(bool all, std::string& texts, std::vector<uint32_t>& begins) {
  if (texts.size() < text_bytes_ + kTextSlack) texts.resize(text_bytes_ + kTextSlack);
  begins.resize(rows_ + 1);
  char* to = texts.data();
  const char* const end = to + text_bytes_;
  for (size_t row = 0; row < rows_; ++row) {
    begins[row] = static_cast<uint32_t>(to - texts.data());
    if (Template& t = templates_[ids_[row]]; !t.wanted) {
      ++t.next;
    } else if ((to = write_row(t, to, end)) == nullptr) {
      return false;
    }
    if (to == end) return false;
    *to++ = '\n';
  }
  begins[rows_] = static_cast<uint32_t>(to - texts.data());
  return to == end || !all;
}

// Null: it does not fit, or a number is larger than its kind can be.
char* TemplateColumnReader::Impl::write_row(Template& t, char* to, const char* end) const {
  uint32_t variable = t.next++;
  const uint32_t* piece_end = piece_ends_.data() + t.first_piece;
  uint32_t begin = t.first_piece == 0 ? 0 : piece_end[-1];
  for (uint32_t left = t.variables;; --left, variable += t.rows) {
    const size_t size = *piece_end - begin;
    if (size > static_cast<size_t>(end - to)) return nullptr;
    to = put_text_with_slack(to, constants_.data() + begin, size);
    begin = *piece_end++;
    if (left == 0) return to;
    to = write_variable(variable, to, end);
    if (to == nullptr) return nullptr;
  }
}

char* TemplateColumnReader::Impl::write_variable(uint32_t variable, char* to, const char* end) const {
  const auto kind = static_cast<uint8_t>(kinds_[variable]);
  uint64_t number = numbers_[variable];
  if (kind == kStringKind) {
    const std::string_view text = strings_[static_cast<size_t>(number)];
    return text.size() > static_cast<size_t>(end - to) ? nullptr : put_text(to, text);
  }
  const size_t digits = kDigitsOfKind[kind];
  if (digits == 0 || digits > static_cast<size_t>(end - to)) return nullptr;
  if (kind <= kMostDecimalDigits) {
    size_t i = digits;
    for (; i >= 2; number /= 100) {
      i -= 2;
      std::memcpy(to + i, kTwoDigits.data() + 2 * (number % 100), 2);
    }
    if (i == 1) {
      *to = static_cast<char>('0' + number % 10);
      number /= 10;
    }
  } else {
    const char* const alphabet = kind > kUpperHexKind ? "0123456789ABCDEF" : "0123456789abcdef";
    for (size_t i = digits; i-- > 0; number >>= 4) to[i] = alphabet[number & 15];
  }
  return number == 0 ? to + digits : nullptr;
}

TemplateColumnReader::TemplateColumnReader() : impl_(std::make_unique<Impl>()) {}
TemplateColumnReader::~TemplateColumnReader() = default;

bool TemplateColumnReader::read(const Column& column, std::string& texts, std::vector<uint32_t>& begins) {
  return impl_->read(column, {}, texts, begins);
}

bool TemplateColumnReader::read_wanted(const Column& column, const Wanted& wanted, std::string& texts,
                                       std::vector<uint32_t>& begins) {
  return impl_->read(column, wanted, texts, begins);
}

}  // namespace sluice
