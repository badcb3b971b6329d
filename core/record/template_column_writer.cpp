#include <algorithm>
#include <bit>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/record/template_column.h"

namespace sluice {
namespace {

// So many numbers tell whether their differences are smaller; a column of fewer than the least is not worth the question.
constexpr size_t kFewestDifferences = 4;
constexpr size_t kDifferencesTried = 32;

// Of `count` numbers that stand side by side, by how many bits they and their differences take. Counters and times gain.
bool gains_by_differences(const uint8_t* kinds, const uint64_t* numbers, size_t count) {
  if (count < kFewestDifferences) return false;
  count = std::min(count, kDifferencesTried);
  uint64_t least = UINT64_MAX, most = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < count; ++i) {
    if (kinds[i] == kStringKind || kinds[i] > kMostDecimalDigits) return false;
    least = std::min(least, numbers[i]);
    most = std::max(most, numbers[i]);
    if (i != 0) bits += static_cast<unsigned>(std::bit_width(difference_of(numbers[i], numbers[i - 1], 8)));
  }
  // A difference of noise takes a bit more than the noise.
  return 4 * (bits + count) < 3 * count * static_cast<unsigned>(std::bit_width(most - least));
}

// So many rows tell whether texts are alike.
constexpr size_t kTrialRows = 512;

}  // namespace

void TemplateColumnWriter::begin(size_t rows) {
  ids_of_templates_.clear();
  templates_.clear();
  texts_.clear();
  text_bytes_ = 0;
  rows_.clear();
  rows_.reserve(rows);
  variables_.clear();
}

bool TemplateColumnWriter::add(std::string_view text) {
  text_bytes_ += text.size() + 1;
  const uint32_t variables = splitter_.split(text, variables_);
  if (variables_.size() > kMostVariables) return false;
  const std::string_view constant = splitter_.text();
  const uint32_t id = ids_of_templates_.find_or_add(hash64(constant, process_seed()), [&](uint32_t known) {
    const std::string_view other = text_of(known);
    return other.size() == constant.size() && same_text(other.data(), constant.data(), constant.size());
  });
  if (id == templates_.size()) {
    templates_.push_back({static_cast<uint32_t>(texts_.size()), variables});
    texts_.append(constant);
    if (rows_.size() >= kTrialRows && !worthwhile()) return false;
  }
  ++templates_[id].rows;
  rows_.push_back(id);
  return true;
}

// Where every second text is a new template, the templates are the texts.
bool TemplateColumnWriter::worthwhile() const { return 2 * templates_.size() <= rows_.size(); }

void TemplateColumnWriter::finish(Compressor& compressor, IntegerScratch& scratch, Buffer& out) {
  append_varint(out, templates_.size());
  write_texts(compressor, scratch, out);
  packed_.clear();
  append_indices(rows_, compressor, scratch, packed_);
  append_varint(out, packed_.size());
  out.append(packed_.view());
  const size_t from = out.size();
  order_variables();
  differences_.clear();
  write_numbers(compressor, out);
  if (compressor.has_time()) replace_by_differences(compressor, from, out);
  write_strings(compressor, scratch, out);
}

void TemplateColumnWriter::write_texts(Compressor& compressor, IntegerScratch& scratch, Buffer& out) {
  texts_.room(kTextSlack);
  string_column_.begin(templates_.size(), texts_.size());
  for (size_t i = 0; i < templates_.size(); ++i) string_column_.add(text_of(i));
  write_packed(string_column_.finish(compressor, scratch), Compressor::Kind::text, compressor, out);
}

// A counting sort by template and place: what stands next to each other then is alike.
void TemplateColumnWriter::order_variables() {
  uint32_t next = 0;
  for (Template& t : templates_) {
    t.next = next;
    next += t.rows * t.variables;
  }
  const size_t variables = variables_.size();
  kinds_.clear();
  numbers_.clear();
  char* const kinds = kinds_.room(variables);
  auto* const numbers = reinterpret_cast<uint64_t*>(numbers_.room(variables * sizeof(uint64_t)));
  const uint8_t* kind = variables_.kind();
  const uint64_t* number = variables_.number();
  for (const uint32_t id : rows_) {
    Template& t = templates_[id];
    uint32_t to = t.next++;
    for (uint32_t i = 0; i < t.variables; ++i, to += t.rows) {
      kinds[to] = static_cast<char>(*kind++);
      numbers[to] = *number++;
    }
  }
  kinds_.commit(variables);
  numbers_.commit(variables * sizeof(uint64_t));
}

// Which of both is smaller is not told by their bits alone: what comes again and again is small as it is.
void TemplateColumnWriter::replace_by_differences(Compressor& compressor, size_t from, Buffer& out) {
  choose_differences();
  numbers_packed_.clear();
  write_numbers(compressor, numbers_packed_);
  if (numbers_packed_.size() >= out.size() - from) return;
  out.truncate(from);
  out.append(numbers_packed_.view());
}

