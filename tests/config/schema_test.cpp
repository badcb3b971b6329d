#include "config/schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "config/load.h"
#include "config/reference.h"

namespace sluice {
namespace {

// Tests run in the build directory; CMake tells where the sources are.
std::string read_source(const std::string& path) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Schema, DescribesEachKeyOnceInOneSentence) {
  std::set<std::string_view> seen;
  for (const Key& key : schema()) {
    EXPECT_TRUE(seen.insert(key.path).second) << key.path;
    EXPECT_TRUE(key.text.ends_with('.')) << key.path;
    EXPECT_EQ(key.text.find('|'), std::string_view::npos) << key.path;  // would break the README's table
    EXPECT_EQ(key.type == KeyType::choice, !key.choices.empty()) << key.path;
    EXPECT_LE(key.min, key.max) << key.path;
  }
}

TEST(Schema, ReadsBackWhatItWritesForEachDefault) {
  for (const Key& key : schema()) {
    if (key.type == KeyType::text_list || key.type == KeyType::text) continue;
    Config config;
    ListenerConfig listener;
    const std::string text = field_text(key, key.field(config, listener));
    EXPECT_EQ(set_field(key, text, key.field(config, listener)), std::nullopt) << key.path << " " << text;
    EXPECT_EQ(field_text(key, key.field(config, listener)), text) << key.path;
  }
}

TEST(Schema, GivesEachKeyAMemberOfItsOwn) {
  Config config;
  ListenerConfig listener;
  std::set<const void*> members;
  for (const Key& key : schema()) {
    const void* member = std::visit(
        [](const auto& field) -> const void* {
          if constexpr (std::is_same_v<std::decay_t<decltype(field)>, AddressField>) {
            return field.host;
          } else {
            return field;
          }
        },
        key.field(config, listener));
    EXPECT_TRUE(members.insert(member).second) << key.path;
  }
}

TEST(Schema, KnowsItsSections) {
  EXPECT_TRUE(is_section("store"));
  EXPECT_TRUE(is_section("json"));
  EXPECT_TRUE(is_section("json.fields"));
  EXPECT_TRUE(is_section("listeners"));
  EXPECT_TRUE(is_section("listeners[]"));
  EXPECT_FALSE(is_section("workers"));
  EXPECT_FALSE(is_section("store.path"));
  EXPECT_FALSE(is_section("stor"));
  EXPECT_EQ(keys_of("admin"), (std::vector<std::string_view>{"enabled", "address"}));
  EXPECT_EQ(keys_of("json"), (std::vector<std::string_view>{"fields"}));
  EXPECT_EQ(keys_of("listeners[]").front(), "name");
  const auto top = keys_of("");
  EXPECT_NE(std::find(top.begin(), top.end(), "listeners"), top.end());
}

TEST(Schema, WritesTypesAsAPersonReadsThem) {
  EXPECT_EQ(type_text(*find_key("listeners[].max_frame_bytes")), "size, 480B to 512KiB");
  EXPECT_EQ(default_text(*find_key("listeners[].max_frame_bytes")), "64KiB");
  EXPECT_EQ(type_text(*find_key("workers")), "integer, 1 to 256, or auto");
  EXPECT_EQ(default_text(*find_key("workers")), "auto");
  EXPECT_EQ(type_text(*find_key("log.level")), "debug, info, warning, error");
  EXPECT_EQ(default_text(*find_key("json.fields.time")), "[timestamp, time, \"@timestamp\", ts]");
  EXPECT_EQ(find_key("no.such"), nullptr);
}

TEST(Reference, NamesEveryKeyWithItsDefault) {
  const std::string text = reference_text();
  for (const Key& key : schema()) {
    EXPECT_NE(text.find(std::string(key.path)), std::string::npos) << key.path;
    EXPECT_NE(text.find(std::string(key.text)), std::string::npos) << key.path;
  }
  EXPECT_NE(text.find("shutdown.timeout\n"), std::string::npos);
  EXPECT_NE(text.find("duration, 0ms to 1h; default: 30s\n"), std::string::npos);
}

TEST(Reference, StandsInTheReadme) {
  std::string readme = read_source("README.md");
  const size_t begin = readme.find(kReferenceBegin), end = readme.find(kReferenceEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end)
      << "README.md needs the two lines\n"
      << kReferenceBegin << kReferenceEnd;
  const size_t from = begin + kReferenceBegin.size();
  if (getenv("SLUICE_UPDATE_README") != nullptr) {
    readme.replace(from, end - from, reference_markdown());
    std::ofstream(std::string(SLUICE_SOURCE_DIR) + "/README.md") << readme;
    return;
  }
  EXPECT_TRUE(readme.substr(from, end - from) == reference_markdown())
      << "the key reference in README.md is not that of the schema; to write it anew: SLUICE_UPDATE_README=1 "
         "config_test --gtest_filter=Reference.*";
}

// The example has a key behind a '#' at once, prose behind "# ".
std::string with_every_key(const std::string& example) {
  std::istringstream in(example);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    const size_t hash = line.find_first_not_of(' ');
    const bool key = hash != std::string::npos && line[hash] == '#' && hash + 1 < line.size() && line[hash + 1] != ' ';
    if (key) line.erase(hash, 1);
    result += line + "\n";
  }
  return result;
}

