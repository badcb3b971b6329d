#include <array>
#include <cstring>

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

// Reads a column from its first byte to its last; each step checks what it needs of the steps before.
class TemplateReader {
 public:
  TemplateReader(std::string_view stored, size_t rows, size_t text_bytes, Decompressor& decompressor)
      : in_(stored), rows_(rows), text_bytes_(text_bytes), decompressor_(decompressor) {}

  bool read(std::string& texts, std::vector<uint32_t>& begins) {
    return read_templates() && read_rows() && read_numbers() && read_strings() && in_.left() == 0 &&
           write_texts(texts, begins);
  }

 private:
  struct Template {
    uint32_t first_piece = 0;
    uint32_t variables = 0;  // one less than it has pieces
    uint32_t rows = 0;
    uint32_t next = 0;  // the next row's first variable
  };

  bool read_templates();
  bool read_rows();
  bool read_numbers();
  void undo_differences();
  bool read_strings();
  bool write_texts(std::string& texts, std::vector<uint32_t>& begins);
  char* write_row(uint32_t id, char* to, const char* end);
  char* write_variable(uint32_t variable, char* to, const char* end) const;
  bool read_packed(uint64_t limit, std::string& raw);

  ByteReader in_;
  const size_t rows_;
  const size_t text_bytes_;
  Decompressor& decompressor_;

  std::vector<Template> templates_;
  std::string constants_;             // the pieces between the variables, one behind the other, and slack
  std::vector<uint32_t> piece_ends_;  // in constants_
  std::vector<uint32_t> ids_;         // by row
  // The variables in order of template, place, and row.
  std::string differences_;  // a bit for each place of each template; empty: all 0
  std::string kinds_;
  std::vector<uint64_t> numbers_;  // of a string its row in strings_
  TextColumn strings_;
  size_t string_count_ = 0;
};

bool TemplateReader::read_packed(uint64_t limit, std::string& raw) {
  const uint64_t raw_bytes = in_.varint();
  const uint64_t size = in_.varint();
  if (!in_.ok() || raw_bytes > limit || size >> 1 > in_.left()) return false;
  const std::string_view bytes = in_.take(static_cast<size_t>(size >> 1));
  if ((size & 1) == 0) {
    raw.assign(bytes);
    return raw.size() == raw_bytes;
  }
  raw.resize(static_cast<size_t>(raw_bytes));
  return decompressor_.decompress(bytes, raw.size(), raw.data());
}

bool TemplateReader::read_templates() {
  const uint64_t count = in_.varint();
  // A template is at most as long as a text of it; lengths may come besides.
  std::string raw;
  if (count > rows_ || !read_packed(2 * uint64_t{text_bytes_} + 64, raw)) return false;
  TextColumn texts;
  if (!texts.parse(std::move(raw), static_cast<size_t>(count), decompressor_)) return false;
  templates_.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < templates_.size(); ++i) {
    templates_[i].first_piece = static_cast<uint32_t>(piece_ends_.size());
    for (std::string_view left = texts[i];; ++templates_[i].variables) {
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

bool TemplateReader::read_rows() {
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

bool TemplateReader::read_numbers() {
  uint64_t places = 0;
  for (const Template& t : templates_) places += t.variables;
  if (!read_packed((places + 7) / 8, differences_)) return false;
  if (!differences_.empty() && differences_.size() != (places + 7) / 8) return false;
  if (!read_packed(numbers_.size(), kinds_) || kinds_.size() != numbers_.size()) return false;
  std::array<size_t, kMostVariableBytes + 1> count{};
  for (const char kind : kinds_) {
    if (static_cast<uint8_t>(kind) >= kVariableKinds) return false;
    ++count[kBytesOfKind[static_cast<uint8_t>(kind)]];
  }
  string_count_ = count[0];
  std::array<std::string, kMostVariableBytes + 1> planes;
  for (size_t bytes = 1; bytes <= kMostVariableBytes; ++bytes) {
    std::string plane;
    for (size_t p = 0; p < bytes && count[bytes] != 0; ++p) {
      if (!read_packed(count[bytes], plane) || plane.size() != count[bytes]) return false;
      planes[bytes] += plane;
    }
  }
  std::array<size_t, kMostVariableBytes + 1> at{};
  for (size_t i = 0; i < numbers_.size(); ++i) {
    const size_t bytes = kBytesOfKind[static_cast<uint8_t>(kinds_[i])];
    const size_t place = at[bytes]++;
    uint64_t number = bytes == 0 ? place : 0;
    for (size_t p = 0; p < bytes; ++p) {
      number |= uint64_t{static_cast<uint8_t>(planes[bytes][p * count[bytes] + place])} << (8 * p);
    }
    numbers_[i] = number;
  }
  if (!differences_.empty()) undo_differences();
  return true;
}

void TemplateReader::undo_differences() {
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

bool TemplateReader::read_strings() {
  if (string_count_ == 0) return true;
  std::string raw;
  return read_packed(2 * uint64_t{text_bytes_} + 64, raw) &&
         strings_.parse(std::move(raw), string_count_, decompressor_);
}

bool TemplateReader::write_texts(std::string& texts, std::vector<uint32_t>& begins) {
  texts.resize(text_bytes_ + kTextSlack);
  begins.resize(rows_ + 1);
  char* to = texts.data();
  const char* const end = to + text_bytes_;
  for (size_t row = 0; row < rows_; ++row) {
    begins[row] = static_cast<uint32_t>(to - texts.data());
    to = write_row(ids_[row], to, end);
    if (to == nullptr || to == end) return false;
    *to++ = '\n';
  }
  begins[rows_] = static_cast<uint32_t>(to - texts.data());
  texts.resize(text_bytes_);
  return to == end;
}

// Null: it does not fit, or a number is larger than its kind can be.
char* TemplateReader::write_row(uint32_t id, char* to, const char* end) {
  Template& t = templates_[id];
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

char* TemplateReader::write_variable(uint32_t variable, char* to, const char* end) const {
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

}  // namespace

bool read_templates(std::string_view stored, size_t rows, size_t text_bytes, Decompressor& decompressor,
                    std::string& texts, std::vector<uint32_t>& begins) {
  return TemplateReader(stored, rows, text_bytes, decompressor).read(texts, begins);
}

}  // namespace sluice
