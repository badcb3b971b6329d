// JsonWriter: writes JSON in one go, commas and escapes included.
//
//   JsonWriter json;
//   json.open().key("load").value(7).key("name").value("a\"b").close();
//   json.take();                                       // {"load":7,"name":"a\"b"}
//
// The pattern is open (key (value | open ... close))* close, for objects only: nothing here needs a list.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

class JsonWriter {
 public:
  JsonWriter& open() { return raw("{", true); }
  JsonWriter& close() { return raw("}", false); }

  JsonWriter& key(std::string_view name) {
    if (!first_) text_ += ',';
    first_ = false;
    append_string(name);
    text_ += ':';
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    append_string(text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth) { return raw(truth ? "true" : "false", false); }
  JsonWriter& null() { return raw("null", false); }
  template <class Number>
    requires(std::integral<Number> || std::floating_point<Number>)
  JsonWriter& value(Number number) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    text_.append(buffer, end);
    return *this;
  }

  std::string take() { return std::move(text_); }

 private:
  JsonWriter& raw(const char* text, bool first) {
    text_ += text;
    first_ = first;
    return *this;
  }

  void append_string(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    text_ += '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') text_ += '\\';
      if (byte < 0x20) {
        text_.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace sluice
