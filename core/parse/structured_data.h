// The STRUCTURED-DATA of RFC 5424: measured once when a frame is parsed, taken apart when somebody reads it.
//
//   SdMeasure m = measurer.measure(text);             // text begins with '['; m.length octets of it, m.flags
//
//   StructuredData data;                              // reused
//   data.parse(event.structured_data);
//   for (const auto& element : data.elements()) for (const auto& param : data.params(element)) ...
//   if (auto ip = data.find("origin", "ip")) ...      // linear when small, hashed when large
//
// Repaired, at both times in the same way, where it is plain what was meant: a value without quotes, `[]`, a stray or
// a missing blank, a ']' that should have been escaped, a backslash before an octet that needs none (both octets stay).
// Elements with the same SD-ID are merged. Anything else is broken: measure() says so and the parser leaves the text
// in the message.
//
// Errors:  never throws, never reads outside the text.
// Threads: an SdMeasurer or StructuredData belongs to one thread.
// Memory:  no allocation once the scratch has grown.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct SdMeasure {
  uint32_t length = 0;  // up to behind the last ']'
  uint32_t flags = 0;   // kSdRepaired, kSdIdRepeated, kFieldOverlong
  bool broken = false;
};

class SdMeasurer {
 public:
  // REQUIRES: text begins with '['
  SdMeasure measure(std::string_view text);

 private:
  std::vector<uint64_t> id_hashes_;  // only where there are more elements than can be compared in pairs
};

class StructuredData {
 public:
  struct Element {
    std::string_view id;
    uint32_t first_param = 0;
    uint32_t param_count = 0;
  };
  struct Param {
    std::string_view name;
    std::string_view value;  // escapes undone
    uint32_t element = 0;
  };

  // Takes a text that measure() accepted, or "" for none. Views live until the next parse() and while `text` does.
  // False: broken; what came before the break is there.
  bool parse(std::string_view text);

  const std::vector<Element>& elements() const { return elements_; }
  std::span<const Param> params(const Element& element) const {
    return {params_.data() + element.first_param, element.param_count};
  }
  // The last value of that name; nullopt: none.
  std::optional<std::string_view> find(std::string_view id, std::string_view name) const;

 private:
  friend struct SdCollector;
  uint32_t element_of(std::string_view id);
  void sort_params();

  std::vector<Element> elements_;
  std::vector<Param> params_;
  std::vector<uint32_t> slots_;  // open addressing over elements_, once there are many; 0: free, else index + 1
  std::string unescaped_;        // reserved to the text's size before a parse, so that views into it stay
};

}  // namespace sluice
