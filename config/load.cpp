#include "config/load.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "config/nearest.h"
#include "config/schema.h"
#include "config/units.h"
#include "config/validate.h"

namespace sluice {
namespace {

constexpr size_t kMaxListeners = 256;  // each may have 64 sockets; more than any machine needs

std::string joined(std::string_view section, std::string_view word) {
  return (section.empty() ? "" : std::string(section) + ".") + std::string(word);
}

// Fills a Config from the tree, row by row of the schema.
class Filler {
 public:
  explicit Filler(ConfigErrors& errors) : errors_(errors) {}

  Loaded fill(const Tree& root) {
    if (root.kind == Tree::Kind::map) {
      section(root, "", "");
    } else if (root.kind != Tree::Kind::null) {
      errors_.add(root.place, "", "the config is " + std::string(kind_text(root.kind)) + ", not keys with values");
    }
    return std::move(loaded_);
  }

 private:
  // `shown` is the path with real indexes, `generic` as the schema writes it.
  void section(const Tree& tree, const std::string& shown, const std::string& generic) {
    for (const TreeEntry& entry : tree.entries) {
      const std::string path = joined(shown, entry.key), key_path = joined(generic, entry.key);
      // A word that is itself a path ("store.path: x", "listeners[].name: x") must not be taken for the nested key.
      if (entry.key.find_first_of(".[") != std::string::npos) {
        errors_.add(entry.place, path, unknown(entry.key, generic));
        continue;
      }
      if (const Key* key = find_key(key_path)) {
        value(*key, entry, path);
      } else if (is_list_section(key_path)) {
        listeners(entry.value, path, key_path + "[]");
      } else if (is_section(key_path)) {
        subsection(entry.value, path, key_path);
      } else {
        errors_.add(entry.place, path, unknown(entry.key, generic));
      }
    }
  }

  void subsection(const Tree& tree, const std::string& shown, const std::string& generic) {
    loaded_.places[shown] = tree.place;
    if (tree.kind == Tree::Kind::map) return section(tree, shown, generic);
    if (tree.kind == Tree::Kind::null) return;  // every key of it is commented out
    errors_.add(tree.place, shown, "is " + std::string(kind_text(tree.kind)) + ", but it is a section with keys");
  }

  void listeners(const Tree& list, const std::string& shown, const std::string& generic) {
    if (list.kind != Tree::Kind::list || list.items.empty()) {
      const auto is = list.kind == Tree::Kind::list ? "an empty list" : kind_text(list.kind);
      errors_.add(
          list.place, shown,
          "is " + std::string(is) + ": give a list of listeners, or leave the key out for the two default ones");
      return;
    }
    if (list.items.size() > kMaxListeners) {
      errors_.add(list.place, shown, "has more than " + std::to_string(kMaxListeners) + " listeners");
      return;
    }
    for (const Tree& item : list.items) {
      const std::string path = shown + "[" + std::to_string(loaded_.config.listeners.size()) + "]";
      loaded_.config.listeners.emplace_back();
      loaded_.places[path] = item.place;
      if (item.kind != Tree::Kind::map) {
        errors_.add(item.place, path, "is " + std::string(kind_text(item.kind)) + ", but it is a section with keys");
        continue;
      }
      given_.clear();
      protocol_known_ = true;
      section(item, path, generic);
      finish_listener(path);
    }
  }

  // Defaults that depend on other keys, and keys that the protocol does not have.
  void finish_listener(const std::string& path) {
    ListenerConfig& listener = loaded_.config.listeners.back();
    const bool udp = listener.protocol == Protocol::udp;
    const bool overflow_given =
        std::any_of(given_.begin(), given_.end(), [](const Given& g) { return g.key->path == "listeners[].overflow"; });
    if (!overflow_given) listener.overflow = udp ? OverflowPolicy::drop_newest : OverflowPolicy::block;
    if (listener.protocol == Protocol::tcp && listener.format == FormatChoice::gelf &&
        listener.framing == Framing::automatic) {
      listener.framing = Framing::nul;  // GELF over TCP ends each message with a NUL
    }
    for (const Given& given : given_) {
      const auto only = given.key->only;
      const bool has = only.empty() || std::find(only.begin(), only.end(), listener.protocol) != only.end();
      if (!protocol_known_ || has) continue;
      const std::string word(given.key->path.substr(given.key->path.rfind('.') + 1));
      errors_.add(given.place, joined(path, word),
                  "is a key of " + protocols_text(only) + " listeners, and this one is " +
                      std::string(protocol_text(listener.protocol)));
    }
  }

