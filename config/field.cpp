// Fields of the schema as text, both ways.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "config/nearest.h"
#include "config/schema.h"
#include "config/units.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

template <class... Case>
struct Overload : Case... {
  using Case::operator()...;
};
template <class... Case>
Overload(Case...) -> Overload<Case...>;

std::string number_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

// A bound, as the operator would write it.
std::string bound_text(KeyType type, double bound) {
  switch (type) {
    case KeyType::size:
      return format_size(static_cast<uint64_t>(bound));
    case KeyType::duration:
      return format_duration(milliseconds(static_cast<int64_t>(bound)));
    case KeyType::integer:
      return std::to_string(static_cast<int64_t>(bound));
    default:
      return number_text(bound);
  }
}

bool has_bounds(const Key& key) { return key.min != 0 || key.max != 0; }

std::optional<std::string> outside(const Key& key, double value, std::string_view text) {
  if (!has_bounds(key)) return std::nullopt;
  if (value < key.min) return std::string(text) + " is below " + bound_text(key.type, key.min);
  if (!(value <= key.max)) return std::string(text) + " is above " + bound_text(key.type, key.max);
  return std::nullopt;
}

std::string choices_text(std::span<const std::string_view> choices) {
  std::string text;
  for (const std::string_view word : choices) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

Result<double, std::string> parse_integer(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) return Unexpected(in_quotes(text) + " is too large");
  if (error != std::errc{} || rest != end) return Unexpected(in_quotes(text) + " is not a whole number");
  return static_cast<double>(value);
}

Result<double, std::string> parse_number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || !std::isfinite(value)) {
    return Unexpected(in_quotes(text) + " is not a number");
  }
  return value;
}

Result<double, std::string> parse_quantity(const Key& key, std::string_view text) {
  switch (key.type) {
    case KeyType::size: {
      const auto size = parse_size(text);
      if (!size) return Unexpected(size.error());
      return static_cast<double>(*size);
    }
    case KeyType::duration: {
      const auto time = parse_duration(text);
      if (!time) return Unexpected(time.error());
      return static_cast<double>(time->count());
    }
    case KeyType::number:
      return parse_number(text);
    default:
      return parse_integer(text);
  }
}

void store(double value, const Field& field) {
  std::visit(Overload{[&](uint32_t* to) { *to = static_cast<uint32_t>(value); },
                      [&](int* to) { *to = static_cast<int>(value); }, [&](double* to) { *to = value; },
                      [&](uint64_t* to) { *to = static_cast<uint64_t>(value); },
                      [&](std::optional<uint64_t>* to) { *to = static_cast<uint64_t>(value); },
                      [&](milliseconds* to) { *to = milliseconds(static_cast<int64_t>(value)); }, [](auto) {}},
             field);
}

std::optional<std::string> set_quantity(const Key& key, std::string_view text, const Field& field) {
  if (!key.zero_word.empty() && text == key.zero_word) {
    store(0, field);
    if (auto* const* optional = std::get_if<std::optional<uint64_t>*>(&field)) (*optional)->reset();
    return std::nullopt;
  }
  const auto value = parse_quantity(key, text);
  const std::string or_word = key.zero_word.empty() ? "" : " (or write " + std::string(key.zero_word) + ")";
  if (!value) return value.error() + or_word;
  if (auto problem = outside(key, *value, text)) return *problem + or_word;
  store(*value, field);
  return std::nullopt;
}

std::optional<std::string> set_choice(const Key& key, std::string_view text, const Field& field) {
  const auto found = std::find(key.choices.begin(), key.choices.end(), text);
  if (found == key.choices.end()) {
    const std::string_view guess = nearest(text, key.choices);
    return in_quotes(text) + " is not one of " + choices_text(key.choices) +
           (guess.empty() ? "" : "; did you mean " + std::string(guess) + "?");
  }
  if (auto* const* number = std::get_if<uint8_t*>(&field)) {
    **number = static_cast<uint8_t>(found - key.choices.begin());
  } else {
    *std::get<std::string*>(field) = *found;
  }
  return std::nullopt;
}

std::optional<std::string> set_boolean(std::string_view text, const Field& field) {
  if (text != "true" && text != "false") return in_quotes(text) + " is neither true nor false";
  *std::get<bool*>(field) = text == "true";
  return std::nullopt;
}

std::optional<std::string> set_address(std::string_view text, const Field& field) {
  const auto address = parse_address(text);
  if (!address) return address.error();
  const auto& to = std::get<AddressField>(field);
  *to.host = address->host;
  *to.port = address->port;
  return std::nullopt;
}

std::string list_text(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const std::string& item : items) {
    const bool plain =
        std::all_of(item.begin(), item.end(), [](unsigned char c) { return c == '_' || std::isalnum(c); });
    if (text.size() > 1) text += ", ";
    text += plain ? item : "\"" + item + "\"";
  }
  return text + "]";
}

}  // namespace

std::optional<std::string> set_field(const Key& key, std::string_view text, const Field& field) {
  switch (key.type) {
    case KeyType::choice:
      return set_choice(key, text, field);
    case KeyType::boolean:
      return set_boolean(text, field);
    case KeyType::address:
      return set_address(text, field);
    case KeyType::text:
      *std::get<std::string*>(field) = text;
      return std::nullopt;
    case KeyType::text_list:
      return "is a list";
    default:
      return set_quantity(key, text, field);
  }
}

std::string field_text(const Key& key, const Field& field) {
  const auto quantity = [&](double value) {
    if (value == 0 && !key.zero_word.empty()) return std::string(key.zero_word);
    return bound_text(key.type, value);
  };
  return std::visit(
      Overload{[](const std::string* s) { return *s; },
               [](const bool* b) -> std::string { return *b ? "true" : "false"; },
               [&](const uint8_t* n) { return std::string(key.choices[*n]); },
               [](const std::vector<std::string>* list) { return list_text(*list); },
               [](const AddressField& a) { return format_address(*a.host, *a.port); },
               [&](const std::optional<uint64_t>* n) { return quantity(static_cast<double>(n->value_or(0))); },
               [&](const milliseconds* time) { return quantity(static_cast<double>(time->count())); },
               [&](const auto* n) { return quantity(static_cast<double>(*n)); }},
      field);
}

std::string default_text(const Key& key) {
  if (!key.default_note.empty()) return std::string(key.default_note);
  Config config;
  ListenerConfig listener;
  return field_text(key, key.field(config, listener));
}

std::string type_text(const Key& key) {
  static constexpr std::string_view kNames[] = {"text", "",         "true or false", "integer", "number",
                                                "size", "duration", "address",       "list"};
  std::string text(kNames[static_cast<size_t>(key.type)]);
  if (key.type == KeyType::choice) return choices_text(key.choices);
  if (has_bounds(key) && key.type != KeyType::text_list) {
    text += ", " + bound_text(key.type, key.min) + " to " + bound_text(key.type, key.max);
  }
  if (!key.zero_word.empty()) text += ", or " + std::string(key.zero_word);
  return text;
}

}  // namespace sluice
