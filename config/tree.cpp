#include "config/tree.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "config/schema.h"
#include "config/units.h"

namespace sluice {

void ConfigErrors::add(Place place, std::string_view path, std::string_view sentence) {
  constexpr size_t kMaxText = 600;  // bytes; a path or a pattern of someone's own making may be long
  if (errors_.size() == kMaxErrors) {
    ++left_out_;
    return;
  }
  std::string text(path);
  if (!path.empty()) text += ": ";
  text.append(sentence);
  if (text.size() > kMaxText) text = text.substr(0, kMaxText) + "...";
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';  // one error is one line
  }
  errors_.push_back({place, std::move(text)});
}

std::vector<std::string> ConfigErrors::lines() const {
  std::vector<Entry> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.place.from_set, a.place.line, a.place.column) <
           std::tie(b.place.from_set, b.place.line, b.place.column);
  });
  std::vector<std::string> lines;
  for (const auto& [place, text] : sorted) {
    std::string where = place.from_set ? "--set" : file_;
    if (!place.from_set && place.line > 0) {
      where += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    }
    lines.push_back(where + ": " + text);
  }
  if (left_out_ > 0) lines.push_back(file_ + ": and " + std::to_string(left_out_) + " more errors");
  return lines;
}

std::string ConfigErrors::text() const {
  std::string result;
  for (const std::string& line : lines()) result.append(line).append("\n");
  return result;
}

TreeEntry* Tree::find(std::string_view key) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

Tree Tree::scalar(std::string_view text, Place place) {
  Tree tree;
  tree.kind = Kind::scalar;
  tree.place = place;
  tree.text = text;
  return tree;
}

std::string_view kind_text(Tree::Kind kind) {
  switch (kind) {
    case Tree::Kind::null:
      return "nothing";
    case Tree::Kind::scalar:
      return "a single value";
    case Tree::Kind::list:
      return "a list";
    case Tree::Kind::map:
      break;
  }
  return "a section with keys";
}

namespace {

struct Step {
  std::string_view key;
  std::optional<size_t> index;
};

// "listeners[0].address" as steps; nullopt when it is not of that form.
std::optional<std::vector<Step>> steps_of(std::string_view path) {
  std::vector<Step> steps;
  while (true) {
    const size_t dot = path.find('.');
    std::string_view word = path.substr(0, dot);
    Step step;
    if (const size_t bracket = word.find('['); bracket != std::string_view::npos) {
      size_t index = 0;
      const char* end = word.data() + word.size() - 1;
      const auto [rest, error] = std::from_chars(word.data() + bracket + 1, end, index);
      if (word.back() != ']' || error != std::errc{} || rest != end) return std::nullopt;
      step.index = index;
      word = word.substr(0, bracket);
    }
    if (word.empty()) return std::nullopt;
    step.key = word;
    steps.push_back(step);
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

Tree& child(Tree& node, std::string_view key) {
  if (node.kind == Tree::Kind::null) node.kind = Tree::Kind::map;
  if (TreeEntry* entry = node.find(key)) return entry->value;
  node.entries.push_back({std::string(key), {.from_set = true}, Tree{.place = {.from_set = true}}});
  return node.entries.back().value;
}

}  // namespace

void set_value(Tree& root, std::string_view assignment, ConfigErrors& errors) {
  const Place place{.from_set = true};
  const size_t equals = assignment.find('=');
  const std::string_view path = assignment.substr(0, equals);
  const auto steps = steps_of(path);
  if (equals == std::string_view::npos || !steps) {
    errors.add(place, "", in_quotes(assignment) + " is not of the form path=value, like store.path=/var/lib/sluice");
    return;
  }
  Tree* node = &root;
  std::string generic;  // the path as the schema writes it
  for (const Step& step : *steps) {
    if (node->kind != Tree::Kind::null && node->kind != Tree::Kind::map) {
      errors.add(place, path, in_quotes(generic) + " is " + std::string(kind_text(node->kind)) + " and has no keys");
      return;
    }
    node = &child(*node, step.key);
    generic.append(generic.empty() ? "" : ".").append(step.key);
    if (!step.index) continue;
    if (node->kind == Tree::Kind::null) node->kind = Tree::Kind::list;
    if (node->kind != Tree::Kind::list || *step.index > node->items.size()) {
      errors.add(place, path, in_quotes(generic) + " has " + std::to_string(node->items.size()) + " items");
      return;
    }
    if (*step.index == node->items.size()) node->items.push_back(Tree{.place = place});
    node = &node->items[*step.index];
    generic += "[]";
  }
  const std::string_view value = assignment.substr(equals + 1);
  const Key* key = find_key(generic);
  const bool as_yaml = key != nullptr ? key->type == KeyType::text_list : is_section(generic);
  *node = as_yaml ? parse_tree(value, errors, true) : Tree::scalar(value, place);
  node->place = place;
}

}  // namespace sluice
