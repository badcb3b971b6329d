#include "config/reference.h"

#include "config/schema.h"

namespace sluice {
namespace {

// " (tcp)" for keys that only some listeners have.
std::string only_text(const Key& key) {
  if (key.only.empty()) return "";
  return " (" + protocols_text(key.only) + " only)";
}

// Values stand in code style, notes in words as they are.
std::string markdown_default(const Key& key) {
  const std::string value = default_text(key);
  return key.default_note.empty() ? "`" + value + "`" : value;
}

}  // namespace

std::string reference_text() {
  std::string text;
  for (const Key& key : schema()) {
    text.append(key.path).append(only_text(key)).append("\n    ").append(key.text);
    text.append("\n    ").append(type_text(key)).append("; default: ").append(default_text(key)).append("\n");
  }
  return text;
}

std::string reference_markdown() {
  std::string text = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
  for (const Key& key : schema()) {
    text.append("| `").append(key.path).append("`").append(only_text(key)).append(" | ").append(type_text(key));
    text.append(" | ").append(markdown_default(key)).append(" | ").append(key.text).append(" |\n");
  }
  return text;
}

}  // namespace sluice
