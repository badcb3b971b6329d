// YAML to a Tree, from yaml-cpp's events: its own nodes would be built before anyone could say that it is too much, and
// its LoadAll() never ends on some texts ("4}]").
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "config/tree.h"
#include "config/units.h"

namespace sluice {
namespace {

// Ends the reading of a text that has nothing more to say to us.
struct Enough {};

class Builder final : public YAML::EventHandler {
 public:
  Builder(ConfigErrors& errors, bool from_set) : errors_(errors), from_set_(from_set) {}

  Tree take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count(mark, 1, 1);
    add({.tree = make(mark), .anchor = anchor});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const size_t nodes = 1 + value.size() / 32;  // an alias may repeat a long text: its bytes count as well
    count(mark, nodes, 1);
    Tree tree = Tree::scalar(value, place(mark));
    tree.quoted = tag == "!";
    add({.tree = std::move(tree), .anchor = anchor, .nodes = nodes});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) give_up(mark, "an alias stands inside what it stands for");
    const Part& meant = found->second;
    count(mark, meant.nodes, meant.height);
    Part copy = meant;
    copy.anchor = 0;
    copy.tree.place = place(mark);
    add(std::move(copy));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, Tree::Kind::list, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(mark, Tree::Kind::map, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  // A finished or growing piece of the tree.
  struct Part {
    Tree tree;
    YAML::anchor_t anchor = 0;  // 0: none
    size_t nodes = 1;
    int height = 1;
    // Of a map: the key whose value comes next, or that a value comes which is left out.
    std::optional<TreeEntry> key = {};
    bool skip_value = false;
  };

  Tree make(const YAML::Mark& mark) const {
    Tree tree;
    tree.place = place(mark);
    return tree;
  }

  void start(const YAML::Mark& mark, Tree::Kind kind, YAML::anchor_t anchor) {
    count(mark, 1, 1);
    Part part{.tree = make(mark), .anchor = anchor};
    part.tree.kind = kind;
    open_.push_back(std::move(part));
  }

  void end() {
    Part part = std::move(open_.back());
    open_.pop_back();
    add(std::move(part));
  }

  // Puts a finished part where it belongs.
  void add(Part part) {
    if (part.anchor != 0) anchors_[part.anchor] = part;
    if (open_.empty()) {
      root_ = std::move(part.tree);
      return;
    }
    Part& parent = open_.back();
    parent.nodes += part.nodes;
    parent.height = std::max(parent.height, part.height + 1);
    if (parent.tree.kind == Tree::Kind::list) {
      parent.tree.items.push_back(std::move(part.tree));
    } else if (parent.key || parent.skip_value) {
      add_value(parent, std::move(part.tree));
    } else {
      add_key(parent, part.tree);
    }
  }

  void add_key(Part& map, const Tree& key) {
    const TreeEntry* first = key.kind == Tree::Kind::scalar ? map.tree.find(key.text) : nullptr;
    map.skip_value = key.kind != Tree::Kind::scalar || first != nullptr;
    if (first != nullptr) {
      errors_.add(
          key.place, "",
          "the key " + in_quotes(key.text) + " is given twice, first in line " + std::to_string(first->place.line));
    } else if (map.skip_value) {
      errors_.add(key.place, "", "a key is a single word");
    } else {
      map.key = TreeEntry{key.text, key.place, {}};
    }
  }

  void add_value(Part& map, Tree value) {
    map.skip_value = false;
    if (!map.key) return;
    if (value.kind == Tree::Kind::null) value.place = map.key->place;  // nothing is nowhere
    // find() is linear: more keys than any section has would make a hostile file slow.
    if (map.tree.entries.size() == kMaxKeys) {
      errors_.add(map.key->place, "", "a section has at most " + std::to_string(kMaxKeys) + " keys");
      throw Enough{};
    }
    map.key->value = std::move(value);
    map.tree.entries.push_back(std::move(*map.key));
    map.key.reset();
  }

  // Called before anything is made or copied.
  void count(const YAML::Mark& mark, size_t nodes, int height) {
    total_ += nodes;
    if (total_ > kMaxNodes || static_cast<int>(open_.size()) + height > kMaxDepth) {
      give_up(mark, "the config is too large or nested too deep");
    }
  }

  [[noreturn]] void give_up(const YAML::Mark& mark, const char* sentence) {
    errors_.add(place(mark), "", sentence);
    throw Enough{};
  }

  Place place(const YAML::Mark& mark) const {
    if (from_set_ || mark.is_null()) return {.from_set = from_set_};
    return {mark.line + 1, mark.column + 1, false};
  }

  static constexpr size_t kMaxKeys = 256;
  ConfigErrors& errors_;
  const bool from_set_;
  Tree root_;
  std::vector<Part> open_;  // lists and maps not yet ended, outermost first
  std::map<YAML::anchor_t, Part> anchors_;
  size_t total_ = 0;  // nodes so far, those of aliases each time
};

// Takes whatever comes after the first document for an error.
class NothingMore final : public YAML::EventHandler {
 public:
  std::optional<YAML::Mark> begins;

  void OnDocumentStart(const YAML::Mark& mark) override {
    begins = mark;
    throw Enough{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

std::string_view line_of(std::string_view text, int line) {
  for (; line > 0; --line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// yaml-cpp's sentence, and what it usually means.
std::string syntax_error(const YAML::ParserException& error, std::string_view text) {
  const std::string sentence = "not valid YAML: " + error.msg;
  const std::string_view line = line_of(text, error.mark.line);
  if (line.find('\t') != std::string_view::npos) return sentence + " (the line has a tab; YAML indents with blanks)";
  if (line.find(": [") != std::string_view::npos && line.find("]:") != std::string_view::npos) {
    return sentence + " (an address with brackets needs quotes: \"[::1]:5514\")";
  }
  return sentence;
}

}  // namespace

Tree parse_tree(std::string_view text, ConfigErrors& errors, bool from_set) {
  if (text.size() > kMaxConfigBytes) {
    errors.add({.from_set = from_set}, "", "the config is larger than " + format_size(kMaxConfigBytes));
    return {};
  }
  Builder builder(errors, from_set);
  NothingMore rest;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    parser.HandleNextDocument(rest);
  } catch (const Enough&) {
  } catch (const YAML::ParserException& error) {
    errors.add({error.mark.line + 1, error.mark.column + 1, from_set}, "", syntax_error(error, text));
  } catch (const std::exception& error) {  // yaml-cpp promises only that its own exceptions derive from this
    errors.add({.from_set = from_set}, "", std::string("not valid YAML: ") + error.what());
  }
  if (rest.begins) {
    errors.add({rest.begins->line + 1, rest.begins->column + 1, from_set}, "",
               "more begins here: a config is one document");
  }
  return builder.take();
}

}  // namespace sluice
