// Tree: a config file as it was written, before anyone asked what its keys mean. The only place that knows YAML.
//
//   ConfigErrors errors("sluice.yaml");
//   Tree root = parse_tree(text, errors);                      // problems of YAML itself go to `errors`
//   set_value(root, "store.path=/x", errors);                  // from the command line
//   root.find("store")->value.find("path")->value.text;        // "/x"
//
// Every node knows where it stands, so that every later error can name file, line and column.
//
// Limits:  kMaxConfigBytes of text, kMaxNodes nodes with aliases written out, kMaxDepth levels: a file beyond one of
//          them is an error. Errors beyond kMaxErrors are only counted.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

inline constexpr size_t kMaxConfigBytes = 1 << 20;  // bytes; 256 listeners with every key need a tenth of it
inline constexpr size_t kMaxNodes = 50'000;
inline constexpr int kMaxDepth = 16;  // the deepest key stands at level 3
inline constexpr size_t kMaxErrors = 100;

struct Place {
  int line = 0;  // from 1; 0: the file as a whole
  int column = 0;
  bool from_set = false;  // given by --set
};

// Everything that is wrong with a config, to be told at once.
class ConfigErrors {
 public:
  explicit ConfigErrors(std::string file = {}) : file_(std::move(file)) {}
  void add(Place place, std::string_view path, std::string_view sentence);
  bool empty() const { return errors_.empty(); }

  // "sluice.yaml:14:12: listeners[1].address: ..." or "--set: workers: ...", in the order of the file.
  std::vector<std::string> lines() const;
  std::string text() const;  // the lines, each with a newline

 private:
  struct Entry {
    Place place;
    std::string text;  // path and sentence
  };
  std::string file_;
  std::vector<Entry> errors_;
  size_t left_out_ = 0;
};

struct TreeEntry;

struct Tree {
  enum class Kind : uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;  // a scalar in quotes: text, whatever it looks like
  Place place;
  std::string text;                // of a scalar
  std::vector<Tree> items;         // of a list
  std::vector<TreeEntry> entries;  // of a map, in the order written, each key once

  TreeEntry* find(std::string_view key);
  static Tree scalar(std::string_view text, Place place);
};

struct TreeEntry {
  std::string key;
  Place place;
  Tree value;
};

// "a list", "a section with keys", ... for messages.
std::string_view kind_text(Tree::Kind kind);

// One YAML document; an empty text gives a null node. `from_set`: the text stands on the command line, not in the file.
Tree parse_tree(std::string_view text, ConfigErrors& errors, bool from_set = false);

// Applies one "path=value" of the command line. A value is taken as it stands where the schema wants one value;
// lists and whole sections are written as YAML: 'json.fields.time=[ts, time]'. A path that no key has is put into the
// tree all the same: the check against the schema tells about it.
void set_value(Tree& root, std::string_view assignment, ConfigErrors& errors);

}  // namespace sluice