  void value(const Key& key, const TreeEntry& entry, const std::string& path) {
    const Tree& tree = entry.value;
    loaded_.places[path] = tree.place;
    if (in_listener(key)) given_.push_back({&key, entry.place});
    ListenerConfig none;
    const Field field = key.field(loaded_.config, in_listener(key) ? loaded_.config.listeners.back() : none);
    if (key.type == KeyType::text_list) return list(key, tree, path, *std::get<std::vector<std::string>*>(field));
    if (tree.kind != Tree::Kind::scalar) {
      errors_.add(tree.place, path, "is " + std::string(kind_text(tree.kind)) + ", not " + type_text(key));
      return;
    }
    const bool wants_plain =
        key.type == KeyType::integer || key.type == KeyType::number || key.type == KeyType::boolean;
    if (tree.quoted && wants_plain) {
      errors_.add(tree.place, path, in_quotes(tree.text) + " is text: write it without quotes");
    } else if (const auto problem = set_field(key, tree.text, field)) {
      errors_.add(tree.place, path, *problem);
      if (key.path == "listeners[].protocol") protocol_known_ = false;
    }
  }

  void list(const Key& key, const Tree& tree, const std::string& path, std::vector<std::string>& to) {
    if (tree.kind != Tree::Kind::list) {
      errors_.add(tree.place, path, "is " + std::string(kind_text(tree.kind)) + ", not a list like [a, b]");
      return;
    }
    if (static_cast<double>(tree.items.size()) > key.max) {
      errors_.add(tree.place, path, "has more than " + std::to_string(static_cast<int>(key.max)) + " items");
      return;
    }
    to.clear();
    for (const Tree& item : tree.items) {
      const bool text = item.kind == Tree::Kind::scalar;
      if (text && !item.text.empty()) {
        to.push_back(item.text);
      } else {
        errors_.add(item.place, path, "holds " + std::string(text ? "an empty item" : kind_text(item.kind)));
      }
    }
  }

  static bool in_listener(const Key& key) { return key.path.starts_with("listeners[]"); }

  static std::string unknown(std::string_view word, const std::string& section) {
    const auto known = keys_of(section);
    if (const auto guess = nearest(word, known); !guess.empty()) {
      return "unknown key; did you mean " + in_quotes(guess) + "?";
    }
    for (const Key& key : schema()) {  // the right word in the wrong place
      if (key.path.substr(key.path.rfind('.') + 1) == word) {
        return "unknown key here; did you mean " + in_quotes(key.path) + "?";
      }
    }
    std::string words;
    for (const auto& w : known) words.append(words.empty() ? "" : ", ").append(w);
    return "unknown key; there are " + words;
  }

  struct Given {
    const Key* key;
    Place place;
  };
  ConfigErrors& errors_;
  Loaded loaded_;
  std::vector<Given> given_;  // keys of the listener being read
  bool protocol_known_ = true;
};

Tree default_listeners() {
  Tree list{.kind = Tree::Kind::list};
  for (const char* protocol : {"tcp", "udp"}) {
    Tree listener{.kind = Tree::Kind::map};
    listener.entries.push_back({"protocol", {}, Tree::scalar(protocol, {})});
    list.items.push_back(std::move(listener));
  }
  return list;
}

}  // namespace

Result<Config, ConfigErrors> parse_config(std::string_view text, const std::string& name,
                                          const std::vector<std::string>& overrides) {
  ConfigErrors errors(name);
  Tree root = parse_tree(text, errors);
  if (root.kind == Tree::Kind::null) root.kind = Tree::Kind::map;
  if (root.kind == Tree::Kind::map && root.find("listeners") == nullptr) {
    root.entries.push_back({"listeners", {}, default_listeners()});
  }
  for (const std::string& assignment : overrides) set_value(root, assignment, errors);
  Loaded loaded = Filler(errors).fill(root);
  validate(loaded, errors);
  if (!errors.empty()) return Unexpected(std::move(errors));
  return std::move(loaded.config);
}

Result<Config, ConfigErrors> load_config(const std::string& path, const std::vector<std::string>& overrides) {
  ConfigErrors errors(path);
  std::string text(kMaxConfigBytes + 1, '\0');
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    errors.add({}, "", system_error("can't be read", errno == 0 ? EIO : errno).message);
    return Unexpected(std::move(errors));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return parse_config(text, path, overrides);
}

}  // namespace sluice