// Every key of a config as text, by its path.
std::vector<std::string> every_key(Config config) {
  std::vector<std::string> result;
  for (const Key& key : schema()) {
    const bool of_listener = key.path.starts_with("listeners[]");
    for (ListenerConfig& listener : config.listeners) {
      result.push_back(std::string(key.path) + "=" + field_text(key, key.field(config, listener)));
      if (!of_listener) break;
    }
  }
  return result;
}

TEST(Example, IsTheDefaultConfigAsItIsShipped) {
  const auto example = parse_config(read_source("config/sluice.yaml"), "sluice.yaml");
  ASSERT_TRUE(example.has_value()) << example.error().text();
  EXPECT_EQ(every_key(*example), every_key(*parse_config("", "empty")));
}

TEST(Example, IsStillTheDefaultConfigWithEveryHashTakenAwayButForTwoMoreListeners) {
  auto example = parse_config(with_every_key(read_source("config/sluice.yaml")), "sluice.yaml");
  ASSERT_TRUE(example.has_value()) << example.error().text();
  ASSERT_EQ(example->listeners.size(), 4u);
  EXPECT_EQ(example->listeners[2].protocol, Protocol::relp);
  EXPECT_EQ(example->listeners[3].protocol, Protocol::http);
  example->listeners.resize(2);
  EXPECT_EQ(every_key(*example), every_key(*parse_config("", "empty")));
}

TEST(Example, MentionsEveryKey) {
  ConfigErrors errors("sluice.yaml");
  Tree root = parse_tree(with_every_key(read_source("config/sluice.yaml")), errors);
  ASSERT_TRUE(errors.empty()) << errors.text();
  for (const Key& key : schema()) {
    std::string_view path = key.path;
    std::vector<Tree*> nodes{&root};
    while (!path.empty()) {
      const std::string_view word = path.substr(0, path.find_first_of(".["));
      std::vector<Tree*> next;
      for (Tree* node : nodes) {
        TreeEntry* entry = node->find(word);
        if (entry == nullptr) continue;
        if (entry->value.kind != Tree::Kind::list || key.path.ends_with(word)) {
          next.push_back(&entry->value);
        } else {
          for (Tree& item : entry->value.items) next.push_back(&item);
        }
      }
      nodes = next;
      const size_t dot = path.find('.');
      path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
    }
    EXPECT_FALSE(nodes.empty()) << key.path;
  }
}

}  // namespace
}  // namespace sluice