// Afterwards numbers_ holds the differences where they take fewer bits.
void TemplateColumnWriter::choose_differences() {
  size_t places = 0;
  for (const Template& t : templates_) places += t.variables;
  differences_.clear();
  char* const bits = differences_.room(places / 8 + 1);
  std::memset(bits, 0, places / 8 + 1);
  differences_.commit((places + 7) / 8);
  auto* numbers = reinterpret_cast<uint64_t*>(numbers_.data());
  const auto* kinds = reinterpret_cast<const uint8_t*>(kinds_.data());
  size_t place = 0;
  for (const Template& t : templates_) {
    for (uint32_t i = 0; i < t.variables; ++i, ++place, numbers += t.rows, kinds += t.rows) {
      if (!gains_by_differences(kinds, numbers, t.rows)) continue;
      bits[place / 8] = static_cast<char>(bits[place / 8] | 1 << place % 8);
      uint64_t before = 0;
      for (uint32_t row = 0; row < t.rows; ++row) {
        const unsigned bytes = kBytesOfKind[kinds[row]];
        if (bytes == 0) continue;
        const uint64_t number = numbers[row];
        numbers[row] = difference_of(number, before, bytes);
        before = number;
      }
    }
  }
}

// The kinds, then for each number of bytes that numbers take a plane for each of these, low bytes first: those are noise,
// and the high ones nearly constant.
void TemplateColumnWriter::write_numbers(Compressor& compressor, Buffer& out) {
  write_packed(differences_.view(), Compressor::Kind::plane, compressor, out);
  write_packed(kinds_.view(), Compressor::Kind::plane, compressor, out);
  ByBytes<size_t> count{};
  for (const char kind : kinds_.view()) ++count[kBytesOfKind[static_cast<uint8_t>(kind)]];
  count[0] = 0;  // strings, which have no planes
  split_into_planes(count);
  const char* plane = planes_.data();
  for (size_t bytes = 1; bytes < count.size(); ++bytes) {
    for (size_t p = 0; p < bytes && count[bytes] != 0; ++p, plane += count[bytes]) {
      write_packed({plane, count[bytes]}, Compressor::Kind::plane, compressor, out);
    }
  }
}

// Numbers of as many bytes mostly stand side by side, so a plane is filled by runs of them.
void TemplateColumnWriter::split_into_planes(const ByBytes<size_t>& count) {
  size_t room = 0;
  for (size_t bytes = 1; bytes < count.size(); ++bytes) room += bytes * count[bytes];
  planes_.clear();
  ByBytes<char*> to{};  // of the first plane of numbers of so many bytes
  to[1] = planes_.room(room);
  for (size_t bytes = 2; bytes < to.size(); ++bytes) to[bytes] = to[bytes - 1] + (bytes - 1) * count[bytes - 1];
  const auto* const numbers = reinterpret_cast<const uint64_t*>(numbers_.data());
  const auto* const kinds = reinterpret_cast<const uint8_t*>(kinds_.data());
  const size_t variables = kinds_.size();
  for (size_t i = 0, end = 0; i < variables; i = end) {
    const uint8_t bytes = kBytesOfKind[kinds[i]];
    for (end = i + 1; end < variables && kBytesOfKind[kinds[end]] == bytes;) ++end;
    if (bytes == 0) continue;
    for (size_t p = 0; p < bytes; ++p) {
      char* const plane = to[bytes] + p * count[bytes];
      for (size_t j = i; j < end; ++j) plane[j - i] = static_cast<char>(numbers[j] >> (8 * p));
    }
    to[bytes] += end - i;
  }
}

void TemplateColumnWriter::write_strings(Compressor& compressor, IntegerScratch& scratch, Buffer& out) {
  const std::vector<std::string_view>& strings = variables_.strings;
  if (strings.empty()) return;
  size_t bytes = 0;
  for (const std::string_view text : strings) bytes += text.size();
  string_column_.begin(strings.size(), bytes);
  const auto* const numbers = reinterpret_cast<const uint64_t*>(numbers_.data());
  for (size_t i = 0; i < kinds_.size(); ++i) {
    if (kinds_.data()[i] == kStringKind) string_column_.add(strings[numbers[i]]);
  }
  write_packed(string_column_.finish(compressor, scratch), Compressor::Kind::text, compressor, out);
}

void TemplateColumnWriter::write_packed(std::string_view raw, Compressor::Kind kind, Compressor& compressor,
                                        Buffer& out) {
  append_varint(out, raw.size());
  append_packed(raw, kind, compressor, packed_, out);
}

size_t TemplateColumnWriter::bytes() const {
  size_t sum = splitter_.bytes() + ids_of_templates_.bytes() + templates_.capacity() * sizeof(Template) +
               rows_.capacity() * sizeof(uint32_t) + variables_.bytes() + string_column_.bytes();
  for (const Buffer* buffer : {&texts_, &kinds_, &numbers_, &differences_, &numbers_packed_, &planes_, &packed_})
    sum += buffer->capacity();
  return sum;
}

}  // namespace sluice
